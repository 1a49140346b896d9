/** Verification tasks: the looks that were asked for, of one alert and of all. */

import { ask } from "./api.js";
import { button, el, plain, table, within } from "./dom.js";
import { both } from "./times.js";

/** From these on there is nothing to be done. */
const ENDED = ["answered", "failed", "withdrawn"];
const MOST = 200;

/**
 * All tasks: what is still to be done first, what is overdue before the rest.
 * @param {import("./laws.js").Laws} laws
 * @param {(alertId: string) => void} open
 */
export async function taskTables(laws, open) {
  const all = await ask("/api/tasks");
  if (!all.length) return [el("p", { text: "No look was asked for: there are no verification tasks." })];
  const going = all.filter((/** @type {any} */ one) => !ENDED.includes(one.state));
  const ended = all.filter((/** @type {any} */ one) => ENDED.includes(one.state));
  const overdue = going.filter((/** @type {any} */ one) => one.overdue).length;
  const late = overdue ? `, ${overdue} overdue` : "";
  return [
    taskTable(`Verification tasks that are open (${going.length}${late})`, going, laws, open),
    ended.length
      ? el(
          "details",
          {},
          el("summary", { text: `Verification tasks that have ended (${ended.length})` }),
          taskTable("Verification tasks that have ended", ended, laws, open),
        )
      : "",
  ];
}

/**
 * @param {string} caption
 * @param {any[]} tasks
 * @param {import("./laws.js").Laws} laws
 * @param {(alertId: string) => void} open
 */
function taskTable(caption, tasks, laws, open) {
  const rows = tasks.slice(0, MOST).map((one) => {
    const zone = laws.zone(one.agreement || undefined);
    const about = within(one.about, 64);
    return [
      within(one.asset, 100),
      el("span", { class: one.overdue ? "mark overdue" : "", text: `${plain(one.state)}${one.overdue ? ", overdue" : ""}` }),
      one.kind === "alert" ? button(about, () => open(one.about)) : `gap: ${about}`,
      plain(one.notices),
      `${both(one.look_from, zone)} to ${both(one.look_until, zone)}`,
      within(one.said, 300),
    ];
  });
  return table(caption, ["Asset", "State", "About", "Looks for signs of", "When", "Last step"], rows);
}

/** One task with its steps, on the page of its alert. @param {any} one @param {string} zone */
export function taskOf(one, zone) {
  const steps = one.steps.map((/** @type {any} */ taken) => {
    const { event } = taken;
    const what = [event.step, event.reason, event.outcome].filter(Boolean).map(plain).join(", ");
    const said = event.text ? `: ${event.text}` : "";
    const not = taken.done ? "" : ` (not in force: ${taken.why})`;
    return el("li", { text: `${both(event.at, zone)}: ${within(`${event.by}: ${what}${said}${not}`)}` });
  });
  const { ask: asked } = one;
  const look = asked ? `${asked.asset} is to look for signs of ${plain(asked.notices)}, ` : "";
  const when = asked ? `${both(asked.look_from, zone)} to ${both(asked.look_until, zone)}` : "";
  return el(
    "div",
    { class: "task" },
    el("h4", { text: `${plain(one.state) || "not proposed"}: ${one.task_id}` }),
    asked ? el("p", { text: `${within(look)}${when}` }) : null,
    asked?.says ? el("p", { text: within(asked.says) }) : null,
    el("ul", {}, ...steps),
  );
}
