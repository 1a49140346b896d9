/** The views beside the watch: what is watched, how the provisions stand, the handover. */

import { ask } from "./api.js";
import { at, button, el, plain, table } from "./dom.js";
import { taskTables } from "./tasks.js";
import { both, lasting } from "./times.js";

const MOST_ASSETS = 200;
const STATES = ["denied", "jammed", "outage", "obscured", "degraded", "silent", "between passes", "watching"];
const WELL = new Set(["watching", "between passes"]);
const CALLS = ["broken", "called_for", "indeterminate", "pending", "kept"];

/**
 * What was watched, who is asked to look, and how sources and sensors do.
 * @param {import("./laws.js").Laws} laws
 * @param {(alertId: string) => void} open
 */
export async function showWatching(laws, open) {
  const judged = laws.all.filter((one) => one.at_hand);
  const tables = await Promise.all(judged.map((one) => ask("/api/coverage", { agreement: one.name })));
  const [sources, tasks] = await Promise.all([ask("/api/sources"), taskTables(laws, open)]);
  const covered = tables.map((told) => coverageTable(told, laws));
  const assets = tables.flatMap((told) => (told.told ? assetTables(told, laws) : []));
  at("watching").replaceChildren(...covered, ...tasks, ...assets, sourceTable(sources));
}

/** @param {any} told @param {import("./laws.js").Laws} laws */
function coverageTable(told, laws) {
  if (!told.told) return el("p", { text: "Nobody said who watched: the record has no observations." });
  const classes = [...new Set(told.rows.map((/** @type {any} */ row) => row.class_name))];
  const sectors = [...new Set(told.rows.map((/** @type {any} */ row) => row.name))];
  const rows = sectors.map((sector) => [
    sector,
    ...classes.map((name) =>
      coverageCell(told.rows.find((/** @type {any} */ row) => row.name === sector && row.class_name === name)),
    ),
  ]);
  const zone = laws.zone(told.agreement);
  const caption = `What would have been noticed, by sector: ${both(told.begin, zone)} to ${both(told.until, zone)}`;
  return table(caption, ["Sector", ...classes.map(plain)], rows);
}

/** @param {any} row */
function coverageCell(row) {
  if (!row) return el("span", { text: "none" });
  const classes = `cover ${row.watched}`;
  return el("span", { class: classes }, el("b", { text: `${Math.round(100 * row.share)} %` }), ` ${row.says}`);
}

/** @param {any} told @param {import("./laws.js").Laws} laws */
function assetTables(told, laws) {
  const zone = laws.zone(told.agreement);
  const state = (/** @type {any} */ one) => one.state ?? (one.passes === null ? "silent" : "between passes");
  const counts = STATES.map((name) => [
    name,
    told.assets.filter((/** @type {any} */ one) => state(one) === name).length,
  ]);
  const said = counts
    .filter(([, number]) => number)
    .map(([name, number]) => `${number} ${name}`)
    .join(", ");
  const low = told.assets
    .filter((/** @type {any} */ one) => !WELL.has(state(one)) || (one.passes === null && one.watched_share < 0.9))
    .sort(
      (/** @type {any} */ one, /** @type {any} */ other) =>
        STATES.indexOf(state(one)) - STATES.indexOf(state(other)) || one.watched_share - other.watched_share,
    );
  const rows = low
    .slice(0, MOST_ASSETS)
    .map((/** @type {any} */ one) => [
      one.asset,
      one.make ?? "unknown",
      stateMark(state(one)),
      one.since ? both(one.since, zone) : `silent for ${lasting(one.silent_h * 3.6e6)}`,
      `${Math.round(100 * one.watched_share)} % of 24 h`,
      (one.reason ?? "").slice(0, 200),
    ]);
  const heads = ["Asset", "Make", "State", "Since", "Watched", "Reason"];
  const caption = `Sensors and other assets that do not watch, or watched less than 90 % of the day (${low.length})`;
  return [el("p", { text: `${told.assets.length} assets: ${said || "none"}.` }), table(caption, heads, rows)];
}

/** @param {string} state */
function stateMark(state) {
  const sign = WELL.has(state) ? "●" : state === "silent" ? "○" : "▲";
  return el("span", { class: `state ${state.replace(" ", "-")}`, text: `${sign} ${state}` });
}

/** @param {{name: string, title: string}[]} sources */
function sourceTable(sources) {
  const list = sources.map((one) => el("li", {}, el("b", { text: one.name }), `: ${one.title}`));
  return el("details", {}, el("summary", { text: `Formats that can be read (${list.length})` }), el("ul", {}, ...list));
}

/** How the provisions that remember stand; what calls for a person first. @param {import("./laws.js").Laws} laws */
export async function showProvisions(laws) {
  const told = await ask("/api/compliance");
  const register = await ask("/api/register");
  const parts = told.flatMap((/** @type {any} */ one) => [casesOf(one, laws), countsOf(one, laws), standOf(one, laws)]);
  at("provisions").replaceChildren(...parts.filter(Boolean), registerTable(register));
}

/** @param {any} told @param {import("./laws.js").Laws} laws */
function casesOf(told, laws) {
  const calls = told.provisions.filter((/** @type {any} */ one) => ["called_for", "broken"].includes(one.compliance));
  const list = calls.map((/** @type {any} */ one) =>
    el(
      "li",
      {},
      verdict(one.compliance),
      ` ${laws.title(told.agreement, one.provision)}, ${subject(one.subject)}: ${one.says}`,
    ),
  );
  const none = el("p", { text: "Nothing calls for consultation at the end of the record's last day." });
  return el(
    "section",
    {},
    el("h3", { text: `Cases for consultation: ${told.agreement}` }),
    calls.length ? el("ul", {}, ...list) : none,
  );
}

/** Counts against what was to be expected. @param {any} told @param {import("./laws.js").Laws} laws */
function countsOf(told, laws) {
  const counted = told.provisions.filter((/** @type {any} */ one) => "expected_a_day" in one.figures);
  if (!counted.length) return null;
  const rows = counted.map((/** @type {any} */ one) => [
    subject(one.subject),
    verdict(one.compliance),
    "counted" in one.figures ? `${one.figures.counted} in ${one.figures.in_days} days` : "",
    "counted" in one.figures ? Number(one.figures.expected_a_day).toFixed(1) : "not known yet",
    "observed" in one.figures ? `${Math.round(100 * one.figures.observed)} %` : "unknown",
    one.says,
  ]);
  const caption = `Counts against the baseline: ${laws.title(told.agreement, counted[0].provision)}, ${counted[0].day}`;
  return table(caption, ["Clause and sector", "Verdict", "Counted", "Expected a day", "Watched", "In words"], rows);
}

/** @param {any} told @param {import("./laws.js").Laws} laws */
function standOf(told, laws) {
  const order = (/** @type {any} */ one) => CALLS.indexOf(one.compliance);
  const rows = told.provisions
    .filter((/** @type {any} */ one) => !("expected_a_day" in one.figures))
    .sort((/** @type {any} */ one, /** @type {any} */ other) => order(one) - order(other))
    .map((/** @type {any} */ one) => [
      laws.title(told.agreement, one.provision),
      subject(one.subject),
      verdict(one.compliance),
      one.says,
    ]);
  return table(`Provisions that remember: ${told.agreement}`, ["Provision", "Of what", "Verdict", "In words"], rows);
}

/** @param {string} text */
function subject(text) {
  return plain(text).replace("/", ", ");
}

/** @param {string} compliance */
function verdict(compliance) {
  const sign = { broken: "▲", called_for: "◆", indeterminate: "?", pending: "…", kept: "✓" }[compliance] ?? "";
  return el("span", { class: `verdict ${compliance}`, text: `${sign} ${plain(compliance)}` });
}

/** @param {any[]} register */
function registerTable(register) {
  const time = (/** @type {number | null} */ s) => (s === null ? "none yet" : lasting(1_000 * s));
  const rows = register.map((one) => [
    one.agreement,
    one.severity,
    String(one.raised),
    String(one.seen),
    time(one.until_seen_s),
    String(one.under_verification),
    String(one.confirmed),
    String(one.not_a_violation),
    String(one.refuted),
    String(one.without_outcome),
  ]);
  const heads = [
    "Agreement",
    "Severity",
    "Raised",
    "Seen",
    "Seen after (median)",
    "Under verification",
    "Confirmed",
    "No violation",
    "Refuted",
    "Without outcome",
  ];
  return table("What became of the alerts", heads, rows);
}

/**
 * The note from this watch to the next.
 * @param {import("./laws.js").Laws} laws
 * @param {(alertId: string) => void} open
 */
export async function showHandover(laws, open) {
  const note = await ask("/api/handover");
  /** @type {Map<string, any>} */
  const named = new Map(note.named.map((/** @type {any} */ one) => [one.alert_id, one]));
  const lists = [
    ["Overdue", note.overdue],
    ["Under verification", note.waiting_for_verification],
    ["Outcome contradicted by what came since", note.contradicted],
  ].map(([title, ids]) => {
    const some = ids.map((/** @type {string} */ id) => named.get(id)).filter(Boolean).slice(0, 30);
    return alertList(`${title} (${ids.length})`, some, ids.length - some.length, laws, open);
  });
  const words = el("pre", { class: "note", tabindex: "0", text: note.markdown });
  const copy = button("Copy the note", () => navigator.clipboard?.writeText(note.markdown));
  at("handover").replaceChildren(...lists.filter(Boolean), el("p", {}, copy), words);
}

/**
 * Alerts by what and where they are, the gravest first as they are given.
 * @param {string} title
 * @param {any[]} alerts
 * @param {number} more how many are not among them
 * @param {import("./laws.js").Laws} laws
 * @param {(alertId: string) => void} open
 */
function alertList(title, alerts, more, laws, open) {
  if (!alerts.length) return null;
  const rows = alerts.map((one) => {
    const when = both(one.observed_from, laws.zone(one.agreement));
    const says = `${one.severity} · ${one.title} · ${one.place} · ${when}`;
    const to = button(says, () => open(one.alert_id));
    to.title = one.alert_id;
    return el("li", {}, to);
  });
  const rest = more ? el("p", { text: `and ${more} more` }) : null;
  return el("section", {}, el("h3", { text: title }), el("ul", { class: "named" }, ...rows), rest);
}
