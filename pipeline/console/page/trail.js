/** The trail of what was done and read, for a supervisor: the last first. */

import { ask } from "./api.js";
import { at, button, el, plain, table, within } from "./dom.js";
import { both } from "./times.js";

const AT_ONCE = 100;

/** @param {import("./laws.js").Laws} laws */
export async function showTrail(laws) {
  const rows = el("div");
  const more = el("p");
  /** @type {any[]} */
  const entries = [];
  const read = async (/** @type {number | null} */ before) => {
    const told = await ask("/api/audit", { before, limit: AT_ONCE });
    entries.push(...told.entries);
    rows.replaceChildren(entryTable(entries, laws));
    const next = button("Show earlier ones", () => read(told.next).catch((error) => more.append(` ${error.message}`)));
    more.replaceChildren(told.next === null ? "That is all." : next);
  };
  await read(null);
  at("audit").replaceChildren(rows, more);
}

/** @param {any[]} entries @param {import("./laws.js").Laws} laws */
function entryTable(entries, laws) {
  const zone = laws.zone();
  const rows = entries.map((one) => [
    both(one.at, zone, true),
    `${within(one.user, 200) || "nobody"}${one.role ? ` (${plain(one.role)})` : ""}`,
    plain(one.what),
    within(one.about, 200),
    outcome(one.outcome),
    one.from,
  ]);
  return table(`What was done and read (${entries.length})`, ["When", "Who", "What", "About", "Outcome", "From"], rows);
}

/** @param {string} told */
function outcome(told) {
  const bad = ["failed", "refused", "not_allowed", "csrf", "moved_on"].includes(told);
  return el("span", { class: bad ? "verdict broken" : "", text: `${bad ? "▲ " : ""}${plain(told)}` });
}
