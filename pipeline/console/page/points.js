/**
 * All alerts of the map on one canvas: a sign each where there is room, and how many there are where there is none.
 */

import { label } from "./labels.js";
import { colour, path } from "./symbols.js";

const L = /** @type {any} */ (globalThis).L;

/** The side of a cell of the density, in pixels; and how many points in one, and in all, make it a density. */
const CELL = 44;
const CROWD = 4;
const FLOOD = 120;
/** From so many in sight on there is nothing but density: a few signs beside it would be read as more than they are. */
const SEA = 2_000;
const REACH = 13;
/** More rows than there are at any zoom. */
const ROWS = 1_000_000;

/** A canvas over the map that is drawn anew whenever the map moves. */
export const Sheet = L.Layer.extend({
  /** @param {string} pane @param {(brush: CanvasRenderingContext2D, map: any, size: any) => void} paint */
  initialize(pane, paint) {
    L.setOptions(this, { pane });
    this.paint = paint;
  },
  onAdd(/** @type {any} */ map) {
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide sheet", this.getPane());
    this.canvas.setAttribute("aria-hidden", "true");
    map.on("move zoomend viewreset resize", this.soon, this);
    this.soon();
  },
  onRemove(/** @type {any} */ map) {
    map.off("move zoomend viewreset resize", this.soon, this);
    this.canvas.remove();
  },
  soon() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      if (this._map) this.draw();
    });
  },
  draw() {
    const size = this._map.getSize();
    const fine = globalThis.devicePixelRatio || 1;
    L.DomUtil.setPosition(this.canvas, this._map.containerPointToLayerPoint([0, 0]));
    this.canvas.width = Math.round(size.x * fine);
    this.canvas.height = Math.round(size.y * fine);
    this.canvas.style.width = `${size.x}px`;
    this.canvas.style.height = `${size.y}px`;
    const brush = this.canvas.getContext("2d");
    brush.scale(fine, fine);
    this.paint(brush, this._map, size);
  },
});

/** Where a place is on a map of the whole Earth that is one wide and high. @param {number} lon @param {number} lat */
export function onEarth(lon, lat) {
  const sine = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI) };
}

/** @type {Record<string, number>} */
const RANK = { grave: 2, serious: 1, minor: 0 };

export class Points {
  /** @param {any} map @param {(alertId: string) => void} chosen */
  constructor(map, chosen) {
    this.map = map;
    this.chosenId = "";
    /** @type {{name: string, lat: number, lon: number}[]} */
    this.towns = [];
    /** @type {Map<string, import("./book.js").Point>} */
    this.all = new Map();
    /** @type {{x: number, y: number, id: string}[]} */
    this.signs = [];
    /** @type {any[]} */
    this.crowds = [];
    this.sheet = new Sheet("points", (/** @type {any} */ brush, /** @type {any} */ _, /** @type {any} */ size) =>
      this.paint(brush, size),
    );
    this.sheet.addTo(map);
    map.on("click", (/** @type {any} */ event) => this.clicked(event.containerPoint, chosen));
  }

  /** @param {Map<string, import("./book.js").Point>} points */
  show(points) {
    this.all = points;
    this.sheet.soon();
  }

  /** @param {string} alertId */
  mark(alertId) {
    this.chosenId = alertId;
    this.sheet.soon();
  }

  /** @param {CanvasRenderingContext2D} brush @param {{x: number, y: number}} size */
  paint(brush, size) {
    const corner = this.map.getPixelBounds().min;
    const seen = this.seen(size, corner);
    const { crowds, alone } = seen.length > FLOOD ? crowded(seen, corner, seen.length > SEA ? 1 : CROWD) : { crowds: [], alone: seen };
    this.crowds = crowds;
    // What is drawn last lies on top.
    this.signs = alone.sort((one, other) => weight(one) - weight(other));
    const inks = inksNow();
    const most = Math.max(...crowds.map((one) => one.number), 1);
    for (const one of crowds) crowd(brush, one, most, inks);
    for (const one of alone) sign(brush, one, inks);
    const mine = seen.find((one) => one.id === this.chosenId);
    if (mine) ring(brush, mine, inks);
    this.names(brush);
  }

  /** The towns along the lines, clear of what is drawn. @param {CanvasRenderingContext2D} brush */
  names(brush) {
    const about = (/** @type {any} */ one, /** @type {number} */ far) => ({
      left: one.x - far,
      top: one.y - far,
      right: one.x + far,
      bottom: one.y + far,
    });
    const tiles = this.crowds.map(({ left, top }) => ({ left, top, right: left + CELL, bottom: top + CELL }));
    const towns = this.towns.map((one) => ({
      name: one.name.slice(0, 40),
      ...this.map.latLngToContainerPoint([one.lat, one.lon]),
    }));
    brush.fillStyle = colour("ink");
    const free = towns.filter(
      ({ x, y }) => !tiles.some((one) => x > one.left && x < one.right && y > one.top && y < one.bottom),
    );
    for (const { x, y } of free) brush.fillRect(x - 2, y - 2, 4, 4);
    label(brush, towns, [...tiles, ...this.signs.map((one) => about(one, 6))], this.map.getSize());
  }

  /** Those that are in sight, with where they are on the screen. @param {{x: number, y: number}} size @param {{x: number, y: number}} corner */
  seen(size, corner) {
    const scale = 256 * 2 ** this.map.getZoom();
    /** @type {any[]} */
    const seen = [];
    for (const [id, one] of this.all) {
      const x = one.x * scale - corner.x;
      const y = one.y * scale - corner.y;
      if (x < -20 || y < -20 || x > size.x + 20 || y > size.y + 20) continue;
      seen.push({ id, x, y, severity: one.severity, waits: one.waits, found: one.found });
    }
    return seen;
  }

  /** @param {{x: number, y: number}} at @param {(alertId: string) => void} chosen */
  clicked(at, chosen) {
    /** @type {{id: string, far: number}} */
    let nearest = { id: "", far: REACH };
    for (const { id, x, y } of this.signs) {
      const far = Math.hypot(x - at.x, y - at.y);
      if (far <= nearest.far) nearest = { id, far };
    }
    if (nearest.id) return chosen(nearest.id);
    const hit = this.crowds.find(
      (one) => Math.abs(one.left + CELL / 2 - at.x) < CELL / 2 && Math.abs(one.top + CELL / 2 - at.y) < CELL / 2,
    );
    if (hit) this.map.setZoomAround(L.point(hit.left + CELL / 2, hit.top + CELL / 2), this.map.getZoom() + 2);
  }
}

/** @param {any} one */
function weight(one) {
  return RANK[one.severity] + (one.waits ? 10 : 0) - (one.found ? 10 : 0);
}

/**
 * The crowds among some points, cell by cell; cells stay where they are on the Earth while the map is moved.
 * @param {any[]} seen
 * @param {{x: number, y: number}} corner
 * @param {number} least so many in a cell are a crowd
 */
function crowded(seen, corner, least) {
  /** @type {Map<number, any[]>} */
  const cells = new Map();
  for (const one of seen) {
    const key = Math.floor((one.x + corner.x) / CELL) * ROWS + Math.floor((one.y + corner.y) / CELL);
    const cell = cells.get(key);
    if (cell) cell.push(one);
    else cells.set(key, [one]);
  }
  const crowds = [];
  const alone = [];
  for (const [key, some] of cells) {
    if (some.length < least) {
      alone.push(...some);
      continue;
    }
    const row = ((key % ROWS) + ROWS) % ROWS;
    const column = (key - row) / ROWS;
    const top = some.reduce((best, one) => (weight(one) > weight(best) ? one : best));
    const [left, up] = [column * CELL - corner.x, row * CELL - corner.y];
    crowds.push({ left, top: up, number: some.length, severity: top.severity, waits: top.waits });
  }
  return { crowds, alone };
}

function inksNow() {
  const names = ["grave", "serious", "minor", "ground", "ink", "outline", "chosen", "muted", "crowd", "crowd-ink"];
  return Object.fromEntries(names.map((name) => [name, colour(name)]));
}

/** @param {CanvasRenderingContext2D} brush @param {any} one @param {number} most @param {any} inks */
function crowd(brush, one, most, inks) {
  const share = Math.log(one.number) / Math.log(Math.max(most, 2));
  brush.globalAlpha = 0.15 + 0.8 * share ** 2;
  brush.fillStyle = inks.crowd;
  brush.fillRect(one.left + 1, one.top + 1, CELL - 2, CELL - 2);
  brush.globalAlpha = 1;
  brush.font = "600 13px system-ui, sans-serif";
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  const [x, y] = [one.left + CELL / 2, one.top + CELL / 2];
  brush.lineWidth = 3;
  brush.strokeStyle = inks.ground;
  brush.fillStyle = inks.ink;
  const number = one.number < 10_000 ? String(one.number) : `${Math.round(one.number / 1_000)}k`;
  brush.strokeText(number, x, y + 7);
  brush.fillText(number, x, y + 7);
  sign(brush, { ...one, x, y: y - 9, small: true }, inks);
}

/** @param {CanvasRenderingContext2D} brush @param {any} one @param {any} inks */
function sign(brush, one, inks) {
  path(brush, one.severity, one.x, one.y, one.found ? 3.5 : one.small ? 5 : 6);
  brush.fillStyle = one.waits ? inks[one.severity] : inks.ground;
  brush.globalAlpha = one.found ? 0.7 : 1;
  brush.fill();
  brush.lineWidth = one.waits ? 1 : 2;
  brush.strokeStyle = one.waits ? inks.outline : one.found ? inks.muted : inks[one.severity];
  brush.stroke();
  brush.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} brush @param {any} one @param {any} inks */
function ring(brush, one, inks) {
  sign(brush, one, inks);
  for (const [width, ink] of [
    [5, inks.ground],
    [2.5, inks.chosen],
  ]) {
    brush.beginPath();
    brush.arc(one.x, one.y, 13, 0, 2 * Math.PI);
    brush.lineWidth = width;
    brush.strokeStyle = ink;
    brush.stroke();
  }
}
