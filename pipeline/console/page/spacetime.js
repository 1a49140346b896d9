/** A line over time: chainage across, time down. Darkness is how many alerts, stripes are what was not watched. */

import { at, button, el, table } from "./dom.js";
import { colour, path, stripes } from "./symbols.js";
import { levels } from "./terms.js";
import { both, inZone, zoneName } from "./times.js";

const MARGIN = { left: 62, right: 52, top: 74, bottom: 34 };
const ROW_MIN = 14;

export class SpaceTime {
  /** @param {import("./laws.js").Laws} laws @param {(told: any, cell: Cell) => void} opened */
  constructor(laws, opened) {
    this.laws = laws;
    this.opened = opened;
    this.canvas = at("spacetime");
    /** @type {any} */
    this.told = null;
    /** @type {Cell} */
    this.cell = { hour: 0, column: 0 };
    this.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.canvas.addEventListener("click", (/** @type {MouseEvent} */ event) => this.point(event, false));
    this.canvas.addEventListener("dblclick", (/** @type {MouseEvent} */ event) => this.point(event, true));
    new ResizeObserver(() => this.draw()).observe(this.canvas.parentElement);
  }

  /** @param {any} told as /api/spacetime has it */
  show(told) {
    this.told = told;
    this.cell = hottest(told);
    this.draw();
    this.read();
    this.summary();
  }

  /** Where things are on the canvas. */
  frame() {
    const wide = this.canvas.parentElement.clientWidth;
    const [columns, rows] = [this.told.edges_m.length - 1, this.told.hours.length];
    const high = Math.max(ROW_MIN, Math.min(26, (innerHeight - 330) / rows));
    const across = (wide - MARGIN.left - MARGIN.right) / columns;
    return { wide, tall: MARGIN.top + rows * high + MARGIN.bottom, high, across, columns, rows };
  }

  draw() {
    if (!this.told || !this.canvas.parentElement.clientWidth) return;
    const frame = this.frame();
    const fine = devicePixelRatio || 1;
    this.canvas.width = Math.round(frame.wide * fine);
    this.canvas.height = Math.round(frame.tall * fine);
    this.canvas.style.height = `${frame.tall}px`;
    const brush = this.canvas.getContext("2d");
    brush.scale(fine, fine);
    brush.font = "12px system-ui, sans-serif";
    this.cells(brush, frame);
    this.axes(brush, frame);
    const [x, y] = [MARGIN.left + this.cell.column * frame.across, MARGIN.top + this.cell.hour * frame.high];
    brush.lineWidth = 2.5;
    brush.strokeStyle = colour("chosen");
    brush.strokeRect(x - 1, y - 1, frame.across + 2, frame.high + 2);
  }

  /** @param {CanvasRenderingContext2D} brush @param {any} frame */
  cells(brush, frame) {
    const { told } = this;
    const most = Math.max(1, ...told.alerts.flat());
    const inks = {
      none: stripes(colour("unwatched"), 6),
      some: stripes(colour("unwatched"), 11),
      heat: colour("heat"),
    };
    brush.fillStyle = colour("ground");
    brush.fillRect(MARGIN.left, MARGIN.top, frame.columns * frame.across, frame.rows * frame.high);
    for (let hour = 0; hour < frame.rows; hour += 1) {
      for (let column = 0; column < frame.columns; column += 1) {
        const [x, y] = [MARGIN.left + column * frame.across, MARGIN.top + hour * frame.high];
        const share = told.covered[hour][column];
        if (share !== null && share < levels.observed) {
          brush.fillStyle = share < levels.unobserved ? inks.none : inks.some;
          brush.fillRect(x, y, frame.across + 0.5, frame.high + 0.5);
        }
        const number = told.alerts[hour][column];
        if (!number) continue;
        brush.globalAlpha = 0.3 + (0.7 * Math.log1p(number)) / Math.log1p(most);
        brush.fillStyle = inks.heat;
        brush.fillRect(x + 0.5, y + 0.5, Math.max(3, frame.across - 1), frame.high - 1);
        brush.globalAlpha = 1;
      }
    }
    this.graves(brush, frame);
  }

  /** A sign wherever one of them is grave. @param {CanvasRenderingContext2D} brush @param {any} frame */
  graves(brush, frame) {
    const [fill, edge] = [colour("grave"), colour("panel")];
    this.told.grave.forEach((/** @type {number[]} */ row, /** @type {number} */ hour) =>
      row.forEach((number, column) => {
        if (!number) return;
        const x = MARGIN.left + (column + 0.5) * frame.across;
        path(brush, "grave", x, MARGIN.top + (hour + 0.55) * frame.high, Math.min(5, frame.high / 3));
        brush.fillStyle = fill;
        brush.strokeStyle = edge;
        brush.lineWidth = 1;
        brush.fill();
        brush.stroke();
      }),
    );
  }

  /** @param {CanvasRenderingContext2D} brush @param {any} frame */
  axes(brush, frame) {
    const { told } = this;
    const zone = this.laws.zone(told.agreement);
    const [right, bottom] = [MARGIN.left + frame.columns * frame.across, MARGIN.top + frame.rows * frame.high];
    brush.fillStyle = colour("ink");
    brush.textBaseline = "middle";
    const every = Math.ceil(16 / frame.high);
    told.hours.forEach((/** @type {string} */ hour, /** @type {number} */ row) => {
      if (row % every) return;
      const y = MARGIN.top + (row + 0.5) * frame.high;
      brush.textAlign = "right";
      brush.fillText(inZone(hour, zone).slice(11), MARGIN.left - 8, y);
      brush.textAlign = "left";
      brush.fillText(inZone(hour, "UTC").slice(11), right + 8, y);
    });
    brush.textAlign = "right";
    brush.fillText(zoneName(zone), MARGIN.left - 8, MARGIN.top - 12);
    brush.textAlign = "left";
    brush.fillText("UTC", right + 8, MARGIN.top - 12);
    brush.textAlign = "center";
    const step =
      [10, 20, 50, 100, 200].find((one) => (one * 1_000 * (right - MARGIN.left)) / told.length_m > 60) ?? 500;
    for (let km = 0; km * 1_000 <= told.length_m; km += step) {
      const x = MARGIN.left + ((right - MARGIN.left) * km * 1_000) / told.length_m;
      brush.fillText(String(km), x, bottom + 12);
    }
    brush.fillText(
      `km along ${this.title()}`.slice(0, Math.floor(frame.wide / 8)),
      (MARGIN.left + right) / 2,
      bottom + 27,
    );
    this.markers(brush, right);
  }

  /** Named places, slanted, as many as there is room for. @param {CanvasRenderingContext2D} brush @param {number} right */
  markers(brush, right) {
    let last = -Infinity;
    brush.strokeStyle = colour("border");
    brush.lineWidth = 1;
    for (const one of [...this.told.markers].sort((a, b) => a.chainage_m - b.chainage_m)) {
      const x = MARGIN.left + ((right - MARGIN.left) * one.chainage_m) / this.told.length_m;
      if (x - last < 19) continue;
      last = x;
      brush.beginPath();
      brush.moveTo(x, MARGIN.top - 6);
      brush.lineTo(x, MARGIN.top);
      brush.stroke();
      brush.save();
      brush.translate(x, MARGIN.top - 10);
      brush.rotate(-0.75);
      brush.textAlign = "left";
      brush.fillText(one.name.slice(0, 14), 0, 0);
      brush.restore();
    }
  }

  title() {
    const law = this.laws.named(this.told.agreement);
    const line = law?.lines.features.find((/** @type {any} */ one) => one.properties.id === this.told.line);
    return line?.properties.title ?? this.told.line;
  }

  /** What a cell says, in words. @param {Cell} [cell] */
  says(cell = this.cell) {
    const { told } = this;
    const [from, to] = [told.edges_m[cell.column], told.edges_m[cell.column + 1]].map((one) => Math.round(one / 1_000));
    const number = told.alerts[cell.hour][cell.column];
    const grave = told.grave[cell.hour][cell.column];
    const share = told.covered[cell.hour][cell.column];
    const near = nearest(told, cell);
    const place = `km ${from} to ${to}${near ? `, near ${near}` : ""}`;
    const when = both(told.hours[cell.hour], this.laws.zone(told.agreement));
    const alerts = `${number} ${number === 1 ? "alert" : "alerts"}${grave ? `, ${grave} grave` : ""}`;
    return `${place} · hour from ${when} · ${alerts} · ${watchedWords(share)}`;
  }

  read() {
    at("spacetime-cell").textContent = this.told ? this.says() : "";
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (!this.told) return;
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (event.key === "Enter") this.opened(this.told, this.cell);
    if (!step) return;
    event.preventDefault();
    this.go(this.cell.hour + step[0], this.cell.column + step[1]);
  }

  /** @param {number} hour @param {number} column */
  go(hour, column) {
    const within = (/** @type {number} */ one, /** @type {number} */ end) => Math.max(0, Math.min(end - 1, one));
    this.cell = { hour: within(hour, this.told.hours.length), column: within(column, this.told.edges_m.length - 1) };
    this.draw();
    this.read();
  }

  /** @param {MouseEvent} event @param {boolean} open */
  point(event, open) {
    if (!this.told) return;
    const frame = this.frame();
    this.go(
      Math.floor((event.offsetY - MARGIN.top) / frame.high),
      Math.floor((event.offsetX - MARGIN.left) / frame.across),
    );
    if (open) this.opened(this.told, this.cell);
  }

  /** The same for those who do not see the picture: where and when there were most. */
  summary() {
    const { told } = this;
    /** @type {{cell: Cell, number: number}[]} */
    const all = [];
    told.alerts.forEach((/** @type {number[]} */ row, /** @type {number} */ hour) =>
      row.forEach((number, column) => number && all.push({ cell: { hour, column }, number })),
    );
    const rows = all
      .sort((one, other) => other.number - one.number)
      .slice(0, 12)
      .map(({ cell }) => {
        const [place, when, alerts, watched] = this.says(cell).split(" · ");
        return [place, when.replace("hour from ", ""), alerts, watched, button("Show", () => this.opened(told, cell))];
      });
    const heads = ["Stretch", "Hour from", "Alerts", "Watched", ""];
    at("spacetime-table").replaceChildren(
      rows.length
        ? table("Where and when there were most alerts", heads, rows)
        : el("p", { text: "No alert in this period." }),
    );
  }
}

/** @typedef {{hour: number, column: number}} Cell */

/** @param {any} told @returns {Cell} */
function hottest(told) {
  let best = { hour: 0, column: 0, number: -1 };
  told.alerts.forEach((/** @type {number[]} */ row, /** @type {number} */ hour) =>
    row.forEach((number, column) => {
      if (number > best.number) best = { hour, column, number };
    }),
  );
  return { hour: best.hour, column: best.column };
}

/** @param {any} told @param {Cell} cell */
function nearest(told, cell) {
  const middle = (told.edges_m[cell.column] + told.edges_m[cell.column + 1]) / 2;
  const far = (/** @type {any} */ one) => Math.abs(one.chainage_m - middle);
  return [...told.markers].sort((one, other) => far(one) - far(other))[0]?.name ?? "";
}

/** @param {number | null} share */
export function watchedWords(share) {
  if (share === null) return "nobody said who watched";
  const part = `${Math.round(100 * share)} % would have been noticed`;
  if (share < levels.unobserved) return `not watched: ${part}`;
  return share < levels.observed ? `partly watched: ${part}` : `watched: ${part}`;
}
