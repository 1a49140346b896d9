/** What was watched along each line: for the map, and as diagrams of a line over time. */

import { ask } from "./api.js";
import { at } from "./dom.js";
import { SpaceTime } from "./spacetime.js";

export class Lines {
  /**
   * @param {import("./laws.js").Laws} laws
   * @param {import("./map.js").Chart} chart
   * @param {(told: any, cell: import("./spacetime.js").Cell) => void} opened
   */
  constructor(laws, chart, opened) {
    this.laws = laws;
    this.chart = chart;
    this.diagram = new SpaceTime(laws, opened);
    /** @type {any[] | undefined} */
    this.tables = undefined;
    at("line-choice").addEventListener("change", () => this.draw());
  }

  async read() {
    const choice = at("line-choice");
    const asked = this.laws.lines.map(({ agreement, line }) => ({
      agreement: agreement.name,
      line: line.properties.id,
    }));
    if (!choice.options.length) {
      this.laws.lines.forEach(({ line }, index) =>
        choice.add(new Option(line.properties.title || line.properties.id, String(index))),
      );
    }
    const found = await Promise.allSettled(asked.map((one) => ask("/api/spacetime", one)));
    this.tables = found.map((one) => (one.status === "fulfilled" ? one.value : null));
    this.watched();
  }

  async draw() {
    if (!this.tables) await this.read();
    const told = this.tables?.[Number(at("line-choice").value || 0)];
    if (told) this.diagram.show(told);
  }

  /** Shows on the map what was watched in an hour; by default in the last that is told. @param {number} [hour] */
  watched(hour) {
    this.chart.watched((this.tables ?? []).filter(Boolean), hour);
  }
}
