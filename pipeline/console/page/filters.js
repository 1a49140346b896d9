/** What is asked for, where it stands in the address bar, and which alerts it lets through. */

import { now } from "./clock.js";
import { patience } from "./terms.js";

export const SEVERITIES = ["grave", "serious", "minor"];
export const OPEN = ["alleged", "corroborated", "under_verification"];
export const FOUND = ["confirmed", "not_a_violation", "refuted"];

/** What `show` may be, in words. */
export const SHOWN = {
  open: "open: no outcome yet",
  waiting: "waiting: nobody has acknowledged",
  verification: "under verification",
  found: "with an outcome",
  all: "all",
};

/**
 * @typedef {{show: string, severity: string[], agreement: string, provision: string, standing: string, text: string,
 *   since: string, until: string, silence: string, budget: number}} Filters
 */

/** @returns {Filters} */
export function fromAddress() {
  const told = new URLSearchParams(location.search);
  const one = (/** @type {string} */ name) => (told.get(name) ?? "").slice(0, 200);
  const show = one("show");
  const budget = Number.parseInt(one("budget"), 10);
  const standing = one("standing");
  return {
    show: Object.hasOwn(SHOWN, show) ? show : "open",
    severity: told.getAll("severity").filter((name) => SEVERITIES.includes(name)),
    agreement: one("agreement"),
    provision: one("provision"),
    standing: ["possible", "all"].includes(standing) ? standing : "raised",
    text: one("text"),
    since: time(one("since")),
    until: time(one("until")),
    silence: one("silence"),
    budget: Number.isFinite(budget) && budget >= 0 ? Math.min(budget, 10_000) : 30,
  };
}

/** @param {string} text */
function time(text) {
  const at = Date.parse(text);
  return Number.isFinite(at) ? new Date(at).toISOString() : "";
}

/**
 * The filters as the address bar has them: what is as usual is left out.
 * @param {Filters} filters
 */
export function asAddress(filters) {
  return {
    show: filters.show === "open" ? "" : filters.show,
    severity: filters.severity,
    agreement: filters.agreement,
    provision: filters.provision,
    standing: filters.standing === "raised" ? "" : filters.standing,
    text: filters.text,
    since: filters.since,
    until: filters.until,
    silence: filters.silence,
    budget: filters.budget === 30 ? "" : filters.budget,
  };
}

/**
 * The filters as the server takes them.
 * @param {Filters} filters
 */
export function asQuery(filters) {
  const { severity, agreement, provision, standing, text, since, until } = filters;
  return {
    severity,
    agreement,
    provision,
    standing,
    text,
    since,
    until,
    status: statuses(filters.show),
    unacknowledged: filters.show === "waiting",
  };
}

/** @param {string} show */
function statuses(show) {
  return { open: OPEN, verification: ["under_verification"], found: FOUND }[show] ?? [];
}

/** @param {any} alert */
export function unacknowledged(alert) {
  return !alert.acknowledged_by && OPEN.includes(alert.status) && alert.standing === "raised";
}

/** Whether nobody has acknowledged it in time. @param {any} alert @param {number} [at] */
export function overdue(alert, at = now()) {
  return unacknowledged(alert) && at - Date.parse(alert.raised_at) > 1_000 * (patience[alert.severity] ?? Infinity);
}

/**
 * Whether the filters let an alert through, as the server decides it.
 * @param {Filters} filters
 * @param {any} alert
 */
export function takes(filters, alert) {
  const wanted = statuses(filters.show);
  return (
    alert.status !== "superseded" &&
    (!wanted.length || wanted.includes(alert.status)) &&
    (filters.show !== "waiting" || unacknowledged(alert)) &&
    (filters.standing === "all" || alert.standing === filters.standing) &&
    (!filters.severity.length || filters.severity.includes(alert.severity)) &&
    (!filters.agreement || alert.agreement === filters.agreement) &&
    (!filters.provision || alert.provision === filters.provision) &&
    (!filters.since || Date.parse(alert.observed_until) >= Date.parse(filters.since)) &&
    (!filters.until || Date.parse(alert.observed_from) <= Date.parse(filters.until)) &&
    says(alert, filters.text)
  );
}

const TOLD = "alert_id incident_id agreement provision article status severity line assignee acknowledged_by place";

/** @param {any} alert @param {string} text */
function says(alert, text) {
  if (!text.trim()) return true;
  const told = [...TOLD.split(" ").map((name) => alert[name] ?? ""), ...alert.report_ids].join("\n").toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => told.includes(word));
}
