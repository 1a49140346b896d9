"""Every metric, its labels and its meaning. docs/metrics.md says more of each; a test holds the two together."""

from enum import StrEnum
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram

BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Role(StrEnum):
    """The commands that have metrics."""

    RUN = "run"
    WORKER = "worker"
    SEND = "send"
    SERVE = "serve"
    NOTIFY = "notify"


JUDGES = frozenset({Role.RUN, Role.WORKER})
_TAKES_IN = JUDGES | {Role.SEND}
ON_KAFKA = frozenset({Role.WORKER, Role.SEND})
_CONSUMES = frozenset({Role.WORKER})
_SERVES = frozenset({Role.SERVE})
_NOTIFIES = frozenset({Role.NOTIFY})


class Declared(NamedTuple):
    """One metric: its name as it is scraped, its kind, its labels, which commands have it, and what it means."""

    name: str
    kind: type[Counter | Gauge | Histogram]
    labels: tuple[str, ...]
    roles: frozenset[Role]
    meaning: str


DECLARED = (
    Declared(
        "truceline_reports_received_total",
        Counter,
        ("source", "feed"),
        _TAKES_IN,
        "Reports read, repeats included",
    ),
    Declared(
        "truceline_reports_rejected_total",
        Counter,
        ("source", "reason"),
        _TAKES_IN,
        "Rows that could not be read",
    ),
    Declared(
        "truceline_reports_late_total",
        Counter,
        ("source",),
        JUDGES,
        "Reports further behind than the retention",
    ),
    Declared(
        "truceline_alerts_raised_total",
        Counter,
        ("agreement", "provision", "severity"),
        JUDGES,
        "Alerts that were raised",
    ),
    Declared(
        "truceline_alerts_open",
        Gauge,
        ("agreement", "severity", "status"),
        JUDGES,
        "Raised alerts that wait for an outcome",
    ),
    Declared(
        "truceline_alerts_oldest_unacknowledged_seconds",
        Gauge,
        ("agreement", "severity"),
        JUDGES,
        "For how long the oldest raised alert has waited for somebody to see it",
    ),
    Declared(
        "truceline_report_to_alert_seconds",
        Histogram,
        (),
        JUDGES,
        "From a report's arrival until the alert that it raised was written",
    ),
    Declared(
        "truceline_source_last_report_timestamp_seconds",
        Gauge,
        ("source", "feed"),
        _TAKES_IN,
        "When a feed's last report was received, in seconds since 1970",
    ),
    Declared(
        "truceline_coverage_ratio",
        Gauge,
        ("line", "sector"),
        JUDGES,
        "The share of what happened in the last hour of the record that would have been noticed",
    ),
    Declared(
        "truceline_event_time_lag_seconds",
        Gauge,
        (),
        JUDGES,
        "How far the latest report lies behind the clock",
    ),
    Declared(
        "truceline_consumer_lag_records",
        Gauge,
        ("topic", "partition"),
        _CONSUMES,
        "Records of a partition that this process owns and has not yet worked off",
    ),
    Declared(
        "truceline_broker_connected",
        Gauge,
        (),
        ON_KAFKA,
        "1 while the broker answers, 0 while it is waited for",
    ),
    Declared(
        "truceline_last_progress_timestamp_seconds",
        Gauge,
        (),
        frozenset(Role),
        "When the process last got on with its work, in seconds since 1970",
    ),
    Declared("truceline_console_listeners", Gauge, (), _SERVES, "Those who are told of changes as they come"),
    Declared(
        "truceline_console_cut_total",
        Counter,
        (),
        _SERVES,
        "Listeners who were cut off because they took nothing",
    ),
    Declared(
        "truceline_notifications_total",
        Counter,
        ("receiver", "outcome"),
        _NOTIFIES,
        "What receivers were sent, by what became of it",
    ),
    Declared(
        "truceline_notifications_waiting",
        Gauge,
        ("receiver",),
        _NOTIFIES,
        "What a receiver has still to be told",
    ),
    Declared(
        "truceline_notifications_dead",
        Gauge,
        ("receiver",),
        _NOTIFIES,
        "What could not be delivered and was put aside",
    ),
    Declared(
        "truceline_notify_behind_entries",
        Gauge,
        (),
        _NOTIFIES,
        "Entries of the history that were not yet taken in",
    ),
    Declared("truceline_state_reports", Gauge, (), JUDGES, "Reports that the state holds"),
    Declared(
        "truceline_build_info",
        Gauge,
        ("version", "judged_by", "python", "role"),
        frozenset(Role),
        "What runs here; always 1",
    ),
)
"""Every metric of our own. What runs on Kafka has the client library's `process_…` beside them."""
