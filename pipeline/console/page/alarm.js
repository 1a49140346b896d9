/** What calls an operator: a tone for a grave alert, once it is switched on; a number in the tab's title; words read aloud. */

import { at } from "./dom.js";
import { like, liking } from "./kept.js";

const QUIET_MS = 4_000;

export class Alarm {
  constructor() {
    this.on = liking("sound", "off") === "on";
    /** @type {AudioContext | undefined} */
    this.audio = undefined;
    /** @type {any[]} */
    this.untold = [];
    this.toldAt = 0;
    at("sound").addEventListener("click", () => this.toggle());
    // A browser lets no page sound before somebody has touched it.
    addEventListener("pointerdown", () => this.on && this.awake(), { once: true });
    addEventListener("keydown", () => this.on && this.awake(), { once: true });
    this.draw();
  }

  toggle() {
    this.on = !this.on;
    like("sound", this.on ? "on" : "off");
    if (this.on) {
      this.awake();
      this.tone();
    }
    this.draw();
  }

  draw() {
    at("sound").setAttribute("aria-pressed", String(this.on));
    at("sound").textContent = this.on ? "Sound on" : "Sound off";
  }

  awake() {
    this.audio ??= new AudioContext();
    this.audio.resume().catch(() => undefined);
  }

  /** Two notes, the second higher: told from a telephone, and short. */
  tone() {
    if (!this.audio) return;
    const begin = this.audio.currentTime;
    [660, 880].forEach((hertz, index) => {
      const audio = /** @type {AudioContext} */ (this.audio);
      const [note, loud] = [audio.createOscillator(), audio.createGain()];
      note.frequency.value = hertz;
      loud.gain.setValueAtTime(0.0001, begin + index * 0.2);
      loud.gain.exponentialRampToValueAtTime(0.25, begin + index * 0.2 + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, begin + index * 0.2 + 0.18);
      note.connect(loud).connect(audio.destination);
      note.start(begin + index * 0.2);
      note.stop(begin + index * 0.2 + 0.2);
    });
  }

  /** @param {any[]} fresh alerts that were not there before */
  tell(fresh) {
    this.untold.push(...fresh.filter((one) => one.standing === "raised"));
    if (!this.untold.length || this.timer) return;
    this.timer = setTimeout(() => this.speak(), Math.max(0, this.toldAt + QUIET_MS - Date.now()));
  }

  /** Once for all that came meanwhile: a flood is one sentence and one tone. */
  speak() {
    this.timer = undefined;
    this.toldAt = Date.now();
    const grave = this.untold.filter((one) => one.severity === "grave");
    const [first] = grave.length ? grave : this.untold;
    const many = this.untold.length > 1 ? `${this.untold.length} new alerts, ${grave.length} grave. ` : "New alert. ";
    at("spoken").textContent = `${many}${first.severity}: ${first.title}, ${first.place}`;
    this.untold = [];
    if (grave.length && this.on) this.tone();
  }

  /** @param {number} grave how many grave ones nobody has acknowledged */
  badge(grave) {
    document.title = grave ? `(${grave}) Truceline` : "Truceline";
  }
}
