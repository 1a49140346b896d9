/** Who is there: whether anybody has to log in, who has, and what he may. */

import { askFreely, door, send } from "./api.js";
import { at, plain } from "./dom.js";
import { operator } from "./kept.js";
import { lasting } from "./times.js";

/**
 * @typedef {{access: "open" | "users", user: {name: string, role: string} | null, csrf: string | null, may: string[],
 *   silence: boolean, audit: boolean}} Told
 */

/** @type {Told} */
const NOBODY = { access: "open", user: null, csrf: null, may: [], silence: false, audit: false };

export class Session {
  /** @param {() => void} changed somebody else is there, or may other things */
  constructor(changed) {
    this.changed = changed;
    this.told = NOBODY;
    this.box = at("login");
    this.form = at("login-form");
    /** While somebody is asked who he is. @type {Promise<void> | undefined} */
    this.asking = undefined;
    this.form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.enter();
    });
    // Nothing is to be seen without a login: a dialog that the browser closes comes back.
    this.box.addEventListener("cancel", (/** @type {Event} */ event) => event.preventDefault());
    this.box.addEventListener("close", () => this.shut && this.box.showModal());
    // He may have logged in in another tab meanwhile: a second login would end the first.
    addEventListener("focus", () => this.box.open && this.elsewhere());
    // What a browser kept of a page that was left is not shown again.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    door.opened = () => this.opened();
    door.shut = () => this.shut;
  }

  /** Whether somebody has to log in before anything is told. */
  get shut() {
    return this.told.access === "users" && !this.told.user;
  }

  /** Whether there are users: then an act's author is whoever is logged in. */
  get users() {
    return this.told.access === "users";
  }

  /** The name of whoever acts; empty where he has not said it. @returns {string} */
  get name() {
    return this.users ? (this.told.user?.name ?? "") : operator.get();
  }

  /** Whether he may do something with alerts. @param {string} kind */
  may(kind) {
    return this.told.may.includes(kind);
  }

  /** Why he may not. */
  get barred() {
    const { user } = this.told;
    return user ? `You are logged in as ${user.name}, ${plain(user.role)}` : "You are not logged in";
  }

  /** Reads who is there; waits until somebody is. @returns {Promise<void>} */
  opened() {
    this.asking ??= this.known().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  /** As `opened`, for those who ask again anyway where the server does not answer. */
  async checked() {
    await this.opened().catch(() => undefined);
  }

  async known() {
    const was = this.told.user?.name;
    this.take(await askFreely("/api/session"));
    if (this.shut) await this.login(was);
  }

  /** @param {Told} told */
  take(told) {
    const was = JSON.stringify(this.told);
    this.told = told;
    door.csrf = told.csrf ?? "";
    if (JSON.stringify(told) !== was) this.changed();
  }

  /** Asks for name and password until they are right. @param {string | undefined} was who was logged in until now */
  async login(was) {
    at("login-why").textContent = was
      ? "The session has ended: nothing is told here until you log in. What you were writing is kept."
      : "This console is for those who have a name and a password here.";
    at("login-trouble").replaceChildren();
    document.title = "Logged out: Truceline";
    const name = this.form.elements.namedItem("name");
    if (was) name.value = was;
    this.box.showModal();
    if (name.value) this.form.elements.namedItem("password").focus();
    await new Promise((told) => {
      this.entered = told;
    });
  }

  async elsewhere() {
    const told = await askFreely("/api/session").catch(() => null);
    if (told?.user && this.shut) this.entering(told);
  }

  /** @param {Told} told */
  entering(told) {
    this.take(told);
    this.form.elements.namedItem("password").value = "";
    this.box.close();
    this.entered?.(undefined);
  }

  async enter() {
    const [name, password] = ["name", "password"].map((one) => this.form.elements.namedItem(one));
    at("login-send").disabled = true;
    try {
      this.entering(await begun(name.value, password.value));
    } catch (error) {
      at("login-trouble").textContent = /** @type {Error} */ (error).message;
      password.select();
    } finally {
      at("login-send").disabled = false;
    }
  }

  /** Ends the session, and has nothing of what was read stay in the page. */
  async leave() {
    await send("DELETE", "/api/session");
    location.replace("/");
  }
}

/** @param {string} name @param {string} password @returns {Promise<Told>} */
async function begun(name, password) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ name, password });
  /** @type {Response} */
  let response;
  try {
    response = await fetch("/api/session", { method: "POST", headers, body });
  } catch {
    throw new Error("The server cannot be reached. Try again when it is back.");
  }
  if (response.ok) return response.json();
  if (response.status === 401) throw new Error("Name or password are not right.");
  if (response.status === 429) {
    const wait = Number(response.headers.get("Retry-After")) || 60;
    throw new Error(`Too many attempts. Try again in ${lasting(1_000 * wait)}.`);
  }
  throw new Error(`The server does not let anybody in now (status ${response.status}). Its log says why.`);
}
