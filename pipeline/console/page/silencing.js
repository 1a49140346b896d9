/** Holding back notifications: of what, for how long, and why; and the view of what is held back. */

import { at, button, el, plain, within, words } from "./dom.js";
import { chance } from "./list.js";
import { matcherWords } from "./silences.js";
import { both, lasting } from "./times.js";

const HOUR_MS = 3_600_000;
const HOURS = [1, 4, 8];
/** No silence is made here that lasts longer. */
const LONGEST_MS = 7 * 24 * HOUR_MS;

export class Silencing {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {import("./silences.js").Silences} silences
   * @param {import("./session.js").Session} session
   * @param {import("./book.js").Book} book
   * @param {(text: string) => void} say
   */
  constructor(laws, silences, session, book, say) {
    this.laws = laws;
    this.silences = silences;
    this.session = session;
    this.book = book;
    this.say = say;
    this.box = at("hush");
    this.form = at("hush-form");
    /** @type {any} */
    this.alert = null;
    this.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.send();
    });
    this.form.addEventListener("input", () => this.tell());
    at("hush-cancel").addEventListener("click", () => this.box.close());
  }

  /**
   * Asks how notifications of an alert, or of those of a group, are to be held back.
   * @param {any} alert
   * @param {boolean} group
   */
  open(alert, group) {
    this.alert = alert;
    const sector = this.laws.sectorOf(alert);
    const { title, severity, line } = alert;
    const where = this.laws.sectorIdOf(alert) ? `in ${sector}` : line ? `on ${line}, in no sector` : "wherever it is";
    const kinds = el("label", {}, radio("like", group), ` alerts like this: ${title}, ${where}`);
    const alone = el("label", {}, radio("alone", !group), ` this alert alone: ${alert.place}`);
    const only = el("input", { type: "checkbox", name: "severity", value: severity, checked: true });
    at("hush-what").replaceChildren(
      el("legend", { text: "Of what" }),
      ...(group ? [kinds] : [alone, kinds]),
      el("label", { class: "inner" }, only, `only those that are ${severity}`),
    );
    at("hush-about").textContent = `as ${this.session.name}`;
    at("hush-trouble").replaceChildren();
    at("hush-until").min = new Date().toISOString().slice(0, 16);
    at("hush-until").max = new Date(Date.now() + LONGEST_MS).toISOString().slice(0, 16);
    this.tell();
    this.box.showModal();
    this.form.elements.namedItem("hours").focus();
  }

  /** What is asked for, in labels. @returns {import("./silences.js").Matcher[]} */
  matchers() {
    const { alert } = this;
    const told = new FormData(this.form);
    if (told.get("what") === "alone") return [{ name: "alert_id", value: alert.alert_id }];
    const sector = this.laws.sectorIdOf(alert);
    return [
      { name: "agreement", value: alert.agreement },
      { name: "provision", value: alert.provision },
      ...(told.get("severity") ? [{ name: "severity", value: alert.severity }] : []),
      ...(sector ? [{ name: "sector", value: sector }] : alert.line ? [{ name: "line", value: alert.line }] : []),
    ];
  }

  /** Until when, as it is chosen. */
  until() {
    const told = new FormData(this.form);
    const hours = Number(told.get("hours"));
    return hours ? new Date(Date.now() + hours * HOUR_MS) : new Date(`${told.get("until")}Z`);
  }

  /** Shows what is chosen: until when, and how much it holds back of what is listed. */
  tell() {
    const chosen = new FormData(this.form);
    const own = chosen.get("hours") === "";
    at("hush-until").required = own;
    at("hush-until-field").hidden = !own;
    this.form.elements.namedItem("severity").disabled = chosen.get("what") === "alone";
    const matchers = this.matchers();
    const until = this.until();
    const some = this.book.listed.filter((one) => this.fits(one, matchers));
    const grave = some.filter((one) => one.severity === "grave").length;
    const many = `${some.length} of the ${this.book.alerts.size} alerts listed now, ${grave} of them grave`;
    const alone = matchers[0].name === "alert_id";
    const says = alone ? "Holds back this alert." : `Holds back ${many}, and whatever comes that is like them.`;
    at("hush-says").replaceChildren(
      el("p", {}, el("code", { text: matchers.map(matcherWords).join(", ") })),
      el("p", { text: says }),
      Number.isFinite(until.getTime())
        ? el("p", { text: `Until ${both(until, this.laws.zone(this.alert.agreement))}.` })
        : "",
    );
  }

  /** @param {any} alert @param {import("./silences.js").Matcher[]} matchers */
  fits(alert, matchers) {
    return matchers.every(
      ({ name, value }) => (name === "sector" ? this.laws.sectorIdOf(alert) : (alert[name] ?? "")) === value,
    );
  }

  async send() {
    if (!this.form.reportValidity()) return;
    const comment = String(new FormData(this.form).get("comment")).trim();
    const by = this.session.users ? undefined : this.session.name;
    at("hush-send").disabled = true;
    try {
      const made = await this.silences.make(this.matchers(), by, comment, this.until());
      this.box.close();
      this.form.elements.namedItem("comment").value = "";
      this.say(`Held back until ${both(made.ends_at, this.laws.zone(this.alert.agreement))}. Nothing leaves the list.`);
    } catch (error) {
      at("hush-trouble").replaceChildren(
        el("p", {}, el("b", { text: "Nothing is held back." })),
        el("p", { text: /** @type {Error} */ (error).message }),
      );
    } finally {
      at("hush-send").disabled = false;
      at("hush-about").textContent = `as ${this.session.name}`;
    }
  }

  /** The view: what is held back now, what will be, and what was. @param {(silenceId: string) => void} shown */
  show(shown) {
    const { all, active, trouble } = this.silences;
    const by = (/** @type {string} */ state) => all.filter((one) => one.state === state);
    const held = active.map((one) => this.silence(one, shown));
    const pending = by("pending").map((one) => this.silence(one, shown));
    const ended = by("expired").map((one) => this.silence(one, shown));
    at("silences").replaceChildren(
      ...(trouble ? [el("p", { class: "trouble", role: "alert", text: `${trouble}. What follows is what was known.` })] : []),
      ...(held.length ? held : [el("p", { text: "Nothing is held back." })]),
      ...(pending.length ? [el("p", { text: "Not begun yet:" }), ...pending] : []),
      ...(ended.length ? [el("details", {}, el("summary", { text: `Ended (${ended.length})` }), ...ended)] : []),
    );
  }

  /** @param {import("./silences.js").Silence} one @param {(silenceId: string) => void} shown */
  silence(one, shown) {
    const zone = this.laws.zone(one.matchers.find(({ name }) => name === "agreement")?.value);
    const ended = one.state === "expired";
    const left = ended ? "ended" : `in ${lasting(Date.parse(one.ends_at) - Date.now())}`;
    const many = `${one.holds} ${one.holds === 1 ? "alert" : "alerts"}`;
    const list = button(`Show the ${many} held back`, () => shown(one.id));
    const end = button("End it now", () => this.end(one));
    const what = this.what(one.matchers);
    return el(
      "article",
      { class: `silence ${one.state}`, "aria-label": `${what}, by ${within(one.created_by, 100)}` },
      el("h3", { text: what }),
      words(one.comment, "quoted"),
      el("p", { text: `by ${within(one.created_by, 200)}, from ${both(one.starts_at, zone)}` }),
      el("p", {}, ended ? "ended " : "until ", el("b", { text: both(one.ends_at, zone) }), ended ? "" : ` (${left})`),
      el("p", {}, el("code", { text: within(one.matchers.map(matcherWords).join(", ")) })),
      ended
        ? null
        : el(
            "p",
            { class: "does" },
            one.holds ? list : el("span", { text: "It holds back no alert that stands." }),
            this.session.told.silence ? end : null,
          ),
    );
  }

  /** What is held back, in words. @param {import("./silences.js").Matcher[]} matchers */
  what(matchers) {
    const told = Object.fromEntries(matchers.map((one) => [one.name, one]));
    const simple = matchers.every((one) => !one.is_regex && one.is_equal !== false);
    if (!simple) return "Alerts by these labels";
    const { alert_id: alone, agreement, provision, severity, sector, line } = told;
    if (alone) return this.one(alone.value);
    const parts = [
      severity ? `${plain(severity.value)} alerts` : "alerts",
      provision ? this.laws.title(agreement?.value ?? "", provision.value) : null,
      sector ? this.laws.sectorName(sector.value) : line ? `line ${line.value}` : null,
    ];
    return within(parts.filter(Boolean).join(": "), 300);
  }

  /** @param {string} alertId */
  one(alertId) {
    const known = this.book.alerts.get(alertId);
    return known
      ? `${known.title}, ${known.place} (${known.severity} ${chance(known.probability)})`
      : `one alert: ${alertId.slice(0, 64)}`;
  }

  /** @param {import("./silences.js").Silence} one */
  async end(one) {
    try {
      await this.silences.end(one.id);
      this.say("Ended: what it held back is notified again.");
    } catch (error) {
      this.say(`It is not ended. ${/** @type {Error} */ (error).message}`);
    }
  }
}

/** @param {string} value @param {boolean} checked */
function radio(value, checked) {
  return el("input", { type: "radio", name: "what", value, checked, required: true });
}

/** How long notifications may be held back; the empty one asks for a time. */
export function hoursOffered() {
  return [
    ...HOURS.map((hours) => el("option", { value: hours, text: `${hours} h` })),
    el("option", { value: "", text: "until a time …" }),
  ];
}
