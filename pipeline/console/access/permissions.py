"""What each role may do, all of it in one place. What is not named here is refused."""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from pipeline.model.taxonomy import ActionKind


class Role(IntEnum):
    """What a user is there for; each may all that the ones before it may."""

    VIEWER = 1
    OPERATOR = 2
    SUPERVISOR = 3

    @property
    def word(self) -> str:
        """How it is written."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Role":
        """The role of a word.

        Raises:
            KeyError: there is none.
        """
        return cls[word.upper()]


class Rule(NamedTuple):
    """Who may ask for a path by a method.

    Attributes:
        role: the least that may; None where nobody has to say who he is.
        noted: what the trail calls it; empty where it is not noted.
        acts: it changes something: it is counted against the limit, and noted before it is done.
        lasts: the answer has no end, unless who listens may not any more.
    """

    role: Role | None
    noted: str = ""
    acts: bool = False
    lasts: bool = False


_ANYBODY = Rule(None)
_READ = Rule(Role.VIEWER)
_EXPORT = Rule(Role.VIEWER, "export")

RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "/"): _ANYBODY,
    ("GET", "/page/{name}"): _ANYBODY,
    ("GET", "/healthz"): _ANYBODY,
    ("GET", "/readyz"): _ANYBODY,
    ("GET", "/api/session"): _ANYBODY,
    ("POST", "/api/session"): _ANYBODY,
    ("DELETE", "/api/session"): _ANYBODY,
    ("GET", "/api/clock"): _READ,
    ("GET", "/api/alerts"): _READ,
    ("GET", "/api/points"): _READ,
    ("GET", "/api/alerts/{alert_id}"): Rule(Role.VIEWER, "alert"),
    # What may be done is decided by the kind of act; the act is noted with it.
    ("POST", "/api/alerts/{alert_id}/actions"): Rule(Role.OPERATOR),
    ("GET", "/api/events"): Rule(Role.VIEWER, "listen", lasts=True),
    ("GET", "/api/incidents"): _READ,
    ("GET", "/api/incidents/{incident_id}"): Rule(Role.VIEWER, "incident"),
    ("GET", "/api/sources"): _READ,
    ("GET", "/api/agreements"): _READ,
    ("GET", "/api/compliance"): _READ,
    ("GET", "/api/register"): _READ,
    ("GET", "/api/handover"): Rule(Role.VIEWER, "handover"),
    ("GET", "/api/coverage"): _READ,
    ("GET", "/api/spacetime"): _READ,
    ("GET", "/api/tasks"): _READ,
    ("GET", "/api/silences"): _READ,
    ("POST", "/api/silences"): Rule(Role.OPERATOR, "silence", acts=True),
    ("DELETE", "/api/silences/{silence_id}"): Rule(Role.OPERATOR, "end_silence", acts=True),
    ("GET", "/api/audit"): Rule(Role.SUPERVISOR, "audit"),
    ("GET", "/ogc"): _READ,
    ("GET", "/ogc/conformance"): _READ,
    ("GET", "/ogc/collections"): _READ,
    ("GET", "/ogc/collections/{name}"): _READ,
    ("GET", "/ogc/collections/{name}/items"): _EXPORT,
    ("GET", "/ogc/collections/{name}/items/{feature}"): _EXPORT,
    ("GET", "/cap/feed.atom"): _EXPORT,
    ("GET", "/cap/alerts/{name}"): _EXPORT,
    ("GET", "/metrics"): _READ,
    ("GET", "/openapi.json"): _READ,
}
"""By method and path, as the application's routes have it. What Litestar adds below /openapi is not among them."""

ACTS: Mapping[ActionKind, Role] = {
    ActionKind.ACKNOWLEDGE: Role.OPERATOR,
    ActionKind.ASSIGN: Role.OPERATOR,
    ActionKind.COMMENT: Role.OPERATOR,
    ActionKind.VERIFY: Role.OPERATOR,
    ActionKind.OUTCOME: Role.OPERATOR,
    ActionKind.ATTRIBUTE: Role.OPERATOR,
    ActionKind.DUPLICATE: Role.OPERATOR,
    ActionKind.SPLIT: Role.OPERATOR,
    ActionKind.RESPOND: Role.OPERATOR,
    ActionKind.SEAL: Role.SUPERVISOR,
    ActionKind.REOPEN: Role.SUPERVISOR,
}
"""By what is done with an alert."""

SILENCES = Role.OPERATOR


def _shape(path: str) -> str:
    """A path whose parameters have no names."""
    return re.sub(r"\{[^}]*\}", "{}", path)


_BY_SHAPE = {(method, _shape(path)): rule for (method, path), rule in RULES.items()}


def rule_of(method: str, path: str) -> Rule | None:
    """Who may ask for a path, as a route has it; None where nobody may."""
    if method == "OPTIONS":
        # Which methods there are is in the API's description.
        return _READ
    return _BY_SHAPE.get((method, _shape(path)))


def may(role: Role, kind: ActionKind) -> bool:
    """Whether a role may do something with an alert."""
    least = ACTS.get(kind)
    return least is not None and role >= least
