/** Times in the agreement's zone and in UTC, and how long ago. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone @param {boolean} seconds */
function format(zone, seconds) {
  const key = `${zone}/${seconds}`;
  let found = formats.get(key);
  if (!found) {
    /** @type {Intl.DateTimeFormatOptions} */
    const parts = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
    found = new Intl.DateTimeFormat("sv-SE", { ...parts, ...(seconds ? { second: "2-digit" } : {}), timeZone: zone });
    formats.set(key, found);
  }
  return found;
}

/** A time to the microsecond, as a number. @param {string} time */
export function microseconds(time) {
  const finer = /\.\d{3}(\d{1,3})/.exec(time)?.[1] ?? "";
  return Date.parse(time) * 1_000 + Number(finer.padEnd(3, "0"));
}

/** @param {string} zone */
export function zoneName(zone) {
  return zone.split("/").pop()?.replaceAll("_", " ") ?? zone;
}

/**
 * A date and time in a zone, as `2026-03-01 06:40`.
 * @param {string | number | Date} time
 * @param {string} zone
 * @param {boolean} [seconds]
 */
export function inZone(time, zone, seconds = false) {
  return format(zone, seconds).format(new Date(time));
}

/**
 * A time in the agreement's zone and in UTC.
 * @param {string | number | Date} time
 * @param {string} zone
 * @param {boolean} [seconds]
 */
export function both(time, zone, seconds = false) {
  const [here, utc] = [inZone(time, zone, seconds), inZone(time, "UTC", seconds)];
  if (zone === "UTC") return `${utc} UTC`;
  const same = here.slice(0, 10) === utc.slice(0, 10);
  return `${here} ${zoneName(zone)} (${same ? utc.slice(11) : utc} UTC)`;
}

/**
 * The same, without the date where it is today's.
 * @param {string | number | Date} time
 * @param {string} zone
 */
export function recently(time, zone) {
  const told = both(time, zone);
  return told.startsWith(inZone(Date.now(), zone).slice(0, 10)) ? told.slice(11) : told;
}

/** @param {number} ms */
export function lasting(ms) {
  const minutes = Math.max(0, ms) / 60_000;
  if (minutes < 1) return `${Math.round(Math.max(0, ms) / 1_000)} s`;
  if (minutes < 90) return `${Math.round(minutes)} min`;
  if (minutes < 48 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 1_440)} days`;
}

/** @param {number} [time] */
export function clock(time = Date.now()) {
  return `${inZone(time, "UTC", true).slice(11)} UTC`;
}
