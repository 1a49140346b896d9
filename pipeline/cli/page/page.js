"use strict";

const PAGE = 200;
const BROAD_M = 15000;
const data = JSON.parse(document.getElementById("data").textContent);
const list = document.getElementById("list");
const more = document.getElementById("more");

const map = L.map("map", { preferCanvas: true, attributionControl: false, zoomSnap: 0.5, minZoom: 3, maxZoom: 15 });
const ground = quietCanvas("ground", 200);
const middle = quietCanvas("middle", 300);
const front = L.canvas({ padding: 0.3 });
L.control.scale({ imperial: false }).addTo(map);

const layers = { zones: L.layerGroup(), lines: L.layerGroup(), footprints: L.layerGroup(), names: L.layerGroup() };
const markers = L.layerGroup().addTo(map);
const chosenLayer = L.layerGroup().addTo(map);
const outlines = L.layerGroup().addTo(map);
let shown = [];
let listed = 0;
let chosen = null;

function quietCanvas(name, height) {
  const pane = map.createPane(name);
  pane.style.zIndex = height;
  pane.style.pointerEvents = "none";
  return L.canvas({ pane: name, padding: 0.3 });
}

function drawGround() {
  const quiet = { renderer: middle, interactive: false };
  for (const group of [outlines, layers.zones, layers.lines, layers.names]) group.clearLayers();
  for (const { country, rings } of data.outlines) {
    outlines.addLayer(L.polygon(rings, { ...quiet, renderer: ground, color: colour("border"), weight: country ? 1.6 : 0.7, fill: false }));
  }
  for (const agreement of data.agreements) {
    for (const zone of agreement.zones) {
      const style = { ...quiet, color: colour("zone"), weight: 0.8, opacity: 0.55, dashArray: "5 4", fill: false };
      layers.zones.addLayer(L.geoJSON(zone.geometry, style));
    }
    agreement.lines.forEach((line, index) => drawLine(line, index, quiet));
  }
}

function drawLine(line, index, quiet) {
  if (index) {
    layers.lines.addLayer(L.polyline(line.path, { ...quiet, color: colour("muted"), weight: 2, dashArray: "2 5" }));
    return;
  }
  layers.lines.addLayer(L.polyline(line.path, { ...quiet, color: colour("ground"), weight: 6, opacity: 0.8 }));
  layers.lines.addLayer(L.polyline(line.path, { ...quiet, color: colour("line"), weight: 2.5 }));
  for (const side of line.sides) layers.names.addLayer(label([side.lat, side.lon], side.name, "side", "center"));
  for (const town of line.markers) {
    const place = [town.lat, town.lon];
    layers.names.addLayer(
      L.circleMarker(place, { ...quiet, radius: 2.5, weight: 1, color: colour("line"), fillColor: colour("panel"), fillOpacity: 1 }),
    );
    layers.names.addLayer(label(place, town.name, "town", "right"));
  }
}

function label(place, text, classes, direction) {
  const words = L.tooltip({ permanent: true, direction, className: classes, interactive: false, opacity: 1 });
  return words.setLatLng(place).setContent(element("span", "", text));
}

// Names that would lie on one another: the first stays.
function thinNames() {
  const taken = [];
  layers.names.eachLayer((name) => {
    const words = name.getElement && name instanceof L.Tooltip ? name.getElement() : null;
    if (!words) return;
    const box = words.getBoundingClientRect();
    const crowded = taken.some((t) => box.left < t.right && box.right > t.left && box.top < t.bottom && box.bottom > t.top);
    words.classList.toggle("crowded", crowded);
    if (!crowded) taken.push(box);
  });
}

function footprint(alert, style) {
  if (alert.shape !== null) return L.polygon(data.shapes[alert.shape], style);
  return L.circle([alert.lat, alert.lon], { ...style, radius: alert.radius_m || 0 });
}

function drawAlerts() {
  markers.clearLayers();
  layers.footprints.clearLayers();
  // What is drawn last lies on top: the raised and the grave.
  const drawn = shown.filter((alert) => alert.lat !== null).sort((one, other) => rank(other) - rank(one));
  const footprints = new Map(drawn.map((alert) => [footprintKey(alert), alert]));
  for (const alert of footprints.values()) layers.footprints.addLayer(footprint(alert, footprintStyle(alert)));
  for (const alert of drawn) {
    const style = { ...symbolStyle(alert, alert.radius_m > BROAD_M), renderer: front, severity: alert.severity };
    const marker = new AlertMarker([alert.lat, alert.lon], style);
    marker.on("click", () => choose(alert));
    markers.addLayer(marker);
  }
}

// One drawing stands for all alerts of one footprint: a hundred on one another would hide the map.
function footprintKey(alert) {
  return alert.shape !== null ? `${alert.shape}` : `${alert.lat},${alert.lon},${alert.radius_m}`;
}

function footprintStyle(alert) {
  const broad = alert.radius_m > BROAD_M;
  return {
    renderer: ground,
    interactive: false,
    color: colour(alert.severity),
    weight: 1,
    opacity: broad ? 0.4 : 0.7,
    fill: !broad,
    fillOpacity: 0.12,
    dashArray: alert.standing === "raised" ? null : "3 3",
  };
}

function rank(alert) {
  return STANDINGS.indexOf(alert.standing) * SEVERITIES.length + SEVERITIES.indexOf(alert.severity);
}

function words(alert) {
  const box = element("div", "words");
  box.append(element("h2", "", data.texts[alert.title]));
  const figure = `${alert.severity} · ${alert.standing} · ${alert.status} · probability ${probability(alert)}`;
  box.append(element("p", "", figure), element("code", "", alert.id));
  const here = shown.filter((other) => other.lat === alert.lat && other.lon === alert.lon);
  if (here.length > 1) box.append(neighbours(alert, here));
  for (const [heading, lines] of alert.words) {
    box.append(element("h3", "", data.texts[heading]));
    for (const line of lines) box.append(element("p", "", data.texts[line]));
  }
  return box;
}

// Alerts at one place lie on one another: from each to the one before and after it.
function neighbours(alert, here) {
  const at = here.indexOf(alert);
  const line = element("p", "here");
  const step = (text, title, offset) => {
    const button = element("button", "", text);
    button.type = "button";
    button.title = title;
    button.addEventListener("click", () => choose(here[(at + offset + here.length) % here.length]));
    return button;
  };
  line.append(step("‹", "the next later one here", -1), `${at + 1} of ${here.length} here`, step("›", "the next earlier one here", 1));
  return line;
}

function probability(alert) {
  return (alert.probability >= 1 ? 1 : Math.min(alert.probability, 0.99)).toFixed(2);
}

function choose(alert, fly) {
  chosen = alert;
  chosenLayer.clearLayers();
  for (const button of list.querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
  const row = list.querySelector(`[data-id="${alert.id}"]`);
  if (row) {
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
  }
  if (alert.lat === null) return;
  drawChosen(alert);
  const place = [alert.lat, alert.lon];
  if (fly && !map.getBounds().pad(-0.2).contains(place)) map.setView(place, Math.max(map.getZoom(), 8), { animate: false });
  const size = map.getSize();
  const limits = { maxWidth: Math.min(420, size.x - 70), maxHeight: Math.max(180, size.y * 0.55), offset: [0, -4] };
  L.popup(limits).setLatLng(place).setContent(words(alert)).openOn(map);
}

function drawChosen(alert) {
  const agreement = data.agreements[alert.agreement];
  const named = agreement.provisions[alert.provision]?.zones || [];
  const quiet = { renderer: middle, interactive: false, color: colour("chosen") };
  for (const zone of agreement.zones) {
    if (!named.includes(zone.id)) continue;
    chosenLayer.addLayer(L.geoJSON(zone.geometry, { ...quiet, weight: 1, fillOpacity: 0.05 }));
  }
  chosenLayer.addLayer(footprint(alert, { ...quiet, weight: 2.5, fillOpacity: 0.12 }));
}

map.on("popupclose", () => {
  chosen = null;
  chosenLayer.clearLayers();
});

function row(alert) {
  const item = element("li");
  const button = element("button");
  button.type = "button";
  button.dataset.id = alert.id;
  const where = [data.texts[alert.place], data.texts[alert.off]].filter(Boolean).join(" · ");
  button.append(
    symbol(alert.severity, alert.standing),
    element("span", "time", alert.days || `${utc(alert.from)} UTC`),
    element("span", "p", `p ${probability(alert)}`),
    element("span", "what", data.texts[alert.title]),
    element("span", "where", where),
  );
  button.addEventListener("click", () => choose(alert, true));
  item.append(button);
  return item;
}

function extendList() {
  const next = shown.slice(listed, listed + PAGE);
  list.append(...next.map(row));
  listed += next.length;
  more.hidden = listed >= shown.length;
  more.textContent = `Show more (${shown.length - listed} left)`;
}

function refresh() {
  shown = filters.apply(data.alerts);
  const all = data.alerts.length;
  const count = shown.length === all ? `${all}` : `${shown.length} of ${all}`;
  document.getElementById("count").textContent = `${count} ${all === 1 ? "alert" : "alerts"}`;
  if (chosen && !shown.includes(chosen)) map.closePopup();
  list.replaceChildren();
  listed = 0;
  extendList();
  if (!shown.length) list.append(element("li", "none", all ? "No alert passes the filters." : "No alert stands."));
  drawAlerts();
}

let waiting = 0;
function refreshSoon() {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(refresh);
}

function toggled() {
  for (const [name, group] of Object.entries(layers)) {
    if (boxes[name].checked) group.addTo(map);
    else group.remove();
  }
  thinNames();
}

function describe() {
  const box = document.getElementById("agreements");
  for (const agreement of data.agreements) {
    const name = element("span", "", agreement.name);
    name.title = agreement.title;
    if (agreement.hypothetical) name.append(element("span", "badge", "hypothetical"));
    box.append(name);
  }
  document.title = `Truceline: alerts of ${data.agreements.map((agreement) => agreement.name).join(", ")}`;
  document.getElementById("about").textContent =
    `Written ${data.written} UTC from ${data.store}. An alert is a suspected violation, not a finding. Sides of a line say where a ` +
    "place is, not who acted. Lines are drawn with a stated accuracy, zones approximately; outlines are a background and state " +
    "nothing about borders.";
}

function fit() {
  const places = data.agreements.flatMap((agreement) => agreement.lines.flatMap((line) => line.path));
  const alerts = data.alerts.filter((alert) => alert.lat !== null).map((alert) => [alert.lat, alert.lon]);
  const bounds = L.latLngBounds(places.length ? places : alerts);
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.05));
  else map.setView([48, 34], 5);
}

const boxes = {
  zones: checkbox("layers", "zones", null, true, toggled),
  lines: checkbox("layers", "lines", null, true, toggled),
  footprints: checkbox("layers", "footprints", null, true, toggled),
  names: checkbox("layers", "names", null, true, toggled),
};
data.alerts.reverse();
const filters = new Filters(data, refreshSoon);
map.on("zoomend", thinNames);
fit();
describe();
drawGround();
refresh();
toggled();
more.addEventListener("click", extendList);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  drawGround();
  thinNames();
  refresh();
  if (chosen) choose(chosen);
});

function chooseFromAddress() {
  const alert = data.alerts.find((known) => known.id === decodeURIComponent(location.hash.slice(1)));
  if (alert) choose(alert, true);
}
window.addEventListener("hashchange", chooseFromAddress);
chooseFromAddress();
