/** The alert's page: what is known of it, how sure it is, who did what, and what may be done. */

import { ask } from "./api.js";
import { now } from "./clock.js";
import { at, button, el, inertLink, plain, table, within, words } from "./dom.js";
import { ACTS } from "./forms.js";
import { overdue, unacknowledged } from "./filters.js";
import { chance } from "./list.js";
import { symbol } from "./symbols.js";
import { taskOf } from "./tasks.js";
import { meaning } from "./terms.js";
import { both, lasting } from "./times.js";

/** Headings of what is shown by the page's own means. */
const OWN = new Set(["Reports", "Why", "Watch", "Why not more certain", "Readings"]);
const MOST_REPORTS = 100;
const MOST_LINES = 9;

export class Detail {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {import("./session.js").Session} session
   * @param {import("./silences.js").Silences} silences
   * @param {(kind: string) => void} act
   * @param {(detail: any) => void} shown
   */
  constructor(laws, session, silences, act, shown) {
    this.laws = laws;
    this.session = session;
    this.silences = silences;
    this.act = act;
    this.shown = shown;
    this.box = at("alert");
    this.id = "";
    /** @type {any} */
    this.told = null;
    this.turn = 0;
  }

  /** @param {string} id @param {boolean} focus */
  async open(id, focus) {
    if (id !== this.id) {
      this.told = null;
      this.box.replaceChildren(el("p", { class: "hint", role: "status", text: "Reading the alert …" }));
    }
    this.id = id;
    document.body.classList.add("reading");
    await this.read();
    if (focus) this.box.querySelector("h2")?.focus();
  }

  close() {
    this.id = "";
    this.told = null;
    this.turn += 1;
    document.body.classList.remove("reading");
    this.box.replaceChildren(
      el("p", { class: "hint", text: "Choose an alert: j and k go through the list, Enter or a click opens." }),
    );
    this.shown(null);
  }

  /** Takes over what an act has made of the alert: the next act goes by that. @param {any} alert */
  take(alert) {
    if (this.told?.alert.alert_id !== alert.alert_id || this.told.alert.revision >= alert.revision) return;
    this.told.alert = { ...this.told.alert, ...alert };
    this.draw();
  }

  /** Reads it anew, as when something changed. */
  async read() {
    const turn = ++this.turn;
    try {
      const told = await ask(`/api/alerts/${encodeURIComponent(this.id)}`);
      if (turn !== this.turn) return;
      this.told = told;
      this.draw();
      this.shown(told);
    } catch (error) {
      if (turn === this.turn)
        this.box.replaceChildren(el("p", { class: "trouble", role: "alert", text: String(error) }));
    }
  }

  /** Draws what is known, as when others may do other things with it. */
  draw() {
    if (!this.told) return;
    const held = document.activeElement?.getAttribute("data-hold");
    const scrolled = this.box.scrollTop;
    this.box.replaceChildren(...this.parts().filter(Boolean));
    this.box.scrollTop = scrolled;
    if (held) this.box.querySelector(`[data-hold="${held}"]`)?.focus();
  }

  parts() {
    const { alert, doubts, passages, reports, tasks, now } = this.told;
    const zone = this.laws.zone(alert.agreement);
    const said = new Map(passages.map((/** @type {any} */ one) => [one.heading, one.lines]));
    return [
      ...this.head(alert),
      this.buttons(),
      now.length && !this.told.incident ? this.instead(now) : null,
      said.has("Why") ? section("Why", ...folded(said.get("Why"))) : null,
      section("Why not more certain", ...doubtLines(alert, doubts)),
      this.readings(alert),
      ...[...said]
        .filter(([heading]) => !OWN.has(heading))
        .map(([heading, lines]) => section(heading, ...folded(lines))),
      section(
        `Reports (${reports.length})`,
        ...reports.slice(0, MOST_REPORTS).map((/** @type {any} */ one) => this.report(one)),
      ),
      tasks.length ? section("Verification tasks", ...tasks.map((/** @type {any} */ one) => taskOf(one, zone))) : null,
      section("What was done", ...this.acts()),
    ];
  }

  /** @param {any} alert */
  head(alert) {
    const zone = this.laws.zone(alert.agreement);
    const waits = unacknowledged(alert);
    const close = button("Close", () => at("alert").dispatchEvent(new CustomEvent("leave")), {
      class: "leave",
      title: "Escape",
    });
    const title = el("h2", { tabindex: "-1", "data-hold": "title" }, symbol(alert.severity, waits), ` ${alert.title}`);
    const state = [
      `${alert.severity}: ${meaning("severities", alert.severity)}`,
      `${plain(alert.status)}: ${meaning("statuses", alert.status)}`,
    ];
    const seen = alert.acknowledged_by ? `acknowledged by ${alert.acknowledged_by}` : "not acknowledged";
    const raised = `raised ${both(alert.raised_at, zone)}, ${lasting(now() - Date.parse(alert.raised_at))} ago`;
    return [
      el("div", { class: "top" }, title, close),
      el(
        "p",
        { class: "sure" },
        el("b", { text: `probability ${chance(alert.probability)}` }),
        ` that ${alert.article} is broken, ${alert.standing}`,
      ),
      el("p", { text: state.join(" · ") }),
      el(
        "p",
        { class: "seen" },
        el("b", { text: seen }),
        overdue(alert) ? " " : "",
        overdue(alert) ? el("span", { class: "mark overdue", text: "overdue" }) : null,
        ` · ${raised}`,
        alert.assignee ? ` · for ${alert.assignee}` : "",
      ),
      this.held(alert, zone),
    ];
  }

  /** By whom, until when and why nobody is notified of it. @param {any} alert @param {string} zone */
  held(alert, zone) {
    const silence = this.silences.of(alert.alert_id);
    if (!silence) return null;
    const until = `until ${both(silence.ends_at, zone)}, by ${within(silence.created_by, 200)}: ${within(silence.comment)}`;
    return el("p", { class: "held", text: `◌ Notifications of it are held back ${until}` });
  }

  buttons() {
    const allowed = Object.keys(ACTS).filter((kind) => this.told.allowed.includes(kind));
    const mine = allowed.filter((kind) => this.session.may(kind));
    const free = mine.filter((kind) => kind !== "acknowledge" || !this.told.alert.acknowledged_by);
    const others = allowed.filter((kind) => !mine.includes(kind));
    const one = (/** @type {string} */ kind) => {
      const { says, key } = ACTS[kind];
      const given = {
        "data-hold": `act-${kind}`,
        "data-act": kind,
        title: meaning("actions", kind),
        "aria-keyshortcuts": key || null,
      };
      return el(
        "button",
        { type: "button", ...given, on: { click: () => this.act(kind) } },
        says,
        key ? el("kbd", { text: key }) : null,
      );
    };
    const [main, rest] = [free.filter((kind) => ACTS[kind].key), free.filter((kind) => !ACTS[kind].key)];
    const hush = this.hushButton();
    const more =
      rest.length || hush
        ? el("details", { class: "more" }, el("summary", { text: "More acts" }), ...rest.map(one), hush)
        : null;
    const barred = others.length
      ? el("p", {
          class: "barred",
          text: `${this.session.barred}: ${others.map((kind) => ACTS[kind].says.toLowerCase()).join(", ")} is for others.`,
        })
      : null;
    return el("div", { class: "acts", role: "group", "aria-label": "What may be done" }, ...main.map(one), more, barred);
  }

  hushButton() {
    if (!this.silences.configured || !this.session.told.silence) return null;
    const given = { "data-hold": "hush", "aria-keyshortcuts": "h", on: { click: () => this.act("hush") } };
    return el("button", { type: "button", ...given }, "Hold back notifications", el("kbd", { text: "h" }));
  }

  /** @param {string[]} ids */
  instead(ids) {
    return el("p", { class: "trouble", text: `Its incident stands no more; in its place: ${ids.join(", ")}` });
  }

  /** What comes of each party's reading of the clause. @param {any} alert */
  readings(alert) {
    if (!alert.readings.length) return null;
    const parties = this.laws.named(alert.agreement)?.parties ?? [];
    const rows = alert.readings.map((/** @type {any} */ one) => [
      parties.find((/** @type {any} */ party) => party.id === one.party)?.name ?? one.party,
      one.says,
      one.probability === null
        ? "not judged"
        : `${one.standing ? plain(one.standing) : "no alert"}, ${chance(one.probability)}`,
    ]);
    const usual = ["as the agreement's data read", alert.article, `${alert.standing}, ${chance(alert.probability)}`];
    return section(
      "Under each reading",
      table("The verdict under each reading", ["Reading of", "Says", "Verdict"], [usual, ...rows]),
    );
  }

  /** @param {any} one */
  report(one) {
    const zone = this.laws.zone(this.told.alert.agreement);
    const who = [
      one.observer ?? "observer not named",
      `source ${one.source}`,
      `ledger ${one.ledger ?? "unknown"}`,
    ].join(" · ");
    const when = `${both(one.observed_from, zone)}, for ${lasting(Date.parse(one.observed_until) - Date.parse(one.observed_from))}`;
    const what = [plain(one.activity), (one.weapons ?? []).map(plain).join(" or "), countOf(one.count)]
      .filter(Boolean)
      .join(" · ");
    return el(
      "article",
      { class: "report" },
      el("h4", { text: one.report_id.slice(0, 200) }),
      el("p", { text: who.slice(0, 400) }),
      el("p", { text: `${what}; ${when}` }),
      one.retracted ? el("p", { class: "trouble", text: "withdrawn by its source" }) : null,
      ...(one.remarks ?? []).slice(0, 20).map(remarked),
      one.text ? words(one.text, "quoted") : null,
      one.url ? inertLink(one.url) : null,
    );
  }

  acts() {
    const zone = this.laws.zone(this.told.alert.agreement);
    if (!this.told.acts.length) return [line("Nothing yet.")];
    return this.told.acts.map((/** @type {any} */ one) => {
      const what = [
        plain(one.kind),
        one.outcome && plain(one.outcome),
        one.reason && plain(one.reason),
        one.assignee,
        one.party,
      ]
        .filter(Boolean)
        .join(", ");
      const not = one.done ? "" : ` (not in force: ${one.why})`;
      return el(
        "div",
        { class: "done" },
        line(`${both(one.decided_at, zone)}: ${one.by}: ${what}${not}`),
        one.text ? words(one.text, "quoted") : null,
      );
    });
  }
}

/** @param {string} heading @param {...any} parts */
function section(heading, ...parts) {
  return el("section", {}, el("h3", { text: heading }), ...parts);
}

/** Many lines are folded away after the first. @param {string[]} lines */
function folded(lines) {
  if (lines.length <= MOST_LINES) return lines.map(line);
  const rest = lines.slice(MOST_LINES - 2);
  const more = el("details", {}, el("summary", { text: `${rest.length} more lines` }), ...rest.map(line));
  return [...lines.slice(0, MOST_LINES - 2).map(line), more];
}

/** @param {string} text */
function line(text) {
  return words(text, "line");
}

/** @param {any} alert @param {string[]} doubts */
function doubtLines(alert, doubts) {
  if (!doubts.length) return [line("Nothing is known that speaks against it.")];
  return [el("ul", {}, ...doubts.map((text) => el("li", { text: text.slice(0, 600) })))];
}

/** What the reader made of the source's words. @param {any} one */
function remarked(one) {
  const doubt = one.doubtful ? "in doubt: " : "";
  return line(`${doubt}${plain(one.field).slice(0, 60)} from “${one.said.slice(0, 300)}”: ${meaning("remark_rules", one.rule) || plain(one.rule)}`);
}

/** @param {any} count */
function countOf(count) {
  if (!count) return "";
  const number =
    count.max === null
      ? `at least ${count.min}`
      : count.min === count.max
        ? `${count.min}`
        : `${count.min} to ${count.max}`;
  return `${number} × ${plain(count.unit)}`;
}
