/** What an operator is asked for each act, and the fields for it. */

import { el, plain } from "./dom.js";
import { terms } from "./terms.js";

/**
 * Each act: what the button says, its key, and the fields of its form.
 * @type {Record<string, {says: string, key: string, fields: string[], ask?: string, needed?: boolean}>}
 */
export const ACTS = {
  acknowledge: { says: "Acknowledge", key: "a", fields: ["text"] },
  verify: { says: "Send to verify", key: "v", fields: ["reason", "text"], ask: "What is to be found out?" },
  outcome: { says: "Record outcome", key: "o", fields: ["outcome", "reason", "text"], ask: "What was found, and how?" },
  comment: { says: "Comment", key: "c", fields: ["text"], needed: true },
  assign: { says: "Assign", key: "s", fields: ["assignee", "text"] },
  reopen: { says: "Reopen", key: "r", fields: ["reason", "text"] },
  attribute: { says: "Attribute", key: "", fields: ["party", "basis", "confidence", "text"] },
  respond: { says: "Party's response", key: "", fields: ["party", "response", "text"] },
  duplicate: { says: "Duplicate of another", key: "", fields: ["other", "text"] },
  split: { says: "Split", key: "", fields: ["report_ids", "text"] },
  seal: { says: "Seal reports", key: "", fields: ["report_ids", "reason", "text"] },
};

const OUTCOMES = ["confirmed", "not_a_violation", "refuted"];
/** @type {Record<string, string>} */
const SIGNS = { confirmed: "✓", not_a_violation: "○", refuted: "✕" };

/**
 * The fields of an act's form.
 * @param {string} kind
 * @param {any} detail the alert with its reports
 * @param {any} law its agreement
 * @returns {HTMLElement[]}
 */
export function fieldsOf(kind, detail, law) {
  const { fields, ask = "In your words (optional)", needed } = ACTS[kind];
  /** @type {Record<string, () => HTMLElement>} */
  const made = {
    text: () => labelled(ask, el("textarea", { name: "text", rows: 3, maxlength: 4000, required: needed ?? false })),
    reason: () => labelled("Reason", select("reason", reasonTerms(kind), true)),
    outcome: () => outcomes(),
    assignee: () =>
      labelled("For whom (empty: nobody)", el("input", { name: "assignee", maxlength: 200, autocomplete: "off" })),
    party: () => labelled("Party", select("party", parties(law), true)),
    basis: () => labelled("On what basis", select("basis", terms.bases, true)),
    confidence: () => labelled("How confident", select("confidence", terms.confidences, true)),
    response: () => labelled("What the party says", select("response", terms.responses, true)),
    other: () =>
      labelled(
        "Id of the other alert",
        el("input", { name: "other", required: true, maxlength: 64, autocomplete: "off" }),
      ),
    report_ids: () => reports(detail.reports),
  };
  return fields.map((name) => made[name]());
}

/** @param {string} kind */
function reasonTerms(kind) {
  return kind === "outcome" ? [] : terms.reasons.filter((one) => one.group === kind);
}

/** @param {string} text @param {HTMLElement} field */
function labelled(text, field) {
  return el("label", { class: "field" }, el("span", { text }), field);
}

/** @param {string} name @param {import("./terms.js").Term[]} list @param {boolean} required */
function select(name, list, required) {
  const empty = el("option", { value: "", text: "choose …" });
  return el("select", { name, required }, empty, ...options(list));
}

/** @param {import("./terms.js").Term[]} list */
function options(list) {
  return list.map((one) => el("option", { value: one.term, text: `${plain(one.term)}: ${one.meaning}` }));
}

/** @param {any} law @returns {import("./terms.js").Term[]} */
function parties(law) {
  return (law?.parties ?? []).map((/** @type {any} */ one) => ({ term: one.id, meaning: one.name, group: "" }));
}

/** The outcome, which decides what reasons there are. */
function outcomes() {
  const box = el("fieldset", { class: "choice" }, el("legend", { text: "What was found" }));
  for (const name of OUTCOMES) {
    const about = terms.statuses.find((one) => one.term === name)?.meaning ?? "";
    const radio = el("input", { type: "radio", name: "outcome", value: name, required: true });
    radio.addEventListener("change", () => {
      const reasons = radio.form.elements.namedItem("reason");
      const fitting = terms.reasons.filter((one) => one.group === name);
      reasons.replaceChildren(el("option", { value: "", text: "choose …" }), ...options(fitting));
    });
    box.append(el("label", {}, radio, ` ${SIGNS[name]} ${plain(name)}: ${about}`));
  }
  return box;
}

/** @param {any[]} all */
function reports(all) {
  const box = el("fieldset", { class: "choice" }, el("legend", { text: "Which reports" }));
  for (const one of all) {
    const said = ` ${one.report_id} (${one.observer ?? one.source})`;
    box.append(
      el("label", {}, el("input", { type: "checkbox", name: "report_ids", value: one.report_id }), said.slice(0, 200)),
    );
  }
  return box;
}

/**
 * What a form says, as the server takes it.
 * @param {HTMLFormElement} form
 * @param {string} kind
 */
export function wishOf(form, kind) {
  /** @type {Record<string, any>} */
  const wish = { action: kind };
  const told = new FormData(form);
  for (const name of new Set(told.keys())) {
    const values = told
      .getAll(name)
      .map((value) => String(value).trim())
      .filter(Boolean);
    if (name === "report_ids") wish.report_ids = values;
    else if (values.length) [wish[name]] = values;
  }
  return wish;
}
