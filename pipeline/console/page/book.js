/** The alerts at hand: those of the list, whole, and all that pass the filters as points of the map. */

import { ask } from "./api.js";
import { FOUND, SEVERITIES, asQuery, takes, unacknowledged } from "./filters.js";
import { onEarth } from "./points.js";
import { microseconds } from "./times.js";

const FIRST = 200;
const MORE = 1_000;
/** So many alerts are listed whole; whoever wants to see what comes after them narrows the filters. */
const MOST = 3_000;

/**
 * `x` and `y` are its place on a map of the whole Earth that is one wide and high.
 * @typedef {{x: number, y: number, lon: number, lat: number, severity: string, found: boolean, waits: boolean}} Point
 */

/**
 * The order of the list: the gravest first, then the last raised, then by id.
 * @param {any} one
 * @param {any} other
 */
export function inOrder(one, other) {
  const rank = SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity);
  if (rank) return rank;
  return other.raised_us - one.raised_us || (one.alert_id < other.alert_id ? -1 : 1);
}

/** What is sorted often is read once. @param {any} alert */
function timed(alert) {
  alert.raised_us ??= microseconds(alert.raised_at);
  return alert;
}

/** @param {any} alert with its place @returns {Point} */
function point(alert) {
  const { lon, lat, severity, status } = alert;
  return { ...onEarth(lon, lat), lon, lat, severity, found: FOUND.includes(status), waits: unacknowledged(alert) };
}

export class Book {
  /** @param {import("./silences.js").Silences} silences */
  constructor(silences) {
    this.silences = silences;
    /** @type {Map<string, any>} */
    this.alerts = new Map();
    /** @type {Map<string, Point>} */
    this.points = new Map();
    this.placeless = 0;
    /** The grave ones that nobody has acknowledged, whatever the filters hide. @type {Set<string>} */
    this.graves = new Set();
    /** Whether all that pass the filters are counted, and not only those that are listed. */
    this.counted = false;
    /** @type {any[] | null} */
    this.sorted = null;
    this.turn = 0;
    this.filters = /** @type {any} */ (null);
    this.complete = false;
    this.tail = /** @type {any} */ (null);
  }

  /**
   * Reads everything anew under some filters; `grown` is told each time that there is more to show.
   * @param {import("./filters.js").Filters} filters
   * @param {() => void} grown
   * @returns {Promise<number>} the last entry of the history that is in it
   */
  async read(filters, grown) {
    const turn = ++this.turn;
    this.filters = filters;
    const asked = { ...asQuery(filters), ...this.silences.asked(filters.silence) };
    const placing = Promise.all([
      ask("/api/points", asked),
      ask("/api/points", { severity: "grave", unacknowledged: true }),
    ]);
    placing.catch(() => undefined);
    const page = await ask("/api/alerts", { ...asked, limit: FIRST });
    if (turn !== this.turn) return page.entry;
    this.alerts = new Map(this.some(page).map((/** @type {any} */ one) => [one.alert_id, timed(one)]));
    this.took(page);
    this.counted = false;
    grown();
    const [points, graves] = await placing;
    if (turn !== this.turn) return page.entry;
    this.place(points);
    this.graves = new Set(graves.alert_id);
    grown();
    // The rest comes while the first of it is being looked at.
    this.rest(turn, asked, page.next, grown).catch(() => undefined);
    return Math.min(page.entry, points.entry, graves.entry);
  }

  /**
   * @param {number} turn
   * @param {any} asked
   * @param {string | null} cursor
   * @param {() => void} grown
   */
  async rest(turn, asked, cursor, grown) {
    while (cursor && turn === this.turn && this.alerts.size < MOST) {
      const page = await ask("/api/alerts", { ...asked, limit: MORE, cursor });
      if (turn !== this.turn) return;
      for (const one of this.some(page)) {
        const known = this.alerts.get(one.alert_id);
        if (!known || known.revision <= one.revision) this.alerts.set(one.alert_id, timed(one));
      }
      this.took(page);
      cursor = page.next;
      grown();
    }
  }

  /** Whether the filters let an alert through. @param {any} alert */
  wants(alert) {
    const { silence } = this.filters;
    return takes(this.filters, alert) && (!silence || this.silences.holds(silence, alert.alert_id));
  }

  /** Those of a page that are asked for: what a silence holds back the server does not know. @param {any} page */
  some(page) {
    return this.filters.silence ? page.alerts.filter((/** @type {any} */ one) => this.wants(one)) : page.alerts;
  }

  /** @param {any} page */
  took(page) {
    this.complete = !page.next;
    this.tail = page.alerts[page.alerts.length - 1] ?? this.tail;
    this.sorted = null;
  }

  /** @param {any} told */
  place(told) {
    this.points = new Map();
    const { silence } = this.filters;
    this.placeless = silence ? this.listed.filter((one) => one.lon === null).length : told.without_place;
    this.counted = true;
    for (let row = 0; row < told.alert_id.length; row += 1) {
      const one = {
        lon: told.lon[row],
        lat: told.lat[row],
        severity: told.severity[row],
        status: told.status[row],
        standing: told.standing[row],
        acknowledged_by: told.acknowledged[row],
      };
      const id = told.alert_id[row];
      if (!silence || this.silences.holds(silence, id)) this.points.set(id, point(one));
    }
  }

  /**
   * Takes changes in.
   * @param {any[]} changes
   * @returns {any[]} those alerts that are new to the list, and all that are newly grave
   */
  take(changes) {
    const fresh = [];
    for (const { alert } of changes) {
      const known = this.alerts.get(alert.alert_id);
      if (known && known.revision > alert.revision) continue;
      const wanted = this.wants(alert);
      const calls = this.calls(alert);
      if (calls || (wanted && !known && !this.points.has(alert.alert_id))) fresh.push(alert);
      this.put(alert, wanted);
    }
    this.sorted = null;
    this.bound();
    return fresh;
  }

  /** Whether a grave alert has come to wait for somebody, be it in the list or not. @param {any} alert */
  calls(alert) {
    const waits = alert.severity === "grave" && unacknowledged(alert);
    const fresh = waits && !this.graves.has(alert.alert_id);
    if (waits) this.graves.add(alert.alert_id);
    else this.graves.delete(alert.alert_id);
    return fresh;
  }

  /** Keeps the list bounded however long a flood lasts: the last of it go back among those that were not read. */
  bound() {
    if (this.alerts.size <= MOST + MORE) return;
    const kept = this.listed.slice(0, MOST);
    this.alerts = new Map(kept.map((one) => [one.alert_id, one]));
    this.tail = kept[MOST - 1];
    this.complete = false;
    this.sorted = kept;
  }

  /** @param {any} alert @param {boolean} wanted */
  put(alert, wanted) {
    const id = alert.alert_id;
    if (!wanted) {
      if (this.alerts.get(id)?.lon === null) this.placeless -= 1;
      this.alerts.delete(id);
      this.points.delete(id);
      return;
    }
    timed(alert);
    if (alert.lon === null && !this.alerts.has(id)) this.placeless += 1;
    // What comes after the last of the list has its place among those that were not read.
    if (this.alerts.has(id) || this.complete || !this.tail || inOrder(alert, this.tail) < 0) this.alerts.set(id, alert);
    if (alert.lon !== null) this.points.set(id, point(alert));
  }

  /** Those of the list, in its order. */
  get listed() {
    this.sorted ??= [...this.alerts.values()].sort(inOrder);
    return this.sorted;
  }

  /** How many pass the filters, and how many of them nobody has acknowledged, by severity. */
  counts() {
    /** @type {Record<string, number>} */
    const waiting = Object.fromEntries(SEVERITIES.map((name) => [name, 0]));
    for (const one of this.points.values()) {
      if (one.waits) waiting[one.severity] += 1;
    }
    for (const one of this.alerts.values()) if (one.lon === null && unacknowledged(one)) waiting[one.severity] += 1;
    const hidden = Math.max(0, this.graves.size - waiting.grave);
    return { all: this.points.size + this.placeless, waiting, hidden };
  }
}
