"""The tables of the file of users. docs/access.md says what each is for."""

APPLICATION_ID = 0x54525541
"""'TRUA': what `file` and SQLite's own header tell of such a file."""

SCHEMA_VERSION = 1

TABLES = """
CREATE TABLE users (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hash TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    made_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    label TEXT NOT NULL,
    made_us INTEGER NOT NULL,
    used_us INTEGER,
    expires_us INTEGER NOT NULL
) STRICT;

CREATE INDEX tokens_by_user ON tokens (user);

CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    user TEXT NOT NULL REFERENCES users (key) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    begun_us INTEGER NOT NULL,
    seen_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at_us INTEGER NOT NULL,
    user TEXT NOT NULL,
    role TEXT NOT NULL,
    what TEXT NOT NULL,
    about TEXT NOT NULL,
    outcome TEXT NOT NULL,
    address TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the trail is only added to'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the trail is only added to'); END;

CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE number = NEW.number)
BEGIN SELECT RAISE(ABORT, 'the trail is only added to'); END;
"""
