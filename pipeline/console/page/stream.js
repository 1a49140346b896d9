/**
 * The stream of changes. The browser comes back by itself with `Last-Event-ID`; where it gives up, the page comes back
 * with the last entry that it has. What was said in between is told then: nothing is skipped, nothing told twice.
 */

/** The server says that all is well every 15 s: after two of these without a word the stream counts as dead. */
const SILENT_MS = 32_000;
const AGAIN_MS = 1_500;

/**
 * @typedef {{state: "connecting" | "live" | "lost", since: number, heard: number, trouble: boolean}} Condition
 */

export class Stream {
  /**
   * @param {(changes: any[]) => void} changed
   * @param {() => void} reset
   * @param {() => Promise<void>} allowed asks whether anybody is logged in, and waits until somebody is
   * @param {(condition: Condition) => void} told
   */
  constructor(changed, reset, allowed, told) {
    this.changed = changed;
    this.reset = reset;
    this.allowed = allowed;
    this.told = told;
    this.entry = 0;
    /** @type {Condition} */
    this.condition = { state: "connecting", since: Date.now(), heard: Date.now(), trouble: false };
    setInterval(() => this.watch(), 2_000);
  }

  /** @param {number} entry the last entry of the history that the page has */
  listen(entry) {
    this.entry = entry;
    this.open();
  }

  open() {
    this.source?.close();
    const source = new EventSource(`/api/events?after=${this.entry}`);
    this.source = source;
    source.addEventListener("position", () => this.heard());
    source.addEventListener("alive", (event) => this.heard(JSON.parse(event.data).trouble));
    source.addEventListener("alerts", (event) => this.take(JSON.parse(event.data)));
    source.addEventListener("reset", () => {
      this.heard();
      this.reset();
    });
    source.onerror = () => this.lost(source);
  }

  /** @param {any[]} changes */
  take(changes) {
    this.heard();
    const news = changes.filter((one) => one.entry > this.entry);
    if (!news.length) return;
    this.entry = news[news.length - 1].entry;
    this.changed(news);
  }

  /** @param {boolean} [trouble] the server cannot read its store */
  heard(trouble = false) {
    const was = this.condition;
    const since = was.state === "live" && was.trouble === trouble ? was.since : Date.now();
    this.condition = { state: "live", since, heard: Date.now(), trouble };
    this.told(this.condition);
  }

  /** @param {EventSource} source */
  lost(source) {
    if (source !== this.source) return;
    if (this.condition.state !== "lost") {
      this.condition = { ...this.condition, state: "lost", since: this.condition.heard };
      this.allowed();
    }
    this.told(this.condition);
    // A refusal, unlike a broken line, ends the browser's own attempts.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => this.again(source), AGAIN_MS);
  }

  /** @param {EventSource} source */
  async again(source) {
    await this.allowed();
    if (source === this.source) this.open();
  }

  watch() {
    if (this.condition.state === "live" && Date.now() - this.condition.heard > SILENT_MS) {
      this.condition = { ...this.condition, state: "lost", since: this.condition.heard };
      this.open();
    }
    this.told(this.condition);
  }
}
