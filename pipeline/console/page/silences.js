/**
 * Silences of the Alertmanager, as far as they hold back alerts of ours: nobody is notified of these. The list shows
 * them all the same, and says so.
 */

import { ask, door, send } from "./api.js";

const EVERY_MS = 30_000;
/** After alerts have changed, what is held back is asked anew, but not more often than this. */
const SOON_MS = 3_000;

/** What a filter of the server may be made of. */
const FILTERS = ["agreement", "provision", "severity"];

/**
 * @typedef {{name: string, value: string, is_regex?: boolean, is_equal?: boolean}} Matcher
 * @typedef {{id: string, state: string, matchers: Matcher[], created_by: string, comment: string, starts_at: string,
 *   ends_at: string, holds: number, alert_ids: string[]}} Silence
 */

export class Silences {
  /** @param {() => void} changed what is held back has changed */
  constructor(changed) {
    this.changed = changed;
    this.configured = false;
    /** @type {string | null} */
    this.trouble = null;
    /** @type {Silence[]} */
    this.all = [];
    /** By alert. @type {Map<string, Silence[]>} */
    this.held = new Map();
    this.said = "";
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /** Where none is configured, nothing more is asked. */
  async start() {
    await this.read();
    if (this.configured) setInterval(() => this.refresh(), EVERY_MS);
  }

  async read() {
    const told = await ask("/api/silences");
    this.configured = told.configured;
    this.trouble = told.trouble;
    // Where the Alertmanager does not answer, what it said last is still the best that is known.
    if (!told.trouble) this.all = told.silences;
    const said = JSON.stringify([told.trouble, this.all]);
    if (said === this.said) return;
    this.said = said;
    this.held = new Map();
    for (const silence of this.active)
      for (const id of silence.alert_ids) this.held.set(id, [...(this.held.get(id) ?? []), silence]);
    this.changed();
  }

  async refresh() {
    if (!door.shut()) await this.read().catch(() => undefined);
  }

  /** Asks anew after a while, once for all that happens until then. */
  soon() {
    if (!this.configured) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.refresh();
    }, SOON_MS);
  }

  /** Those in force, the one that ends first before the others. */
  get active() {
    return this.all
      .filter((one) => one.state === "active")
      .sort((one, other) => Date.parse(one.ends_at) - Date.parse(other.ends_at));
  }

  /** By what an alert is held back the longest. @param {string} alertId @returns {Silence | undefined} */
  of(alertId) {
    return this.held.get(alertId)?.at(-1);
  }

  /** Whether a silence holds an alert back. @param {string} silenceId @param {string} alertId */
  holds(silenceId, alertId) {
    return (this.held.get(alertId) ?? []).some((one) => one.id === silenceId);
  }

  /** What the server can be asked for, so that not all is read for what one silence holds. @param {string} silenceId */
  asked(silenceId) {
    const equal = (this.all.find((one) => one.id === silenceId)?.matchers ?? []).filter(
      (one) => !one.is_regex && one.is_equal !== false,
    );
    const plain = equal.filter((one) => FILTERS.includes(one.name)).map(({ name, value }) => [name, value]);
    const alone = equal.find((one) => one.name === "alert_id");
    return { ...Object.fromEntries(plain), ...(alone ? { text: alone.value } : {}) };
  }

  /**
   * @param {Matcher[]} matchers
   * @param {string | undefined} by
   * @param {string} comment
   * @param {Date} until
   */
  async make(matchers, by, comment, until) {
    const made = await send("POST", "/api/silences", { matchers, by, comment, ends_at: until.toISOString() });
    await this.refresh();
    return made;
  }

  /** @param {string} id */
  async end(id) {
    await send("DELETE", `/api/silences/${encodeURIComponent(id)}`);
    await this.refresh();
  }
}

/** A matcher as people know it. @param {Matcher} one */
export function matcherWords(one) {
  const sign = { "true/false": "=", "true/true": "=~", "false/false": "!=", "false/true": "!~" }[
    `${one.is_equal !== false}/${one.is_regex === true}`
  ];
  return `${one.name}${sign}"${one.value}"`;
}
