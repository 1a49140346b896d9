/** Acting: who acts, what he is asked, and what is shown when somebody else was faster. */

import { act } from "./api.js";
import { at, button, el, plain } from "./dom.js";
import { ACTS, fieldsOf, wishOf } from "./forms.js";
import { operator } from "./kept.js";

export class Desk {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {(done: any, kind: string) => void} done
   * @param {(text: string) => void} say
   */
  constructor(laws, done, say) {
    this.laws = laws;
    this.done = done;
    this.say = say;
    this.box = at("act");
    this.form = at("act-form");
    this.kind = "";
    /** @type {any} */
    this.detail = null;
    this.revision = 0;
    /** Where a whole group is acknowledged, its alerts. @type {any[] | null} */
    this.group = null;
    this.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.send();
    });
    at("act-cancel").addEventListener("click", () => this.box.close());
    at("who").addEventListener("click", () => this.askName(true));
    this.showName();
  }

  /** The name of whoever acts, asked once. @returns {Promise<string>} empty where he would not say */
  async askName(again = false) {
    if (operator.get() && !again) return operator.get();
    const [box, form] = [at("name"), at("name-form")];
    form.elements.namedItem("operator").value = operator.get();
    box.showModal();
    await new Promise((told) => box.addEventListener("close", told, { once: true }));
    const name = form.elements.namedItem("operator").value.trim();
    if (box.returnValue === "ok" && name) operator.set(name.slice(0, 200));
    box.returnValue = "";
    this.showName();
    return operator.get();
  }

  showName() {
    at("who").textContent = operator.get() ? `Operator: ${operator.get()}` : "Who are you?";
  }

  /** Does at once what needs no words. @param {string} kind @param {any} detail with the alert as the operator sees it */
  async quick(kind, detail) {
    const by = await this.askName();
    if (!by) return;
    try {
      this.finished(await act(detail.alert.alert_id, { action: kind, by, revision: detail.alert.revision }), kind);
    } catch (error) {
      this.open(kind, detail);
      this.trouble(error);
    }
  }

  /** Asks for what an act needs. @param {string} kind @param {any} detail */
  async open(kind, detail) {
    if (!operator.get() && !(await this.askName())) return;
    this.kind = kind;
    this.group = null;
    this.detail = detail;
    this.revision = detail.alert.revision;
    at("act-title").textContent = `${ACTS[kind].says}: ${detail.alert.title}`;
    at("act-about").textContent = `${detail.alert.place} · ${detail.alert.alert_id} · as ${operator.get()}`;
    at("act-fields").replaceChildren(...fieldsOf(kind, detail, this.laws.named(detail.alert.agreement)));
    at("act-trouble").replaceChildren();
    at("act-send").textContent = ACTS[kind].says;
    at("act-send").hidden = false;
    if (!this.box.open) this.box.showModal();
    at("act-fields").querySelector("select, input, textarea")?.focus();
  }

  /** Asks before a whole group is acknowledged. @param {any[]} alerts */
  async openGroup(alerts) {
    await this.open("acknowledge", { alert: alerts[0], reports: [] });
    if (!this.box.open) return;
    this.group = alerts;
    at("act-title").textContent = `Acknowledge ${alerts.length} alerts: ${alerts[0].title}`;
    at("act-about").textContent = `Each is acknowledged as you see it now, as ${operator.get()}`;
    at("act-send").textContent = `Acknowledge all ${alerts.length}`;
  }

  /** One after another; what has moved on meanwhile is left as it is. @param {any[]} alerts */
  async sendGroup(alerts) {
    let [done, left] = [0, 0];
    for (const alert of alerts) {
      const wish = { ...wishOf(this.form, "acknowledge"), by: operator.get(), revision: alert.revision };
      try {
        this.done(await act(alert.alert_id, wish), "acknowledge");
        done += 1;
      } catch (error) {
        if (/** @type {any} */ (error).problem?.status !== 409) throw error;
        left += 1;
      }
    }
    this.box.close();
    this.say(`${done} acknowledged${left ? `; ${left} had moved on and were left as they are` : ""}.`);
  }

  async send() {
    if (!this.form.reportValidity()) return;
    const wish = { ...wishOf(this.form, this.kind), by: operator.get(), revision: this.revision };
    at("act-send").disabled = true;
    try {
      if (this.group) return await this.sendGroup(this.group);
      const done = await act(this.detail.alert.alert_id, wish);
      this.box.close();
      this.finished(done, this.kind);
    } catch (error) {
      this.trouble(error);
    } finally {
      at("act-send").disabled = false;
    }
  }

  /** @param {any} done @param {string} kind */
  finished(done, kind) {
    const now = done.alert
      ? `It is ${plain(done.alert.status)}, revision ${done.alert.revision}.`
      : "It stands no more.";
    this.say(done.act.done ? `${ACTS[kind].says}: recorded. ${now}` : `Recorded, and not in force: ${done.act.why}`);
    this.done(done, kind);
  }

  /** Shows why nothing was done; what the operator has written stays. @param {any} error */
  trouble(error) {
    const problem = error.problem ?? { detail: String(error), status: 0 };
    const lines = [
      el(
        "p",
        {},
        el("b", { text: error.movedOn ? "Nothing was recorded: the alert has moved on." : "Nothing was recorded." }),
      ),
    ];
    if (error.movedOn && problem.present) lines.push(...this.conflict(problem.present));
    else lines.push(el("p", { text: problem.detail ?? problem.title }));
    if (problem.allowed?.length)
      lines.push(el("p", { text: `What can be done: ${problem.allowed.map(plain).join(", ")}.` }));
    at("act-trouble").replaceChildren(...lines);
  }

  /** What it was, what it is now, and what the operator can do about it. @param {any} present */
  conflict(present) {
    const was = this.detail.alert;
    const changes = ["status", "acknowledged_by", "assignee", "probability", "severity"]
      .filter((name) => was[name] !== present[name])
      .map((name) => el("li", { text: `${plain(name)}: was ${shown(was[name])}, is ${shown(present[name])}` }));
    const revisions = `You had revision ${was.revision} before you; it is at revision ${present.revision}.`;
    const onTop = button(`${ACTS[this.kind].says} all the same`, () => {
      this.revision = present.revision;
      this.detail = { ...this.detail, alert: present };
      at("act-trouble").replaceChildren();
      this.send();
    });
    at("act-send").hidden = true;
    return [
      el("p", { text: revisions }),
      el("ul", {}, ...changes),
      el("p", { text: "Your words are still here." }),
      onTop,
    ];
  }
}

/** @param {any} value */
function shown(value) {
  return value === null || value === "" ? "nobody" : plain(String(value));
}
