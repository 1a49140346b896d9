"""The store's tables. docs/store.md says what each is for."""

APPLICATION_ID = 0x54525543
"""'TRUC': what `file` and SQLite's own header tell of such a file."""

SCHEMA_VERSION = 5

_INPUTS = """
CREATE TABLE exports (
    file TEXT NOT NULL,
    replaces TEXT NOT NULL,
    PRIMARY KEY (file, replaces)
) STRICT, WITHOUT ROWID;

CREATE TABLE followed (
    file TEXT PRIMARY KEY,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    known_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    first INTEGER NOT NULL,
    row INTEGER NOT NULL,
    position INTEGER NOT NULL,
    size INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
"""What is known of the inputs themselves."""

FROM_VERSION = {4: _INPUTS}
"""What the tables of an earlier version lack, by that version. Reading needs none of it."""

TABLES = (
    """
CREATE TABLE frames (
    seq INTEGER PRIMARY KEY,
    appended_at TEXT NOT NULL,
    reports INTEGER NOT NULL,
    payload BLOB NOT NULL,
    kind TEXT NOT NULL DEFAULT 'reports'
) STRICT;

CREATE TABLE sealable (
    seq INTEGER PRIMARY KEY REFERENCES frames (seq),
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE reports (
    tile TEXT NOT NULL,
    day TEXT NOT NULL,
    report_id TEXT NOT NULL,
    content BLOB NOT NULL,
    seq INTEGER NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (day, tile, report_id, content)
) STRICT, WITHOUT ROWID;

CREATE INDEX reports_by_id ON reports (report_id);

CREATE TABLE tombstones (
    report_id TEXT NOT NULL,
    ledger TEXT NOT NULL,
    PRIMARY KEY (report_id, ledger)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    incident_id TEXT PRIMARY KEY,
    observed_from TEXT NOT NULL,
    unresolved INTEGER NOT NULL,
    incident BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE successions (
    incident_id TEXT NOT NULL,
    successor TEXT NOT NULL,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (incident_id, successor)
) STRICT, WITHOUT ROWID;

CREATE INDEX successions_by_successor ON successions (successor);

CREATE TABLE alerts (
    alert_id TEXT PRIMARY KEY,
    agreement TEXT NOT NULL,
    provision TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    severity TEXT NOT NULL,
    standing TEXT NOT NULL,
    status TEXT NOT NULL,
    observed_from TEXT NOT NULL,
    revision INTEGER NOT NULL,
    remembered INTEGER NOT NULL,
    alert BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX alerts_by_incident ON alerts (incident_id);
CREATE INDEX alerts_by_provision ON alerts (agreement, provision, observed_from);
CREATE INDEX alerts_by_standing ON alerts (standing, status);

CREATE TABLE history (
    entry INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    said BLOB NOT NULL,
    UNIQUE (alert_id, revision)
) STRICT;

CREATE TABLE told (
    report_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE actions (
    action_id TEXT PRIMARY KEY,
    agreement TEXT NOT NULL,
    provision TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    action BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX actions_by_alert ON actions (alert_id);
CREATE INDEX actions_by_provision ON actions (agreement, provision);

CREATE TABLE touching (
    report_id TEXT NOT NULL,
    action_id TEXT NOT NULL,
    PRIMARY KEY (report_id, action_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX touching_by_action ON touching (action_id);

CREATE TABLE acted (
    alert_id TEXT PRIMARY KEY,
    agreement TEXT NOT NULL,
    provision TEXT NOT NULL,
    judged INTEGER NOT NULL,
    alert BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE resting (
    report_id TEXT NOT NULL,
    alert_id TEXT NOT NULL,
    PRIMARY KEY (report_id, alert_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX resting_by_alert ON resting (alert_id);

CREATE TABLE revising (
    revised_by TEXT NOT NULL,
    report_id TEXT NOT NULL,
    PRIMARY KEY (revised_by, report_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX revising_by_report ON revising (report_id);

CREATE TABLE findings (
    agreement TEXT NOT NULL,
    provision TEXT NOT NULL,
    day INTEGER NOT NULL,
    incident_id TEXT NOT NULL,
    role TEXT NOT NULL,
    finding BLOB NOT NULL,
    PRIMARY KEY (agreement, provision, day, incident_id, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_by_incident ON findings (incident_id);

CREATE TABLE checkpoints (
    agreement TEXT NOT NULL,
    provision TEXT NOT NULL,
    day INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (agreement, provision, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE due (
    agreement TEXT PRIMARY KEY,
    day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE folded (
    alert_id TEXT PRIMARY KEY,
    settled_on INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE observations (
    observation_id TEXT NOT NULL,
    content BLOB NOT NULL,
    asset TEXT NOT NULL,
    make TEXT,
    revises TEXT,
    retracted INTEGER NOT NULL,
    from_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    known_us INTEGER NOT NULL,
    observation BLOB NOT NULL,
    PRIMARY KEY (observation_id, content)
) STRICT, WITHOUT ROWID;

CREATE VIEW standing_observations AS
SELECT from_us, until_us, known_us FROM observations
WHERE NOT retracted
AND observation_id NOT IN (SELECT revises FROM observations WHERE revises IS NOT NULL)
AND observation_id NOT IN (SELECT observation_id FROM observations WHERE retracted);

CREATE INDEX observations_by_end ON observations (until_us, from_us);
CREATE INDEX observations_by_revised ON observations (revises) WHERE revises IS NOT NULL;
CREATE INDEX observations_by_asset ON observations (asset, until_us);

CREATE TABLE due_watch (
    one INTEGER PRIMARY KEY CHECK (one = 0),
    from_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL
) STRICT;

CREATE TABLE efforts (
    agreement TEXT NOT NULL,
    day INTEGER NOT NULL,
    shares BLOB NOT NULL,
    PRIMARY KEY (agreement, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_events (
    event_id TEXT PRIMARY KEY,
    task_id TEXT NOT NULL,
    report_id TEXT,
    seq INTEGER NOT NULL,
    event BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX task_events_by_task ON task_events (task_id);
CREATE INDEX task_events_by_report ON task_events (report_id) WHERE report_id IS NOT NULL;

CREATE TABLE rejects (
    number INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    row INTEGER NOT NULL,
    position INTEGER NOT NULL,
    field TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    source TEXT NOT NULL,
    bytes BLOB NOT NULL,
    length INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    UNIQUE (file, row, position, field, reason, sha256)
) STRICT;

CREATE TABLE positions (
    agreement TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    judged_by TEXT NOT NULL,
    version TEXT NOT NULL,
    seq INTEGER NOT NULL,
    why TEXT NOT NULL,
    parties TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE figures (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
    + _INPUTS
)
