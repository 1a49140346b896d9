/**
 * The live list: a tree of which the keyboard has hold as a whole, so that what comes and goes never takes the focus away.
 */

import { at, el, plain } from "./dom.js";
import { overdue, unacknowledged } from "./filters.js";
import { symbol } from "./symbols.js";
import { clock, inZone, zoneName } from "./times.js";

/** So many rows are drawn at once; more as one goes down. */
const DRAWN = 80;

export class List {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {import("./silences.js").Silences} silences
   * @param {(item: import("./groups.js").Item) => void} opened
   * @param {(item: import("./groups.js").Item) => void} moved
   */
  constructor(laws, silences, opened, moved) {
    this.laws = laws;
    this.silences = silences;
    this.opened = opened;
    this.moved = moved;
    this.box = at("list");
    /** @type {import("./groups.js").Item[]} */
    this.items = [];
    this.key = "";
    this.place = 0;
    this.drawn = DRAWN;
    /** @type {Map<string, {said: string, row: any}>} */
    this.rows = new Map();
    /** @type {Set<string>} */
    this.openGroups = new Set();
    this.box.addEventListener("click", (/** @type {MouseEvent} */ event) => this.clicked(event));
    this.box.addEventListener("scroll", () => this.scrolled(), { passive: true });
  }

  /** @param {import("./groups.js").Item[]} items */
  show(items) {
    this.items = items;
    const found = items.findIndex((item) => item.key === this.key);
    // Where what was chosen has left the list, the one that took its place is next.
    this.place = found >= 0 ? found : Math.min(this.place, Math.max(0, items.length - 1));
    this.draw();
  }

  get chosen() {
    return this.key ? this.items.find((item) => item.key === this.key) : undefined;
  }

  /** @param {number} step */
  move(step) {
    if (!this.items.length) return;
    const known = this.items[this.place]?.key === this.key;
    this.choose(Math.max(0, Math.min(this.items.length - 1, known ? this.place + step : this.place)));
  }

  /** @param {number} place */
  choose(place) {
    const item = this.items[place];
    if (!item) return;
    this.place = place;
    this.key = item.key;
    this.drawn = Math.max(this.drawn, place + DRAWN / 2);
    this.draw();
    this.rows.get(item.key)?.row.scrollIntoView({ block: "nearest" });
    this.moved(item);
  }

  /** Marks an alert that was chosen elsewhere. @param {string} alertId */
  mark(alertId) {
    const place = this.items.findIndex((item) => item.key === alertId);
    this.key = alertId;
    if (place >= 0) {
      this.place = place;
      this.drawn = Math.max(this.drawn, place + DRAWN / 2);
    }
    this.draw();
    this.rows.get(alertId)?.row.scrollIntoView({ block: "nearest" });
  }

  /** @param {string} key @param {boolean} [open] */
  fold(key, open = !this.openGroups.has(key)) {
    if (open) this.openGroups.add(key);
    else this.openGroups.delete(key);
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-key]");
    const place = this.items.findIndex((item) => item.key === row?.getAttribute("data-key"));
    if (place < 0) return;
    this.choose(place);
    this.opened(this.items[place]);
  }

  scrolled() {
    const left = this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight;
    if (left < 400 && this.drawn < this.items.length) {
      this.drawn += DRAWN;
      this.draw();
    }
  }

  draw() {
    const shown = this.items.slice(0, this.drawn);
    const kept = new Map();
    shown.forEach((item, index) => {
      const said = this.sayingOf(item);
      const known = this.rows.get(item.key);
      const row = known?.said === said ? known.row : this.row(item);
      row.setAttribute("aria-selected", String(item.key === this.key));
      row.setAttribute("aria-posinset", String(index + 1));
      row.setAttribute("aria-setsize", String(this.items.length));
      kept.set(item.key, { said, row });
      const there = this.box.children[index];
      if (there !== row) this.box.insertBefore(row, there ?? null);
    });
    while (this.box.children.length > shown.length) this.box.lastElementChild.remove();
    this.rows = kept;
    const active = kept.get(this.key)?.row.id;
    if (active) this.box.setAttribute("aria-activedescendant", active);
    else this.box.removeAttribute("aria-activedescendant");
    at("nothing").hidden = this.items.length > 0;
  }

  /** What a row says, in short: while it stays the same the row stays. @param {import("./groups.js").Item} item */
  sayingOf(item) {
    if (item.kind === "alert")
      return `${item.level}/${item.alert.revision}/${overdue(item.alert)}/${item.alert.status}/${this.heldUntil(item.alert)}`;
    const waiting = item.alerts.filter(unacknowledged).length;
    return `${item.alerts.length}/${waiting}/${this.heldOf(item)}/${this.openGroups.has(item.key)}/${item.alerts[0].raised_at}`;
  }

  /** @param {any} alert */
  heldUntil(alert) {
    return this.silences.of(alert.alert_id)?.ends_at ?? "";
  }

  /** How many of a group are held back. @param {import("./groups.js").GroupItem} item */
  heldOf(item) {
    return this.silences.held.size ? item.alerts.filter((one) => this.silences.of(one.alert_id)).length : 0;
  }

  /** @param {import("./groups.js").Item} item */
  row(item) {
    const inner = item.kind === "alert" ? this.alertRow(item.alert) : this.groupRow(item);
    const open = item.kind === "group" ? String(this.openGroups.has(item.key)) : null;
    return el(
      "div",
      {
        class: `row ${item.kind} level-${item.level}`,
        role: "treeitem",
        id: `row-${item.key.replaceAll(/[^\w-]/g, "_")}`,
        "data-key": item.key,
        "aria-level": item.level,
        "aria-expanded": open,
      },
      ...inner,
    );
  }

  /** @param {any} alert */
  alertRow(alert) {
    const zone = this.laws.zone(alert.agreement);
    const waits = unacknowledged(alert);
    const time = `${inZone(alert.observed_from, zone).slice(5)} ${zoneName(zone)}`;
    const utc = `${inZone(alert.observed_from, "UTC").slice(11)} UTC`;
    // The list goes by when it was raised, which may be long after it happened.
    const [on, began] = [alert.raised_at, alert.observed_from].map((one) => inZone(one, zone));
    const raised = el("span", { class: "utc", text: `raised ${on.slice(on.slice(0, 10) === began.slice(0, 10) ? 11 : 5)} ${zoneName(zone)}` });
    return [
      symbol(alert.severity, waits),
      el("span", { class: "what", text: alert.title }),
      el("span", { class: "grade", text: `${alert.severity}, p ${chance(alert.probability)}` }),
      el("span", { class: "where", text: [alert.place, alert.off_line].filter(Boolean).join(" · ") }),
      el("span", { class: "when" }, el("span", { text: time }), el("span", { class: "utc", text: utc }), raised),
      el("span", { class: "how" }, ...marks(alert, waits), this.heldMark(alert)),
    ];
  }

  /** @param {any} alert */
  heldMark(alert) {
    const until = this.heldUntil(alert);
    return until ? mark(`◌ held back until ${clock(Date.parse(until)).replace(/:\d\d UTC/, " UTC")}`, "held") : null;
  }

  /** @param {import("./groups.js").GroupItem} item */
  groupRow(item) {
    const [first] = item.alerts;
    const waiting = item.alerts.filter(unacknowledged).length;
    const zone = this.laws.zone(first.agreement);
    const times = item.alerts.map((one) => one.observed_from).sort();
    const span = [times[0], times[times.length - 1]].map((one) => inZone(one, zone).slice(5)).join(" to ");
    const held = this.heldOf(item);
    const state = waiting ? `${waiting} not acknowledged` : "all acknowledged";
    return [
      symbol(item.severity, waiting > 0),
      el("span", { class: "what", text: `${item.alerts.length} × ${first.title}` }),
      el("span", { class: "grade", text: item.severity }),
      el("span", { class: "where", text: item.sector }),
      el("span", { class: "when", text: `${span} ${zoneName(zone)}` }),
      el("span", { class: "how" }, mark(state, waiting ? "waits" : ""), held ? mark(`◌ ${held} held back`, "held") : null),
    ];
  }
}

/** A probability as it is told everywhere: certainty is said of nothing. @param {number} probability */
export function chance(probability) {
  return (probability >= 1 ? 1 : Math.min(probability, 0.99)).toFixed(2);
}

/** @param {any} alert @param {boolean} waits */
function marks(alert, waits) {
  const found = [mark(plain(alert.status), alert.status)];
  if (alert.standing === "possible") found.push(mark("only possible", ""));
  if (overdue(alert)) found.push(mark("not acknowledged, overdue", "overdue"));
  else if (waits) found.push(mark("not acknowledged", "waits"));
  else if (alert.acknowledged_by) found.push(mark(`seen by ${alert.acknowledged_by.slice(0, 40)}`, ""));
  if (alert.assignee) found.push(mark(`for ${alert.assignee.slice(0, 40)}`, ""));
  return found;
}

/** @param {string} text @param {string} classes */
function mark(text, classes) {
  return el("span", { class: `mark ${classes}`, text });
}
