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
    "kafka up": (
        "kafka up",
        "kafka up --port 29092 --data broker",
        "kafka up --secured-port 9094 --user duty --password-file password.txt",
    ),
    "kafka down": ("kafka down", "kafka down --data broker"),
    "kafka status": ("kafka status", "kafka status --json"),
    "topics create": ("topics create", "topics create --partitions 24 --replication 3 --dry-run"),
    "send": (
        "send reports.ndjson.gz --checkpoint sent.json",
        "send ucdp=events.csv --rate 5000",
        "send - --feed sensors --metrics-listen 127.0.0.1:9465",
    ),
    "worker": (
        "worker -a ukraine-hypothetical",
        "worker --config kafka.toml --state-folder /var/lib/truceline --metrics-listen 127.0.0.1:9464",
    ),
    "tail": ("tail", "tail rejects --from-beginning --json", "tail incidents --no-follow", "tail reports --count 10"),
    "topics list": ("topics list", "topics list --json"),
}
"""By command, without the word `truceline`."""
