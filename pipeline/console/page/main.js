/** The console: what is read at the start, what is done as changes come, and what each key and click means. */

import { Alarm } from "./alarm.js";
import { query } from "./api.js";
import { Book } from "./book.js";
import { isPlaying, keepClock } from "./clock.js";
import { Desk } from "./desk.js";
import { Detail } from "./detail.js";
import { at, button, el } from "./dom.js";
import { asAddress, fromAddress, unacknowledged } from "./filters.js";
import { ACTS } from "./forms.js";
import { items } from "./groups.js";
import { listenToKeys } from "./keys.js";
import { Laws } from "./laws.js";
import { Lines } from "./lines.js";
import { List } from "./list.js";
import { Chart } from "./map.js";
import { connection, filterPanel, headline, looks } from "./panel.js";
import { Session } from "./session.js";
import { Silences } from "./silences.js";
import { Silencing, hoursOffered } from "./silencing.js";
import { Stream } from "./stream.js";
import { readTerms } from "./terms.js";
import { clock, recently } from "./times.js";
import { showTrail } from "./trail.js";
import { showHandover, showProvisions, showWatching } from "./views.js";

const VIEWS = ["watch", "line", "watching", "provisions", "handover", "silences", "audit"];
const DRAW_MS = 150;
const WATCHED_MS = 300_000;
const OVERDUE_MS = 20_000;

class Console {
  constructor() {
    this.laws = new Laws();
    this.session = new Session(() => this.entered());
    this.silences = new Silences(() => this.hushed());
    this.book = new Book(this.silences);
    this.alarm = new Alarm();
    this.filters = fromAddress();
    this.view = "watch";
    const { laws, session, silences } = this;
    const say = (/** @type {string} */ text) => this.say(text);
    const opened = (/** @type {any} */ item) => this.open(item);
    this.list = new List(laws, silences, opened, (item) => this.moved(item));
    this.chart = new Chart(laws, (id) => this.openAlert(id, false));
    this.detail = new Detail(
      laws,
      session,
      silences,
      (kind) => this.act(kind),
      (told) => this.chart.choose(told),
    );
    this.desk = new Desk(laws, session, (done) => this.acted(done), say);
    this.silencing = new Silencing(laws, silences, session, this.book, say);
    this.lines = new Lines(laws, this.chart, (told, cell) => this.openCell(told, cell));
    this.stream = new Stream(
      (changes) => this.changed(changes),
      () => this.reload(),
      () => session.checked(),
      connection,
    );
    this.ready = false;
    /** @type {(filters: any) => void} */
    this.setFields = () => undefined;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.moving = 0;
    this.saying = 0;
  }

  async start() {
    await this.session.opened();
    // A filter may name a silence: then what it holds back has to be known first.
    const hushing = this.silences.start().catch((error) => this.say(String(error.message)));
    const reading = this.filters.silence ? hushing.then(() => this.read()) : this.read();
    reading.catch(() => undefined);
    await Promise.all([this.laws.read(), readTerms(), keepClock()]);
    this.ready = true;
    this.setFields = filterPanel(this.filters, this.laws, (filters) => this.filter(filters));
    this.setFields(this.filters);
    at("hush-hours").replaceChildren(...hoursOffered());
    this.listen();
    this.entered();
    hushing.then(() => this.hushed());
    looks(() => this.repaint());
    this.draw();
    at("latest").textContent = `no change since ${clock()}`;
    this.stream.listen(await reading);
    this.chart.fit(this.book.points.values());
    this.fromAddress();
    await this.chart.read();
    this.lines.read();
    setInterval(() => this.session.shut || this.lines.read(), isPlaying() ? WATCHED_MS / 5 : WATCHED_MS);
    // What nobody acknowledged in time becomes overdue though nothing changed.
    setInterval(() => this.draw(), OVERDUE_MS);
  }

  listen() {
    at("alert").addEventListener("leave", () => this.leave());
    for (const view of VIEWS) at(`tab-${view}`).addEventListener("click", () => this.show(view, true));
    at("help-open").addEventListener("click", () => at("help").showModal());
    at("hidden-graves").addEventListener("click", () => at("clear").click());
    at("wall").addEventListener("click", () => this.wall());
    addEventListener("popstate", () => this.fromAddress());
    const go = (/** @type {number} */ step) => () => this.view === "watch" && this.list.move(step);
    const act = (/** @type {string} */ kind) => () => this.act(kind);
    const shortcuts = Object.entries(ACTS)
      .filter(([, one]) => one.key)
      .map(([kind, one]) => [one.key, act(kind)]);
    const views = VIEWS.map((view, index) => [String(index + 1), () => this.offered(view) && this.show(view, true)]);
    listenToKeys({
      ...Object.fromEntries([...shortcuts, ...views]),
      j: go(1),
      k: go(-1),
      ArrowDown: go(1),
      ArrowUp: go(-1),
      ArrowRight: () => this.fold(true),
      ArrowLeft: () => this.fold(false),
      Enter: () => this.list.chosen && this.open(this.list.chosen, true),
      Escape: () => this.leave(),
      "/": () => {
        this.show("watch", true);
        at("search").focus();
      },
      "?": () => at("help").showModal(),
      h: act("hush"),
      m: () => at("map").focus(),
      w: () => this.wall(),
    });
  }

  read() {
    return this.book.read(this.filters, () => this.draw());
  }

  /** What was filtered, or another store: everything anew. */
  async reload() {
    try {
      const entry = await this.read();
      if (entry < this.stream.entry) this.stream.listen(entry);
      if (this.detail.id) this.detail.read();
    } catch (error) {
      this.say(String(error));
    }
  }

  /** @param {import("./filters.js").Filters} filters */
  filter(filters) {
    this.filters = filters;
    this.setFields(filters);
    this.address(false);
    this.reload();
  }

  /** @param {any[]} changes */
  changed(changes) {
    const fresh = this.book.take(changes);
    this.alarm.tell(fresh);
    this.silences.soon();
    if (changes.some((one) => one.alert.alert_id === this.detail.id)) this.detail.read();
    const last = changes[changes.length - 1];
    at("latest").textContent = `last change ${recently(last.decided_at, this.laws.zone())}`;
    // However fast they come, the screen is drawn a few times a second.
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.draw();
    }, DRAW_MS);
  }

  draw() {
    if (!this.ready) return;
    const { budget } = this.filters;
    this.list.show(items(this.book.listed, budget, this.list.openGroups, (alert) => this.laws.sectorOf(alert)));
    if (!this.book.counted) return;
    this.chart.points.show(this.book.points);
    const filtered = Object.values(asAddress(this.filters)).some((set) => String(set));
    headline(this.book, budget, this.silences.held.size, filtered);
    this.alarm.badge(this.book.graves.size);
  }

  repaint() {
    this.chart.draw();
    if (this.detail.told) this.chart.choose(this.detail.told);
    this.lines.diagram.draw();
  }

  /** Whether a view is there for whoever is logged in. @param {string} view */
  offered(view) {
    if (view === "silences") return this.silences.configured;
    return view !== "audit" || this.session.told.audit;
  }

  /** The views that are there. */
  tabs() {
    for (const view of VIEWS) at(`tab-${view}`).hidden = !this.offered(view);
    if (!this.offered(this.view)) this.show("watch", true);
  }

  /** Somebody else is there, or may other things than before. */
  entered() {
    this.desk.showName();
    if (!this.ready) return;
    this.tabs();
    this.detail.draw();
    this.draw();
  }

  /** What is held back has changed. */
  hushed() {
    const { active, trouble } = this.silences;
    at("tab-silences").textContent = `Silences (${trouble ? "▲ not known" : active.length})`;
    if (!this.ready) return;
    this.tabs();
    // Now it is known whether there is such a view.
    if (new URLSearchParams(location.search).get("view") === "silences") this.show("silences", false);
    if (this.view === "silences") this.fill("silences");
    if (this.filters.silence) this.reload();
    this.detail.draw();
    this.draw();
  }

  /** @param {import("./groups.js").Item} item */
  open(item, focus = false) {
    if (item.kind === "alert") return this.openAlert(item.alert.alert_id, focus);
    this.list.fold(item.key);
    this.draw();
  }

  /** @param {boolean} open */
  fold(open) {
    const item = this.list.chosen;
    if (item?.kind !== "group") return;
    this.list.fold(item.key, open);
    this.draw();
  }

  /** @param {string} id @param {boolean} focus */
  async openAlert(id, focus) {
    this.show("watch", false);
    const step = Boolean(this.detail.id);
    if (this.list.key !== id) this.list.mark(id);
    await this.detail.open(id, focus);
    if (this.detail.told?.alert.alert_id === id) this.chart.goTo(this.detail.told.alert);
    this.address(!step);
  }

  /** While an alert is open, going through the list opens the next. @param {import("./groups.js").Item} item */
  moved(item) {
    clearTimeout(this.moving);
    if (this.detail.id && item.kind === "alert") this.moving = setTimeout(() => this.openAlert(item.key, false), 120);
    else if (item.kind === "alert") this.chart.points.mark(item.key);
  }

  leave() {
    if (!this.detail.id) return;
    this.detail.close();
    this.address(true);
    at("list").focus();
  }

  /** @param {string} kind */
  act(kind) {
    const item = this.list.chosen;
    const allowed = kind === "hush" ? this.session.told.silence : this.session.may(kind);
    if (!allowed) return this.say(`${this.session.barred}: this is for others.`);
    if (kind === "hush") return this.hush(item);
    if (kind === "acknowledge" && !this.detail.id && item?.kind === "group") {
      const waiting = item.alerts.filter(unacknowledged);
      return waiting.length ? this.desk.openGroup(waiting) : this.say("All of this group are acknowledged.");
    }
    if (this.detail.id && !this.detail.told) return this.say("The alert is still being read: look at it first.");
    const told = this.detail.told ?? this.fromList();
    if (!told) return this.say("Choose an alert first: j and k go through the list.");
    if (kind === "acknowledge") return this.desk.quick(kind, told);
    return this.desk.open(kind, told);
  }

  /** Asks how notifications are to be held back. @param {import("./groups.js").Item | undefined} item */
  async hush(item) {
    const alert = this.detail.told?.alert ?? (item?.kind === "group" ? item.alerts[0] : item?.alert);
    if (!this.silences.configured) return this.say("No Alertmanager is configured: there is nothing to hold back.");
    if (!alert) return this.say("Choose an alert first: j and k go through the list.");
    if (await this.desk.askName()) this.silencing.open(alert, !this.detail.told && item?.kind === "group");
  }

  fromList() {
    const item = this.list.chosen;
    if (item?.kind === "group") this.say("A group: → opens it, then choose an alert.");
    return item?.kind === "alert" ? { alert: item.alert, reports: [] } : null;
  }

  /** @param {any} done */
  acted(done) {
    if (done.alert) {
      this.book.put(done.alert, this.book.wants(done.alert));
      this.detail.take(done.alert);
    }
    this.book.sorted = null;
    this.draw();
    if (this.detail.id) this.detail.read();
  }

  /** @param {string} text */
  say(text) {
    at("said").textContent = text;
    clearTimeout(this.saying);
    this.saying = setTimeout(() => (at("said").textContent = ""), 12_000);
  }

  /** @param {string} view @param {boolean} push */
  show(view, push) {
    if (view === this.view && !push) return;
    this.view = view;
    for (const name of VIEWS) {
      at(`view-${name}`).hidden = name !== view;
      if (name === view) at(`tab-${name}`).setAttribute("aria-current", "page");
      else at(`tab-${name}`).removeAttribute("aria-current");
    }
    if (push) this.address(true);
    this.fill(view).catch((error) => this.failed(view, error));
  }

  /** @param {string} view @param {Error} error */
  failed(view, error) {
    if (VIEWS.indexOf(view) < 2) return this.say(error.message);
    const again = button("Try again", () => this.show(view, true));
    at(view).replaceChildren(el("p", { class: "trouble", role: "alert", text: error.message }), again);
  }

  /** @param {string} view */
  async fill(view) {
    const box = VIEWS.indexOf(view) > 1 ? at(view) : null;
    if (box && !box.childElementCount) box.replaceChildren("Reading …");
    const open = (/** @type {string} */ id) => this.openAlert(id, true);
    if (view === "line") await this.lines.draw();
    if (view === "watching") await showWatching(this.laws, open);
    if (view === "provisions") await showProvisions(this.laws);
    if (view === "handover") await showHandover(this.laws, open);
    if (view === "silences") this.silencing.show((id) => this.openSilence(id));
    if (view === "audit") await showTrail(this.laws);
  }

  /** A stretch and hour of the diagram: its alerts. @param {any} told @param {{hour: number, column: number}} cell */
  openCell(told, cell) {
    const since = told.hours[cell.hour];
    const until = new Date(Date.parse(since) + 3_600_000 - 1).toISOString();
    this.show("watch", true);
    this.filter({ ...this.filters, show: "all", agreement: told.agreement, since, until });
    this.lines.watched(cell.hour);
    this.chart.goToStretch(told, cell.column);
  }

  /** The alerts that a silence holds back. @param {string} silence */
  openSilence(silence) {
    this.show("watch", true);
    const all = { severity: [], agreement: "", provision: "", standing: "all", text: "", since: "", until: "" };
    this.filter({ ...this.filters, ...all, show: "all", silence });
  }

  wall() {
    this.setWall(!document.body.classList.contains("wall"));
    this.address(false);
  }

  /** The view that is read from two metres. @param {boolean} on */
  setWall(on) {
    document.body.classList.toggle("wall", on);
    at("wall").setAttribute("aria-pressed", String(on));
  }

  /** @param {boolean} push */
  address(push) {
    const wall = document.body.classList.contains("wall");
    const view = this.view === "watch" ? "" : this.view;
    const told = { view, ...asAddress(this.filters), alert: this.detail.id, wall };
    const wanted = `/${query(told)}`;
    if (wanted === location.pathname + location.search) return;
    history[push ? "pushState" : "replaceState"](null, "", wanted);
  }

  /** What the address bar says, as after a step back. */
  fromAddress() {
    const told = new URLSearchParams(location.search);
    const wanted = fromAddress();
    if (query(asAddress(wanted)) !== query(asAddress(this.filters))) this.filter(wanted);
    this.setWall(told.get("wall") === "true");
    const view = told.get("view") ?? "watch";
    this.show(VIEWS.includes(view) && this.offered(view) ? view : "watch", false);
    const alertId = told.get("alert") ?? "";
    if (alertId && alertId !== this.detail.id) this.openAlert(alertId, false);
    if (!alertId) this.detail.close();
  }
}

new Console().start().catch((error) => {
  at("banner").hidden = false;
  at("banner").textContent = `The console cannot start: ${error.message}. Load the page again when the server is back.`;
});
