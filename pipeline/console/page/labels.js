/** Names of towns on the map, each where nothing else is: a name that finds no such place is left out. */

import { colour } from "./symbols.js";

const HIGH = 15;

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 */

/**
 * @param {CanvasRenderingContext2D} brush
 * @param {{name: string, x: number, y: number}[]} towns the most important first
 * @param {Box[]} taken where no name may be
 * @param {{x: number, y: number}} size of the map
 */
export function label(brush, towns, taken, size) {
  const boxes = [...taken];
  brush.font = "12px system-ui, sans-serif";
  brush.textAlign = "left";
  brush.textBaseline = "middle";
  brush.lineJoin = "round";
  for (const town of towns) {
    const wide = brush.measureText(town.name).width;
    const box = places(town, wide, taken).find(
      (one) => one.left > 0 && one.right < size.x && !boxes.some((other) => touch(one, other)),
    );
    if (!box) continue;
    boxes.push(box);
    brush.lineWidth = 3.5;
    brush.strokeStyle = colour("ground");
    brush.fillStyle = colour("ink");
    const [x, y] = [box.left, (box.top + box.bottom) / 2];
    brush.strokeText(town.name, x, y);
    brush.fillText(town.name, x, y);
  }
}

/**
 * Where a name may stand: right or left of its town, above or below; beside what lies on the town, if anything does.
 * @param {{x: number, y: number}} town
 * @param {number} wide
 * @param {Box[]} taken
 * @returns {Box[]}
 */
function places({ x, y }, wide, taken) {
  const on = taken.find((one) => x >= one.left && x <= one.right && y >= one.top && y <= one.bottom);
  const about = on ?? { left: x - 4, top: y - 4, right: x + 4, bottom: y + 4 };
  const middle = Math.max(about.left + 8, Math.min(about.right - 8, x)) - wide / 2;
  return [
    [about.right + 4, y - HIGH / 2],
    [about.left - wide - 4, y - HIGH / 2],
    [middle, about.bottom + 2],
    [middle, about.top - HIGH - 2],
  ].map(([left, top]) => ({ left, top, right: left + wide, bottom: top + HIGH }));
}

/** @param {Box} one @param {Box} other */
function touch(one, other) {
  return one.left < other.right && one.right > other.left && one.top < other.bottom && one.bottom > other.top;
}
