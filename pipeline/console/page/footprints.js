/** Footprints as they are: a disc, the sectors of a bearing, an area. */

import { reached } from "./laws.js";

const L = /** @type {any} */ (globalThis).L;
const ARC_DEG = 4;

/**
 * What draws a footprint, once it is told in which style; nothing for what is from nowhere.
 * @param {any} told
 * @param {Map<string, any>} outlines of named areas
 * @returns {((style: any) => any)[]}
 */
export function footprint(told, outlines) {
  if (!told) return [];
  if (told.kind === "disc") return [(style) => L.circle([told.lat, told.lon], { ...style, radius: told.radius_m })];
  if (told.kind === "bearing") return bearing(told);
  if (told.kind === "area") return area(told, outlines);
  return [];
}

/** @param {any} told @returns {((style: any) => any)[]} */
function bearing(told) {
  const sectors = told.azimuths_deg.map((/** @type {number[]} */ [from, to]) => {
    const width = to - from >= 360 ? 360 : (((to - from) % 360) + 360) % 360 || 360;
    const steps = Math.max(2, Math.round(width / ARC_DEG));
    const turns = Array.from({ length: steps + 1 }, (_, step) => from + (width * step) / steps);
    const [far, near] = [told.range_max_m, told.range_min_m].map((range) =>
      turns.map((turn) => reached(told.lat, told.lon, turn, range)),
    );
    if (width >= 360) return told.range_min_m ? [far, near] : [far];
    return [[...far, ...near.reverse()]];
  });
  const observer = (/** @type {any} */ style) =>
    L.circleMarker([told.lat, told.lon], { ...style, radius: 3, weight: 1.5, fillOpacity: 0.8, dashArray: null });
  return [(style) => L.polygon(sectors, style), observer];
}

/** @param {any} told @param {Map<string, any>} outlines @returns {((style: any) => any)[]} */
function area(told, outlines) {
  if (told.geometry) return [(style) => L.geoJSON(told.geometry, { style })];
  const named = outlines.get(told.area_id);
  return named ? [(style) => L.polygon(named.rings, style)] : [];
}
