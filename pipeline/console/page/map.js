/** The map: outlines, zones, lines and what was not watched below; alerts on one canvas; the chosen one's footprints. */

import { ask } from "./api.js";
import { at } from "./dom.js";
import { stretch } from "./laws.js";
import { footprint } from "./footprints.js";
import { Points, Sheet } from "./points.js";
import { colour, stripes } from "./symbols.js";
import { levels } from "./terms.js";
import { both } from "./times.js";

const L = /** @type {any} */ (globalThis).L;

/** Up to this zoom the outlines are true enough to be drawn. */
const COARSE_UNTIL = 9.5;

/** Below the alerts, in this order. */
const PANES = ["backdrop", "zones", "bands", "lines", "chosen", "points"];

export class Chart {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {(alertId: string) => void} chosen
   */
  constructor(laws, chosen) {
    this.laws = laws;
    this.map = L.map(at("map"), {
      attributionControl: false,
      zoomSnap: 0.5,
      minZoom: 3,
      maxZoom: 16,
      worldCopyJump: false,
    });
    this.map.setView([48, 34], 5);
    PANES.forEach((name, index) => {
      this.map.createPane(name).style.zIndex = String(350 + 20 * index);
    });
    L.control.scale({ imperial: false }).addTo(this.map);
    this.ground = L.layerGroup().addTo(this.map);
    this.mine = L.layerGroup().addTo(this.map);
    /** @type {{places: [number, number][], share: number | null}[]} */
    this.bands = [];
    this.outlines = new Map();
    this.renderers = Object.fromEntries(
      ["backdrop", "zones", "lines", "chosen"].map((pane) => [pane, L.canvas({ pane, padding: 0.3 })]),
    );
    this.sheet = new Sheet("bands", (/** @type {any} */ brush) => this.paintBands(brush)).addTo(this.map);
    this.points = new Points(this.map, chosen);
    this.map.on("zoomend", () => this.coarse());
    new ResizeObserver(() => this.map.invalidateSize({ animate: false })).observe(at("map"));
  }

  async read() {
    const told = await ask("/page/backdrop.json");
    this.outlines = new Map(told.areas.map((/** @type {any} */ one) => [one.area_id, one]));
    this.draw();
  }

  /** Where the lines are, or else the alerts. @param {Iterable<import("./book.js").Point>} points */
  fit(points) {
    const path = this.laws.lines.flatMap(({ line }) => line.geometry.coordinates.map(turned));
    const places = path.length ? path : [...points].map((one) => [one.lat, one.lon]);
    const bounds = L.latLngBounds(places);
    if (bounds.isValid()) this.map.fitBounds(bounds.pad(0.08), { animate: false });
  }

  /** What lies below the alerts, in the colours of now. */
  draw() {
    this.ground.clearLayers();
    const quiet = { interactive: false, fill: false };
    for (const area of this.outlines.values()) {
      const style = {
        ...quiet,
        color: colour("border"),
        weight: area.country ? 1.3 : 0.6,
        opacity: area.country ? 0.9 : 0.5,
      };
      this.ground.addLayer(L.polygon(area.rings, { ...style, renderer: this.renderers.backdrop }));
    }
    for (const law of this.laws.all) this.drawLaw(law, quiet);
    this.points.towns = this.laws.lines.flatMap(({ line }) => line.properties.markers ?? []);
    this.sheet.soon();
    this.points.sheet.soon();
  }

  /** Outlines are coarse: near by they would say what is not so. */
  coarse() {
    this.map.getPane("backdrop").style.display = this.map.getZoom() > COARSE_UNTIL ? "none" : "";
  }

  /** @param {any} law @param {any} quiet */
  drawLaw(law, quiet) {
    for (const zone of law.zones?.features ?? []) {
      const style = { ...quiet, color: colour("zone"), weight: 1, opacity: 0.55, dashArray: "5 4" };
      // A zone that is a country is its outline, which is there.
      if (zone.properties.kind === "polygon" && zone.properties.area_km2 > 200_000) continue;
      this.ground.addLayer(L.geoJSON(zone.geometry, { style: { ...style, renderer: this.renderers.zones } }));
    }
    for (const line of law.lines?.features ?? []) {
      const places = line.geometry.coordinates.map(turned);
      const style = { ...quiet, renderer: this.renderers.lines, lineCap: "butt" };
      this.ground.addLayer(L.polyline(places, { ...style, color: colour("ground"), weight: 5, opacity: 0.8 }));
      this.ground.addLayer(L.polyline(places, { ...style, color: colour("line"), weight: 2.2 }));
    }
  }

  /**
   * What was watched along the lines in an hour; by default in the last that is told.
   * @param {any[]} tables as /api/spacetime has them
   * @param {number} [hour]
   */
  watched(tables, hour) {
    const first = tables[0];
    const shown = first?.hours[hour ?? first.hours.length - 1];
    const told = tables.some((one) => one.covered.flat().some((/** @type {number | null} */ share) => share !== null));
    const when = shown ? `in the hour from ${both(shown, this.laws.zone(first.agreement))}` : "";
    at("band-hour").textContent = told ? when : "(nobody said who watched)";
    this.bands = tables.flatMap((told) => {
      const found = this.laws.lines.find(
        ({ agreement, line }) => agreement.name === told.agreement && line.properties.id === told.line,
      );
      const last = told.covered[hour ?? told.covered.length - 1];
      if (!found || !last) return [];
      return told.edges_m.slice(1).map((/** @type {number} */ toM, /** @type {number} */ column) => ({
        places: stretch(found.line.geometry.coordinates, told.length_m, told.edges_m[column], toM),
        share: last[column],
      }));
    });
    this.sheet.soon();
  }

  /** @param {CanvasRenderingContext2D} brush */
  paintBands(brush) {
    const inks = { none: stripes(colour("unwatched"), 6), some: stripes(colour("unwatched"), 11) };
    brush.lineCap = "butt";
    brush.lineJoin = "round";
    for (const { places, share } of this.bands) {
      if (share === null || share >= levels.observed) continue;
      brush.strokeStyle = share < levels.unobserved ? inks.none : inks.some;
      brush.lineWidth = 26;
      brush.beginPath();
      for (const place of places) {
        const { x, y } = this.map.latLngToContainerPoint(place);
        brush.lineTo(x, y);
      }
      brush.stroke();
    }
  }

  /** Draws the chosen alert: the zones of its clause, its footprint, and the footprints of its reports. @param {any} detail */
  choose(detail) {
    this.mine.clearLayers();
    if (!detail) return this.points.mark("");
    const { alert, incident, reports } = detail;
    this.points.mark(alert.alert_id);
    const style = { renderer: this.renderers.chosen, interactive: false, color: colour("chosen") };
    const law = this.laws.named(alert.agreement);
    const clause = law?.provisions?.find((/** @type {any} */ one) => one.id === alert.provision);
    for (const zone of law?.zones?.features ?? []) {
      if (!clause?.zones?.includes(zone.properties.id)) continue;
      this.mine.addLayer(L.geoJSON(zone.geometry, { style: { ...style, weight: 1, fillOpacity: 0.05 } }));
    }
    for (const report of reports.slice(0, 200)) {
      for (const shape of footprint(report.footprint, this.outlines)) {
        this.mine.addLayer(shape({ ...style, weight: 1, dashArray: "4 4", fillOpacity: 0.05 }));
      }
    }
    if (incident?.fixes) {
      const places = incident.fixes.map((/** @type {any} */ one) => [one.footprint.lat, one.footprint.lon]);
      const way = places.filter((/** @type {any[]} */ one) => one.every(Number.isFinite));
      this.mine.addLayer(L.polyline(way, { ...style, fill: false, weight: 2, dashArray: "2 5" }));
    }
    for (const shape of footprint(incident?.footprint, this.outlines)) {
      this.mine.addLayer(shape({ ...style, weight: 2.5, fillOpacity: 0.15 }));
    }
  }

  /** Brings a stretch of a line into sight. @param {any} told as /api/spacetime has it @param {number} column */
  goToStretch(told, column) {
    const found = this.laws.lines.find(
      ({ agreement, line }) => agreement.name === told.agreement && line.properties.id === told.line,
    );
    if (!found) return;
    const [fromM, toM] = [told.edges_m[column], told.edges_m[column + 1]];
    this.map.fitBounds(L.latLngBounds(stretch(found.line.geometry.coordinates, told.length_m, fromM, toM)).pad(2), {
      animate: false,
    });
  }

  /** Brings a place into sight. @param {{lat: number | null, lon: number | null, radius_m: number | null}} one */
  goTo(one) {
    if (one.lat === null || one.lon === null) return;
    const size = Math.max(3_000, 4 * (one.radius_m ?? 0));
    const bounds = L.latLng(one.lat, one.lon).toBounds(2 * size);
    const zoom = Math.max(6, Math.min(this.map.getBoundsZoom(bounds), 12));
    const inSight = this.map.getBounds().pad(-0.2).contains([one.lat, one.lon]);
    const legible = this.map.getZoom() > zoom - 2 && this.map.getZoom() < zoom + 2;
    if (!inSight || !legible) this.map.setView([one.lat, one.lon], zoom, { animate: false });
  }
}

/** @param {number[]} place longitude first @returns {[number, number]} */
function turned([lon, lat]) {
  return [lat, lon];
}
