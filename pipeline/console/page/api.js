/** What the page asks of the server, and what the server says when it cannot. */

/**
 * A refusal, as problem details (RFC 9457).
 * @typedef {{type: string, title: string, status: number, detail?: string, allowed?: string[],
 *   present?: any, errors?: {key: string, message: string}[]}} Problem
 */

/**
 * Who is there, as the session's keeper says it: requests are let through, or wait until somebody has logged in.
 */
export const door = {
  /** What goes with whatever changes something. */
  csrf: "",
  /** Whether nobody is logged in: what asks by the clock waits for another turn. */
  shut: () => false,
  /** Until somebody is logged in. @type {() => Promise<void>} */
  opened: async () => undefined,
};

/** So often a request is asked again after a login: what is refused still is refused for another reason. */
const AGAIN = 3;

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
  for (let turn = 1; ; turn += 1) {
    const response = await reached(path + query(filters), {});
    if (response.status !== 401 || turn === AGAIN) return answered(response);
    await door.opened();
  }
}

/**
 * Asks something that needs no login.
 * @param {string} path
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function askFreely(path) {
  return answered(await reached(path, {}));
}

/**
 * Does something with an alert.
 * @param {string} alertId
 * @param {Record<string, any>} wish
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function act(alertId, wish) {
  return send("POST", `/api/alerts/${encodeURIComponent(alertId)}/actions`, wish);
}

/**
 * Changes something. Whoever's session had ended logs in, and then decides himself whether it is still to be done: it
 * may be another who logs in.
 * @param {string} method
 * @param {string} path
 * @param {Record<string, any>} [wish]
 * @returns {Promise<any>}
 * @throws {Refused}
 */
export async function send(method, path, wish) {
  /** @type {Record<string, string>} */
  const headers = wish ? { "Content-Type": "application/json" } : {};
  if (door.csrf) headers["X-CSRF-Token"] = door.csrf;
  const response = await reached(path, { method, headers, body: wish ? JSON.stringify(wish) : undefined });
  if (response.ok) return response.status === 204 ? null : response.json();
  const refused = await refusal(response);
  if (!["not_logged_in", "csrf"].some((name) => refused.problem.type.endsWith(`:${name}`))) throw refused;
  await door.opened();
  const detail = "The session had ended, so nothing was done. Look at who is logged in now, and do it again.";
  throw new Refused({ ...refused.problem, detail });
}

/** @param {string} path @param {RequestInit} how */
async function reached(path, how) {
  try {
    return await fetch(path, how);
  } catch {
    const detail = how.method
      ? "The server cannot be reached: whether it was done is not known. Look at it when the connection is back."
      : "The server cannot be reached. Try again when the connection is back.";
    throw new Refused({ type: "about:blank", title: "Disconnected", status: 0, detail });
  }
}

/** @param {Response} response */
async function answered(response) {
  if (response.ok) return response.json();
  throw await refusal(response);
}

/** @param {Response} response */
async function refusal(response) {
  let problem = { type: "about:blank", title: response.statusText || "Refused", status: response.status };
  try {
    problem = { ...problem, ...(await response.json()) };
  } catch {
    // What is not JSON came from something in between: its status says all there is.
  }
  return new Refused(problem);
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
