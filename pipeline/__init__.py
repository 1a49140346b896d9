"""Truceline: watches a ceasefire. Reports of incidents in, alerts out, each with its evidence and its article.

The Python API is what stands in `__all__`; each name is loaded when it is first used.

>>> import pipeline
>>> agreement = pipeline.load_agreement("donbas-2015")
>>> agreement.parties[0].id
'ukraine'

`read_reports` reads an input, `match` holds reports against an agreement's zones and gives a GeoDataFrame, `Monitor` is
the functional core, and `open_store` opens the record that `truceline run` wrote:

    with pipeline.open_store("truceline.db") as store:
        for alert in store.alerts():
            print(alert.alert_id, alert.article, alert.probability)
        for incident in store.incidents():
            print(incident.incident_id, incident.activity, len(incident.report_ids), incident.occurred)
        for told in pipeline.compliance(store, agreement):
            print(told.provision, told.subject, told.compliance, told.says)

`Acting` does what operators do with alerts, as `truceline act` does.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.agreement import Agreement, AgreementError, load_agreement
    from pipeline.api import Reports, match, read_reports
    from pipeline.model.records import Progress
    from pipeline.model.report import Report
    from pipeline.monitor import Changes, MemoryWindows, Monitor
    from pipeline.sources.base import InputError
    from pipeline.store import Store, StoreError, open_store
    from pipeline.store.acting import Acting
    from pipeline.store.compliance import compliance

__all__ = [
    "Acting",
    "Agreement",
    "AgreementError",
    "Changes",
    "InputError",
    "MemoryWindows",
    "Monitor",
    "Progress",
    "Report",
    "Reports",
    "Store",
    "StoreError",
    "compliance",
    "load_agreement",
    "match",
    "open_store",
    "read_reports",
]

_HOMES = {
    "pipeline.agreement": ("Agreement", "AgreementError", "load_agreement"),
    "pipeline.api": ("Reports", "match", "read_reports"),
    "pipeline.model.records": ("Progress",),
    "pipeline.model.report": ("Report",),
    "pipeline.monitor": ("Changes", "MemoryWindows", "Monitor"),
    "pipeline.sources.base": ("InputError",),
    "pipeline.store": ("Store", "StoreError", "open_store"),
    "pipeline.store.acting": ("Acting",),
    "pipeline.store.compliance": ("compliance",),
}
"""Where each name lives: importing the package alone must not load geometry and tables."""


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
