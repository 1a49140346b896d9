/** What the page asks of the server, and what the server says when it cannot. */

/**
 * A refusal, as problem details (RFC 9457).
 * @typedef {{type: string, title: string, status: number, detail?: string, allowed?: string[],
 *   present?: any, errors?: {key: string, message: string}[]}} Problem
 */

export class Refused extends Error {
  /** @param {Problem} problem */
  constructor(problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }

  /** Whether the alert has moved on from what the operator had before him. */
  get movedOn() {
    return this.problem.type === "urn:truceline:problem:moved_on";
  }
}

/**
 * Asks, and gives what was answered.
 * @param {string} path
 * @param {Record<string, string | string[] | number | boolean | null | undefined>} [filters]
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function ask(path, filters = {}) {
  return answered(await reached(path + query(filters), {}));
}

/**
 * Does something with an alert.
 * @param {string} alertId
 * @param {Record<string, any>} wish
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function act(alertId, wish) {
  const body = JSON.stringify(wish);
  const headers = { "Content-Type": "application/json" };
  return answered(
    await reached(`/api/alerts/${encodeURIComponent(alertId)}/actions`, { method: "POST", headers, body }),
  );
}

/** @param {string} path @param {RequestInit} how */
async function reached(path, how) {
  try {
    return await fetch(path, how);
  } catch {
    const detail = "The server cannot be reached; nothing was done. Try again when the connection is back.";
    throw new Refused({ type: "about:blank", title: "Disconnected", status: 0, detail });
  }
}

/** @param {Response} response */
async function answered(response) {
  if (response.ok) return response.json();
  let problem = { type: "about:blank", title: response.statusText || "Refused", status: response.status };
  try {
    problem = { ...problem, ...(await response.json()) };
  } catch {
    // What is not JSON came from something in between: its status says all there is.
  }
  throw new Refused(problem);
}

/** @param {Record<string, any>} filters */
export function query(filters) {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(filters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "" && one !== false) told.append(name, String(one));
    }
  }
  const text = told.toString();
  return text ? `?${text}` : "";
}
