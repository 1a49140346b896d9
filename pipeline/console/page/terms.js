/** The closed lists from which an operator chooses, as the server has them. */

import { ask } from "./api.js";

/** @typedef {{term: string, meaning: string, group: string}} Term */

/** @type {Record<string, Term[]>} */
export const terms = {};

/** From which share on a place counts as watched, and below which as not watched. */
export const levels = { observed: 0.5, unobserved: 0.1 };

/** For how many seconds an alert of a severity may be unacknowledged. @type {Record<string, number>} */
export const patience = {};

export async function readTerms() {
  const told = await ask("/page/terms.json");
  for (const [name, list] of Object.entries(told)) if (Array.isArray(list)) terms[name] = list;
  Object.assign(patience, told.patience_s);
  levels.observed = told.observed_from;
  levels.unobserved = told.unobserved_below;
}

/** What a term means. @param {string} list @param {string} term */
export function meaning(list, term) {
  return terms[list]?.find((one) => one.term === term)?.meaning ?? "";
}
