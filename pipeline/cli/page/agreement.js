"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const map = L.map("map", { preferCanvas: true, attributionControl: false, zoomSnap: 0.25, minZoom: 2, maxZoom: 16 });
const all = L.layerGroup().addTo(map);
const chosen = L.layerGroup().addTo(map);
L.control.scale({ imperial: false }).addTo(map);

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function words(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}

function label(place, text, classes, direction) {
  const tip = L.tooltip({ permanent: true, direction, className: classes, interactive: false, opacity: 1 });
  return tip.setLatLng(place).setContent(words(text));
}

function draw() {
  all.clearLayers();
  const quiet = { interactive: false };
  for (const { country, rings } of data.outlines) {
    all.addLayer(L.polygon(rings, { ...quiet, color: colour("border"), weight: country ? 1.6 : 0.7, fill: false }));
  }
  for (const zone of data.zones) {
    const style = { ...quiet, color: colour("zone"), weight: 1, opacity: 0.7, dashArray: "5 4", fillOpacity: 0.04 };
    all.addLayer(L.geoJSON(zone.geometry, style));
  }
  data.lines.forEach((line, index) => {
    all.addLayer(L.polyline(line.path, { ...quiet, color: colour("ground"), weight: 6, opacity: 0.8 }));
    const style = { ...quiet, color: colour("line"), weight: 2.5, dashArray: index ? "7 5" : null };
    all.addLayer(L.polyline(line.path, style));
    for (const side of index ? [] : line.sides) all.addLayer(label([side.lat, side.lon], side.name, "side", "center"));
    for (const town of line.markers) {
      const place = [town.lat, town.lon];
      all.addLayer(L.circleMarker(place, { ...quiet, radius: 2.5, weight: 1, color: colour("line"), fillOpacity: 1 }));
      all.addLayer(label(place, town.name, "town", "right"));
    }
  });
  drawDegrees();
  requestAnimationFrame(thinNames);
}

// Where no outline is near, degrees tell where on the Earth this is.
function drawDegrees() {
  const box = map.getBounds();
  const span = Math.max(box.getEast() - box.getWest(), 0.01);
  const step = [20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02].find((one) => span / one >= 4) || 0.01;
  const style = { interactive: false, color: colour("edge"), weight: 1 };
  const digits = step < 0.1 ? 2 : step < 1 ? 1 : 0;
  for (let lon = Math.ceil(box.getWest() / step) * step; lon < box.getEast(); lon += step) {
    all.addLayer(L.polyline([[box.getSouth(), lon], [box.getNorth(), lon]], style));
    all.addLayer(label([box.getNorth(), lon], `${lon.toFixed(digits)}° E`, "degree", "bottom"));
  }
  for (let lat = Math.ceil(box.getSouth() / step) * step; lat < box.getNorth(); lat += step) {
    all.addLayer(L.polyline([[lat, box.getWest()], [lat, box.getEast()]], style));
    all.addLayer(label([lat, box.getEast()], `${lat.toFixed(digits)}° N`, "degree", "left"));
  }
}

// Names that would lie on one another: the first stays.
function thinNames() {
  const taken = [];
  all.eachLayer((name) => {
    const box = name instanceof L.Tooltip && name.getElement() ? name.getElement().getBoundingClientRect() : null;
    if (!box) return;
    const crowded = taken.some((t) => box.left < t.right && box.right > t.left && box.top < t.bottom && box.bottom > t.top);
    name.getElement().classList.toggle("crowded", crowded);
    if (!crowded) taken.push(box);
  });
}

function show(article) {
  chosen.clearLayers();
  for (const other of document.querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  article.setAttribute("aria-current", "true");
  const names = new Set(article.dataset.shows.split(" "));
  const quiet = { interactive: false, color: colour("chosen") };
  for (const zone of data.zones) {
    if (names.has(`zone:${zone.id}`)) chosen.addLayer(L.geoJSON(zone.geometry, { ...quiet, weight: 2, fillOpacity: 0.12 }));
  }
  for (const line of data.lines) {
    if (names.has(`line:${line.id}`)) chosen.addLayer(L.polyline(line.path, { ...quiet, weight: 4 }));
  }
}

function bounds() {
  const box = L.latLngBounds(data.lines.flatMap((line) => line.path));
  for (const zone of data.zones) box.extend(L.geoJSON(zone.geometry).getBounds());
  return box;
}

for (const article of document.querySelectorAll("[data-shows]")) {
  article.addEventListener("click", () => show(article));
  article.addEventListener("keydown", (event) => {
    if (event.key === "Enter") show(article);
  });
}
map.on("moveend", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const box = bounds();
if (box.isValid()) map.fitBounds(box.pad(0.05));
else map.setView([20, 20], 2);
