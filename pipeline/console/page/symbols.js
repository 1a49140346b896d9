/** A severity has a colour and a shape, what is waiting is filled: neither colour nor eyesight decides alone. */

/** The corners of a severity's shape about its middle; minor ones are round. @type {Record<string, number[][]>} */
export const CORNERS = {
  grave: [
    [0, -1.25],
    [1.15, 0.85],
    [-1.15, 0.85],
  ],
  serious: [
    [0, -1.2],
    [1.2, 0],
    [0, 1.2],
    [-1.2, 0],
  ],
};

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {Record<string, string>} given */
export function svg(name, given) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}

/**
 * The sign of an alert beside its name; what it means is said in words there.
 * @param {string} severity
 * @param {boolean} filled
 */
export function symbol(severity, filled) {
  const picture = svg("svg", { class: `symbol ${severity}`, viewBox: "-1.6 -1.6 3.2 3.2", "aria-hidden": "true" });
  const corners = CORNERS[severity];
  const shape = corners
    ? svg("polygon", { points: corners.map((one) => one.join(",")).join(" ") })
    : svg("circle", { r: "1.05" });
  shape.setAttribute("class", filled ? "filled" : "hollow");
  picture.append(shape);
  return picture;
}

/** @param {string} name a colour of the style sheet, as it is now */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * The same sign on a canvas.
 * @param {CanvasRenderingContext2D} brush
 * @param {string} severity
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
export function path(brush, severity, x, y, size) {
  brush.beginPath();
  const corners = CORNERS[severity];
  if (corners) {
    for (const [dx, dy] of corners) brush.lineTo(x + dx * size, y + dy * size);
    brush.closePath();
  } else {
    brush.arc(x, y, size, 0, 2 * Math.PI);
  }
}

/**
 * Stripes, for what was not watched.
 * @param {string} ink
 * @param {number} apart in pixels
 */
export function stripes(ink, apart) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = apart;
  const brush = /** @type {CanvasRenderingContext2D} */ (tile.getContext("2d"));
  brush.strokeStyle = ink;
  brush.lineWidth = 1.4;
  brush.beginPath();
  for (const shift of [-apart, 0, apart]) {
    brush.moveTo(shift, apart);
    brush.lineTo(shift + apart, 0);
  }
  brush.stroke();
  return /** @type {CanvasPattern} */ (brush.createPattern(tile, "repeat"));
}
