/** The agreements by which the record was judged: their zones, lines, sectors, parties and time zones. */

import { ask } from "./api.js";

const EARTH_M = 6_371_008.8;

/** What reaches no farther is in the sector in which its middle lies. */
const PLACE_M = 5_000;

export class Laws {
  constructor() {
    /** @type {any[]} */
    this.all = [];
  }

  async read() {
    this.all = await ask("/api/agreements");
  }

  /** @param {string} name */
  named(name) {
    return this.all.find((one) => one.name === name);
  }

  /** The time zone of an agreement; of the first, where none is named. @param {string} [name] @returns {string} */
  zone(name) {
    return (name ? this.named(name) : this.all[0])?.timezone ?? "UTC";
  }

  /** What a provision is called. @param {string} agreement @param {string} id @returns {string} */
  title(agreement, id) {
    const found = this.named(agreement)?.provisions?.find((/** @type {any} */ one) => one.id === id);
    return found?.title || id;
  }

  /** The sector in which an alert lies, by its name. @param {any} alert @returns {string} */
  sectorOf(alert) {
    if (alert.chainage_m === null || !alert.line) return "off the line";
    return this.sector(alert, 0)?.name ?? alert.line;
  }

  /**
   * The id of the sector in which an alert lies, as its label says it: none for what is too broad for one, unless it
   * speaks of a whole sector.
   * @param {any} alert
   * @returns {string}
   */
  sectorIdOf(alert) {
    const named = String(alert.figures?.sector ?? "");
    if (named && this.sectorName(named) !== named) return named;
    const broad = (alert.radius_m ?? 0) > PLACE_M;
    return this.sector(alert, broad ? alert.radius_m : 0)?.sector_id ?? "";
  }

  /** @param {any} alert @param {number} reachM */
  sector(alert, reachM) {
    const { agreement, line, chainage_m: at } = alert;
    if (at === null || !line) return undefined;
    const sectors = this.named(agreement)?.sectors ?? [];
    return sectors.find(
      (/** @type {any} */ one) => one.line_id === line && at - reachM >= one.from_m && at + reachM <= one.to_m,
    );
  }

  /** What a sector of any of the agreements is called. @param {string} id @returns {string} */
  sectorName(id) {
    const sectors = this.all.flatMap((one) => one.sectors ?? []);
    return sectors.find((/** @type {any} */ one) => one.sector_id === id)?.name ?? id;
  }

  /** @returns {{agreement: any, line: any}[]} */
  get lines() {
    return this.all.flatMap((agreement) =>
      (agreement.lines?.features ?? []).map((/** @type {any} */ line) => ({ agreement, line })),
    );
  }
}

/**
 * The places of a line between two chainages, latitude first, for drawing.
 * @param {number[][]} path longitude first
 * @param {number} lengthM as the server measures it
 * @param {number} fromM
 * @param {number} toM
 * @returns {[number, number][]}
 */
export function stretch(path, lengthM, fromM, toM) {
  const ends = [0];
  for (let row = 1; row < path.length; row += 1) ends.push(ends[row - 1] + distance(path[row - 1], path[row]));
  // A sphere's metres and the server's differ a little: the whole is made to fit.
  const scale = ends[ends.length - 1] / lengthM;
  const [begin, end] = [fromM * scale, toM * scale];
  /** @type {[number, number][]} */
  const found = [along(path, ends, begin)];
  for (let row = 0; row < path.length; row += 1) {
    if (ends[row] > begin && ends[row] < end) found.push([path[row][1], path[row][0]]);
  }
  found.push(along(path, ends, end));
  return found;
}

/** @param {number[][]} path @param {number[]} ends @param {number} at @returns {[number, number]} */
function along(path, ends, at) {
  let row = ends.findIndex((end) => end >= at);
  if (row < 0) row = path.length - 1;
  if (row === 0) return [path[0][1], path[0][0]];
  const share = (at - ends[row - 1]) / (ends[row] - ends[row - 1] || 1);
  const [[lon0, lat0], [lon1, lat1]] = [path[row - 1], path[row]];
  return [lat0 + (lat1 - lat0) * share, lon0 + (lon1 - lon0) * share];
}

/** @param {number[]} one @param {number[]} other */
function distance(one, other) {
  const [lon0, lat0, lon1, lat1] = [...one.slice(0, 2), ...other.slice(0, 2)].map((deg) => (deg * Math.PI) / 180);
  const half = Math.sin((lat1 - lat0) / 2) ** 2 + Math.cos(lat0) * Math.cos(lat1) * Math.sin((lon1 - lon0) / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.sqrt(half));
}

/**
 * Where one comes to from a place, so far in a direction; latitude first.
 * @param {number} lat
 * @param {number} lon
 * @param {number} azimuthDeg clockwise from north
 * @param {number} rangeM
 * @returns {[number, number]}
 */
export function reached(lat, lon, azimuthDeg, rangeM) {
  const [lat0, turn, far] = [(lat * Math.PI) / 180, (azimuthDeg * Math.PI) / 180, rangeM / EARTH_M];
  const lat1 = Math.asin(Math.sin(lat0) * Math.cos(far) + Math.cos(lat0) * Math.sin(far) * Math.cos(turn));
  const east = Math.atan2(
    Math.sin(turn) * Math.sin(far) * Math.cos(lat0),
    Math.cos(far) - Math.sin(lat0) * Math.sin(lat1),
  );
  return [(lat1 * 180) / Math.PI, lon + (east * 180) / Math.PI];
}
