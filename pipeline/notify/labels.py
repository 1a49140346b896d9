"""By what an alert is known in an Alertmanager: the labels by which it is routed, grouped and silenced."""

from collections.abc import Callable, Sequence

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.footprints import Footprints
from pipeline.law.sectors import Sectors
from pipeline.model.records import Alert

ALERT_NAME = "TrucelineViolation"
"""What all alerts of ours are called; those of the monitoring have other names."""

LABELS = ("alertname", "alert_id", "agreement", "provision", "severity", "line", "sector")

_MOST = 200
"""A longer name is cut: names of an agreement are data, too."""


def labels(alert: Alert, sector: str = "") -> dict[str, str]:
    """The labels of an alert; what is empty is left out, as an Alertmanager takes it.

    Args:
        sector: the stretch of a line in which it stands, by its id.
    """
    told = {
        "alertname": ALERT_NAME,
        "alert_id": alert.alert_id,
        "agreement": alert.agreement,
        "provision": alert.provision,
        "severity": alert.severity.value,
        "line": alert.line or "",
        "sector": sector,
    }
    return {name: value[:_MOST] for name, value in told.items() if value}


class Stretches:
    """In which sector of its agreement's lines each alert stands; what an agreement says is looked up once.

    Args:
        agreement: gives the agreement of a name, if its data is at hand.
    """

    def __init__(self, agreement: Callable[[str], Agreement | None]) -> None:
        self._agreement = agreement
        self._known: dict[str, Sectors | None] = {}

    def of(self, alerts: Sequence[Alert]) -> list[str]:
        """For each alert its sector's id; empty where it stands in none, or in more than one."""
        found = [""] * len(alerts)
        for name in {alert.agreement for alert in alerts}:
            rows = [row for row, alert in enumerate(alerts) if alert.agreement == name]
            sectors = self._sectors(name)
            if sectors is None:
                continue
            for row, sector in zip(rows, _placed([alerts[row] for row in rows], sectors), strict=True):
                found[row] = sector
        return found

    def _sectors(self, name: str) -> Sectors | None:
        if name not in self._known:
            agreement = self._agreement(name)
            self._known[name] = None if agreement is None else Sectors(agreement)
        return self._known[name]


def _placed(alerts: Sequence[Alert], sectors: Sectors) -> list[str]:
    """By where each alert is; one that speaks of a whole sector says so in its figures."""
    lon = np.array([np.nan if alert.lon is None else alert.lon for alert in alerts])
    lat = np.array([np.nan if alert.lat is None else alert.lat for alert in alerts])
    radius_m = np.array([alert.radius_m or 0.0 for alert in alerts])
    wheres = sectors.of(Footprints.of_discs(lon, lat, radius_m))
    named = [str(alert.figures.get("sector", "")) for alert in alerts]
    return [name if name in sectors.names else where.sector or "" for name, where in zip(named, wheres, strict=True)]
