/**
 * A flood in groups: where more alerts were raised within an hour than an operator can take in (the budget), those of
 * one provision and sector stand in the list as one. Nothing is left out: a group opens to its alerts.
 */

/**
 * @typedef {{kind: "alert", key: string, level: number, alert: any}} AlertItem
 * @typedef {{kind: "group", key: string, level: number, alerts: any[], severity: string, hour: string, sector: string}}
 *   GroupItem
 * @typedef {AlertItem | GroupItem} Item
 */

/**
 * @param {any[]} alerts in the order of the list
 * @param {number} budget alerts an hour; 0 for no groups
 * @param {Set<string>} opened keys of the groups that are open
 * @param {(alert: any) => string} sectorOf
 * @returns {Item[]}
 */
export function items(alerts, budget, opened, sectorOf) {
  const flooded = budget ? floods(alerts, budget) : new Set();
  /** @type {Map<string, GroupItem>} */
  const groups = new Map();
  /** @type {Item[]} */
  const found = [];
  for (const alert of alerts) {
    const hour = hourOf(alert);
    if (!flooded.has(hour)) {
      found.push(single(alert, 1));
      continue;
    }
    const sector = sectorOf(alert);
    const key = ["group", hour, alert.severity, alert.agreement, alert.provision, sector].join("|");
    const group = groups.get(key);
    if (group) group.alerts.push(alert);
    else {
      const made = { kind: /** @type {"group"} */ ("group"), key, level: 1, alerts: [alert], hour, sector };
      groups.set(key, { ...made, severity: alert.severity });
      found.push(/** @type {GroupItem} */ (groups.get(key)));
    }
  }
  return found.flatMap((item) => unfolded(item, opened));
}

/** @param {Item} item @param {Set<string>} opened @returns {Item[]} */
function unfolded(item, opened) {
  if (item.kind === "alert") return [item];
  if (item.alerts.length === 1) return [single(item.alerts[0], 1)];
  return opened.has(item.key) ? [item, ...item.alerts.map((alert) => single(alert, 2))] : [item];
}

/** @param {any} alert @param {number} level @returns {AlertItem} */
function single(alert, level) {
  return { kind: "alert", key: alert.alert_id, level, alert };
}

/** @param {any} alert */
function hourOf(alert) {
  return alert.raised_at.slice(0, 13);
}

/** @param {any[]} alerts @param {number} budget */
function floods(alerts, budget) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const alert of alerts) counts.set(hourOf(alert), (counts.get(hourOf(alert)) ?? 0) + 1);
  return new Set([...counts].filter(([, count]) => count > budget).map(([hour]) => hour));
}
