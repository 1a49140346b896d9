"use strict";

// What is chosen in the panel, and which alerts it lets through. Times are seconds since 1970, shown in UTC.
const STEPS = 400;
const BARS = 80;

function utc(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

function checkbox(into, name, picture, checked, changed) {
  const label = element("label");
  const box = element("input");
  box.type = "checkbox";
  box.checked = checked;
  box.addEventListener("change", changed);
  label.append(box, ...(picture ? [picture] : []), name);
  document.getElementById(into).append(label);
  return box;
}

class Filters {
  constructor(data, changed) {
    this.changed = changed;
    this.severities = this.terms("severities", SEVERITIES, data.alerts, "severity", (name) => symbol(name, "raised"));
    this.standings = this.terms("standings", STANDINGS, data.alerts, "standing", (name) => symbol("serious", name));
    this.provision = document.getElementById("provision");
    this.fillProvisions(data);
    const first = data.alerts.reduce((time, alert) => Math.min(time, alert.from), Infinity);
    this.begin = Number.isFinite(first) ? first : 0;
    this.end = data.alerts.reduce((time, alert) => Math.max(time, alert.from), this.begin + 60);
    this.sliders();
    this.bars(data.alerts);
  }

  terms(into, names, alerts, field, picture) {
    const boxes = {};
    for (const name of names) {
      const number = alerts.filter((alert) => alert[field] === name).length;
      boxes[name] = checkbox(into, `${name} ${number}`, picture(name), true, this.changed);
      boxes[name].disabled = number === 0;
    }
    return boxes;
  }

  fillProvisions(data) {
    this.provision.append(new Option("all", ""));
    data.agreements.forEach((agreement, index) => {
      const group = element("optgroup");
      group.label = agreement.name;
      const counts = new Map();
      for (const alert of data.alerts) {
        if (alert.agreement === index) counts.set(alert.provision, (counts.get(alert.provision) || 0) + 1);
      }
      for (const [id, count] of [...counts].sort()) group.append(new Option(`${id} (${count})`, `${index}/${id}`));
      if (counts.size) this.provision.append(group);
    });
    this.provision.addEventListener("change", this.changed);
  }

  sliders() {
    this.from = document.getElementById("from");
    this.until = document.getElementById("until");
    for (const slider of [this.from, this.until]) {
      slider.min = 0;
      slider.max = STEPS;
      slider.step = 1;
      slider.addEventListener("input", () => this.moved(slider));
    }
    this.from.value = 0;
    this.until.value = STEPS;
  }

  moved(slider) {
    if (Number(this.from.value) > Number(this.until.value)) {
      if (slider === this.from) this.until.value = this.from.value;
      else this.from.value = this.until.value;
    }
    this.changed();
  }

  bars(alerts) {
    const picture = document.getElementById("histogram");
    const counts = new Array(BARS).fill(0);
    for (const alert of alerts) counts[this.bar(alert.from)] += 1;
    const most = Math.max(1, ...counts);
    picture.setAttribute("viewBox", `0 0 ${BARS} 1`);
    this.rects = counts.map((count, index) => {
      const height = count ? Math.max(0.04, count / most) : 0;
      return svg("rect", { x: index + 0.08, y: 1 - height, width: 0.84, height });
    });
    picture.append(...this.rects);
  }

  bar(seconds) {
    return Math.min(BARS - 1, Math.floor((BARS * (seconds - this.begin)) / (this.end - this.begin)));
  }

  at(slider) {
    return this.begin + ((this.end - this.begin) * Number(slider.value)) / STEPS;
  }

  showSpan() {
    const from = this.at(this.from);
    const until = this.at(this.until);
    document.getElementById("span").textContent = `${utc(from)} to ${utc(until)}`;
    this.rects.forEach((rect, index) => {
      const seconds = this.begin + ((this.end - this.begin) * (index + 0.5)) / BARS;
      rect.setAttribute("class", seconds >= from && seconds <= until ? "in" : "");
    });
    return [from, until];
  }

  apply(alerts) {
    const [from, until] = this.showSpan();
    const chosen = this.provision.value;
    return alerts.filter(
      (alert) =>
        this.severities[alert.severity].checked &&
        this.standings[alert.standing].checked &&
        (!chosen || chosen === `${alert.agreement}/${alert.provision}`) &&
        alert.from >= from &&
        alert.from <= until,
    );
  }
}
