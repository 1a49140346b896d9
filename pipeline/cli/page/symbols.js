"use strict";

// A severity has a colour and a shape, a standing its filling: neither colour nor eyesight decides alone.
const SEVERITIES = ["grave", "serious", "minor"];
const STANDINGS = ["raised", "possible"];
const CORNERS = {
  grave: [[0, -1.25], [1.15, 0.85], [-1.15, 0.85]],
  serious: [[0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]],
};

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// The middle of a broad footprint is no place: its symbol is small and empty.
function symbolStyle(alert, broad) {
  const filled = alert.standing === "raised" && !broad;
  return {
    radius: broad ? 3 : 5,
    fill: true,
    fillColor: filled ? colour(alert.severity) : colour("ground"),
    fillOpacity: filled ? 0.95 : 0.75,
    color: filled ? colour("outline") : colour(alert.severity),
    weight: filled ? 1 : broad ? 1 : 1.8,
  };
}

const AlertMarker = L.CircleMarker.extend({
  _updatePath() {
    this._renderer._updateSymbol(this);
  },
});

L.Canvas.include({
  _updateSymbol(layer) {
    if (!this._drawing || layer._empty()) return;
    const { x, y } = layer._point;
    const size = layer._radius;
    const corners = CORNERS[layer.options.severity];
    this._ctx.beginPath();
    if (corners) {
      for (const [dx, dy] of corners) this._ctx.lineTo(x + dx * size, y + dy * size);
      this._ctx.closePath();
    } else {
      this._ctx.arc(x, y, size, 0, 2 * Math.PI);
    }
    this._fillStroke(this._ctx, layer);
  },
});

function svg(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function symbol(severity, standing) {
  const picture = svg("svg", { class: "symbol", viewBox: "-1.6 -1.6 3.2 3.2", role: "img" });
  const corners = CORNERS[severity];
  const shape = corners ? svg("polygon", { points: corners.map((c) => c.join(",")).join(" ") }) : svg("circle", { r: 1.05 });
  // Set as properties: the page's policy refuses style attributes in markup.
  shape.style.fill = standing === "raised" ? `var(--${severity})` : "none";
  shape.style.stroke = standing === "raised" ? "var(--outline)" : `var(--${severity})`;
  shape.style.strokeWidth = standing === "raised" ? "0.15" : "0.4";
  const label = svg("title", {});
  label.textContent = `${severity}, ${standing}`;
  picture.append(label, shape);
  return picture;
}

function element(name, classes, text) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  return made;
}
