/** Acting: who acts, what he is asked, and what is shown when somebody else was faster. */

import { act } from "./api.js";
import { at, button, el, plain } from "./dom.js";
import { ACTS, fieldsOf, wishOf } from "./forms.js";
import { operator } from "./kept.js";

export class Desk {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {import("./session.js").Session} session
   * @param {(done: any, kind: string) => void} done
   * @param {(text: string) => void} say
   */
  constructor(laws, session, done, say) {
    this.laws = laws;
    this.session = session;
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
    this.form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    /** What was written and not sent. @type {{of: string, told: [string, FormDataEntryValue][]}} */
    this.draft = { of: "", told: [] };
    this.form.addEventListener("input", () => this.setAside());
    at("act-cancel").addEventListener("click", () => this.box.close());
    at("name-not").addEventListener("click", () => at("name").close(""));
    at("who").addEventListener("click", () => this.who());
  }

  /** Says who acts from now on: another name where access is open, nobody where somebody was logged in. */
  async who() {
    if (!this.session.users) return this.askName(true);
    try {
      await this.session.leave();
    } catch (error) {
      this.say(`You are not logged out. ${/** @type {Error} */ (error).message}`);
    }
  }

  /** What goes with an act as its author: nothing where the server knows who is logged in. */
  get by() {
    return this.session.users ? undefined : operator.get();
  }

  /** The name of whoever acts, asked once. @returns {Promise<string>} empty where he would not say */
  async askName(again = false) {
    if (this.session.users || (operator.get() && !again)) return this.session.name;
    const [box, form] = [at("name"), at("name-form")];
    form.elements.namedItem("operator").value = operator.get();
    box.showModal();
    await new Promise((told) => box.addEventListener("close", told, { once: true }));
    const name = form.elements.namedItem("operator").value.trim();
    if (box.returnValue === "ok" && name) operator.set(name.slice(0, 200));
    box.returnValue = "";
    this.showName();
    if (!again && !operator.get()) this.say("Nothing was recorded: nobody said who acts.");
    return operator.get();
  }

  showName() {
    const { user } = this.session.told;
    const open = operator.get() ? `Operator: ${operator.get()}` : "Who are you?";
    at("who").textContent = user ? `${user.name} (${plain(user.role)}): log out` : open;
  }

  /** Does at once what needs no words. @param {string} kind @param {any} detail with the alert as the operator sees it */
  async quick(kind, detail) {
    if (!(await this.askName())) return;
    try {
      this.finished(await act(detail.alert.alert_id, { action: kind, by: this.by, revision: detail.alert.revision }), kind);
    } catch (error) {
      await this.open(kind, detail);
      this.trouble(error);
    }
  }

  /** Asks for what an act needs. @param {string} kind @param {any} detail */
  async open(kind, detail) {
    if (!(await this.askName())) return;
    this.kind = kind;
    this.group = null;
    this.detail = detail;
    this.revision = detail.alert.revision;
    at("act-title").textContent = `${ACTS[kind].says}: ${detail.alert.title}`;
    this.about();
    at("act-fields").replaceChildren(...fieldsOf(kind, detail, this.laws.named(detail.alert.agreement)));
    this.takeUp();
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
    at("act-send").textContent = `Acknowledge all ${alerts.length}`;
    this.about();
  }

  /** What the dialog asks, and of which alert. */
  get asked() {
    return `${this.kind} ${this.detail?.alert.alert_id}`;
  }

  /** Keeps what is written, should the dialog be left. */
  setAside() {
    this.draft = { of: this.asked, told: [...new FormData(this.form)] };
  }

  /** Fills in what was written before, where the same is asked of the same alert. */
  takeUp() {
    if (this.draft.of !== this.asked) return;
    for (const [name, value] of this.draft.told) {
      const fields = [...this.form.elements].filter((/** @type {any} */ one) => one.name === name);
      const ticked = fields.find((/** @type {any} */ one) => ["radio", "checkbox"].includes(one.type) && one.value === value);
      if (ticked) {
        ticked.checked = true;
        // What is chosen may decide what the next field offers.
        ticked.dispatchEvent(new Event("change"));
      } else if (fields[0]) fields[0].value = value;
    }
  }

  /** Closes the dialog of what is done: nothing of it waits to be sent. */
  leave() {
    this.draft = { of: "", told: [] };
    this.box.close();
  }

  /** Of what the dialog is, and as whom. */
  about() {
    const { place, alert_id: id } = this.detail.alert;
    const what = this.group ? "Each is acknowledged as you see it now," : `${place} · ${id} ·`;
    at("act-about").textContent = `${what} as ${this.session.name}`;
  }

  /** One after another; what has moved on meanwhile is left as it is. @param {any[]} alerts */
  async sendGroup(alerts) {
    let [done, left] = [0, 0];
    for (const alert of alerts) {
      const wish = { ...wishOf(this.form, "acknowledge"), by: this.by, revision: alert.revision };
      try {
        this.done(await act(alert.alert_id, wish), "acknowledge");
        done += 1;
      } catch (error) {
        if (/** @type {any} */ (error).problem?.status !== 409) {
          this.group = alerts.slice(done + left);
          at("act-send").textContent = `Acknowledge the other ${this.group.length}`;
          throw error;
        }
        left += 1;
      }
    }
    this.leave();
    this.say(`${done} acknowledged${left ? `; ${left} had moved on and were left as they are` : ""}.`);
  }

  async send() {
    if (!this.form.reportValidity()) return;
    const wish = { ...wishOf(this.form, this.kind), by: this.by, revision: this.revision };
    const send = at("act-send");
    const says = send.textContent;
    send.disabled = true;
    send.textContent = "Recording …";
    try {
      if (this.group) return await this.sendGroup(this.group);
      const done = await act(this.detail.alert.alert_id, wish);
      this.leave();
      this.finished(done, this.kind);
    } catch (error) {
      this.trouble(error);
    } finally {
      send.disabled = false;
      // Where only a part of a group was done, the button says by now what is left.
      if (send.textContent === "Recording …") send.textContent = says;
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
    const sent = problem.type === "urn:truceline:problem:unanswered";
    const late = sent ? "It was sent, and is not answered yet: do not do it again." : "Nothing was recorded.";
    const unknown = problem.status === 0 ? "No answer." : late;
    const some = this.group ? `${this.group.length} are not acknowledged yet.` : unknown;
    const said = error.movedOn ? "Nothing was recorded: the alert has moved on." : some;
    const lines = [el("p", {}, el("b", { text: said }))];
    // Somebody else may have logged in meanwhile.
    this.about();
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
