/** The server's clock, by which everything has its age: this machine's may be wrong, and a scenario has one of its own. */

import { ask } from "./api.js";
import { at } from "./dom.js";

const AGAIN_MS = 60_000;

let told = { now: 0, pace: 1, playing: false };
let asked = 0;

/** What time it is, in milliseconds since 1970. */
export function now() {
  return asked ? told.now + (Date.now() - asked) * told.pace : Date.now();
}

/** Whether a scenario is played, which ends some time. */
export function isPlaying() {
  return told.playing;
}

/** Asks what time it is, and does so again from time to time. */
export async function keepClock() {
  await read();
  setInterval(() => read().catch(() => undefined), AGAIN_MS);
}

async function read() {
  const begun = Date.now();
  const one = await ask("/api/clock");
  asked = (begun + Date.now()) / 2;
  told = { now: Date.parse(one.now), pace: one.pace, playing: one.playing !== null };
  at("playing").hidden = one.playing === null;
  at("playing").textContent = `Simulated: ${one.playing}, ${one.pace.toLocaleString("en-GB")} times as fast. Nothing of it is real.`;
}
