/** The filters as fields, and the state of the connection in words. */

import { isPlaying } from "./clock.js";
import { at, el } from "./dom.js";
import { SEVERITIES, SHOWN } from "./filters.js";
import { like, liking } from "./kept.js";
import { symbol } from "./symbols.js";
import { clock, lasting } from "./times.js";

const TYPING_MS = 250;

/**
 * @param {import("./filters.js").Filters} filters
 * @param {import("./laws.js").Laws} laws
 * @param {(filters: import("./filters.js").Filters) => void} changed
 */
export function filterPanel(filters, laws, changed) {
  const show = at("show");
  show.replaceChildren(...Object.entries(SHOWN).map(([value, text]) => el("option", { value, text })));
  const boxes = SEVERITIES.map((name) => {
    const box = el("input", { type: "checkbox", value: name, "aria-label": name });
    at("severities").append(el("label", {}, box, symbol(name, true), name));
    return box;
  });
  const provision = at("provision");
  provision.replaceChildren(el("option", { value: "", text: "every provision" }));
  for (const law of laws.all) {
    const group = el("optgroup", { label: law.name });
    for (const one of law.provisions ?? [])
      group.append(el("option", { value: `${law.name}/${one.id}`, text: one.title || one.id }));
    provision.append(group);
  }
  const fields = { show, boxes, provision, standing: at("standing"), budget: at("budget"), text: at("search") };
  let typing = 0;
  const soon = () => {
    clearTimeout(typing);
    typing = setTimeout(() => changed(read(fields, filters)), TYPING_MS);
  };
  for (const one of [show, provision, fields.standing, ...boxes])
    one.addEventListener("change", () => changed(read(fields, filters)));
  for (const one of [fields.text, fields.budget]) one.addEventListener("input", soon);
  at("clear").addEventListener("click", () =>
    changed({
      ...read(fields, filters),
      show: "open",
      severity: [],
      agreement: "",
      provision: "",
      standing: "raised",
      text: "",
      since: "",
      until: "",
      silence: "",
    }),
  );
  return (/** @type {import("./filters.js").Filters} */ now) => {
    filters = now;
    write(fields, now);
  };
}

/** @param {any} fields @param {import("./filters.js").Filters} filters */
function read(fields, filters) {
  const [agreement, provision] = fields.provision.value ? fields.provision.value.split("/") : ["", ""];
  const budget = Number.parseInt(fields.budget.value, 10);
  return {
    ...filters,
    show: fields.show.value,
    severity: fields.boxes.filter((/** @type {any} */ box) => box.checked).map((/** @type {any} */ box) => box.value),
    agreement,
    provision,
    standing: fields.standing.value,
    text: fields.text.value.slice(0, 200),
    budget: Number.isFinite(budget) && budget >= 0 ? budget : filters.budget,
  };
}

/** @param {any} fields @param {import("./filters.js").Filters} filters */
function write(fields, filters) {
  fields.show.value = filters.show;
  for (const box of fields.boxes) box.checked = filters.severity.includes(box.value);
  fields.provision.value = filters.provision ? `${filters.agreement}/${filters.provision}` : "";
  fields.standing.value = filters.standing;
  if (document.activeElement !== fields.budget) fields.budget.value = String(filters.budget);
  if (document.activeElement !== fields.text) fields.text.value = filters.text;
  const span = filters.since || filters.until;
  const said = [
    span ? `only ${filters.since.slice(0, 16) || "…"} to ${filters.until.slice(0, 16) || "…"} UTC` : "",
    filters.silence ? "only what one silence holds back" : "",
  ].filter(Boolean);
  at("span").hidden = !said.length;
  at("span").textContent = said.join("; ");
}

/**
 * How many there are, in what order, and what the filters hide.
 * @param {import("./book.js").Book} book
 * @param {number} budget
 * @param {number} held how many are held back from being notified
 * @param {boolean} filtered whether the operator has set a filter
 */
export function headline(book, budget, held, filtered) {
  const { all, waiting, hidden } = book.counts();
  const counts = SEVERITIES.map((name) =>
    el("span", { class: `count ${name}` }, symbol(name, waiting[name] > 0), `${waiting[name]} ${name}`),
  );
  at("counts").replaceChildren(...counts, " not acknowledged");
  const whole = book.complete ? "" : ` (the first ${book.alerts.size} are listed: narrow the filters for the rest)`;
  const groups = budget ? `; grouped where more than ${budget} were raised in an hour` : "";
  const hushed = held ? `; ◌ ${held} held back from being notified` : "";
  at("order").textContent =
    `${all} ${all === 1 ? "alert" : "alerts"}${whole}: the gravest first, then the last raised${groups}${hushed}`;
  at("nothing").textContent = filtered ? "No alert passes the filters." : "No open alert: what is raised appears here.";
  at("hidden-graves").hidden = !hidden;
  at("hidden-graves").textContent = `▲ ${hidden} grave, not acknowledged, hidden by the filters`;
}

const AGAIN = "Trying again; nothing that happens meanwhile is lost.";
const ENDED = "The simulation has ended, or its terminal is gone: what it printed last says how to look at what it kept.";

/** @param {import("./stream.js").Condition} condition */
export function connection(condition) {
  const lost = condition.state === "lost";
  const bad = lost || condition.trouble;
  at("connection").className = bad ? "lost" : condition.state;
  const live = condition.state === "live" ? "● Live" : "… Connecting";
  at("connection").textContent = lost
    ? `▲ Disconnected since ${clock(condition.since)}`
    : condition.trouble
      ? "▲ Stale"
      : live;
  const banner = at("banner");
  banner.hidden = !bad;
  const since = `since ${clock(condition.since)} (${lasting(Date.now() - condition.since)})`;
  const said = lost
    ? `Disconnected ${since}: what you see is as it was then. ${isPlaying() ? ENDED : AGAIN}`
    : `The server cannot read its store ${since}: what you see is as it was then.`;
  if (bad && banner.textContent !== said) banner.textContent = said;
}

/** Dark and light, and the view that is read from two metres. @param {() => void} redraw */
export function looks(redraw) {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const liked = liking("theme", "");
    const theme = liked || (dark.matches ? "dark" : "light");
    root.dataset.theme = theme;
    at("theme").textContent = theme === "dark" ? "Light" : "Dark";
    redraw();
  };
  at("theme").addEventListener("click", () => {
    like("theme", root.dataset.theme === "dark" ? "light" : "dark");
    apply();
  });
  dark.addEventListener("change", apply);
  apply();
}
