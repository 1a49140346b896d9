"""Examples of every command, for its --help and for the tests that hold them true."""

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo", "demo --scenario quiet --seconds 60"),
    "run": (
        "run -a donbas-2015 ucdp=events.csv",
        "run -a donbas-2015 -a my-agreement.toml reports/ --store monitoring.db",
        "run -a ukraine-hypothetical - --metrics-listen 127.0.0.1:9464",
        "run -a ukraine-hypothetical reports.ndjson.gz --pace 60 --summary summary.json",
    ),
    "match": (
        "match -a donbas-2015 ucdp=events.csv -o matches.gpkg",
        "match -a donbas-2015 reports/ --all -o matches.parquet",
        "match -a ukraine-hypothetical reports.ndjson --timings -o matches.parquet",
    ),
    "alerts list": ("alerts list", "alerts list --possible --json"),
    "alerts show": ("alerts show al_0123abcd",),
    "alerts export": ("alerts export -o alerts.ndjson", "alerts export --history -o history.csv"),
    "alerts map": ("alerts map -o alerts.html",),
    "incidents list": ("incidents list", "incidents list --reports 2", "incidents list --unresolved --json"),
    "incidents show": ("incidents show in_0123abcd",),
    "incidents export": ("incidents export -o incidents.gpkg",),
    "rejects list": ("rejects list", "rejects list --json"),
    "rejects show": ("rejects show 1",),
    "rejects export": ("rejects export -o rejects.ndjson",),
    "agreement list": ("agreement list",),
    "agreement show": ("agreement show donbas-2015", "agreement show my-agreement.toml --json"),
    "agreement check": ("agreement check my-agreement.toml",),
    "sources": ("sources", "sources ucdp"),
    "scenario list": ("scenario list",),
    "scenario make": ("scenario make routine --seed 7 -o routine",),
    "scenario score": ("scenario score routine --store truceline.db", "scenario score routine --json"),
}
"""By command, without the word `truceline`."""
