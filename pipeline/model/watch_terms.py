"""The terms of reconnaissance: how assets watch, what silence is worth, and the course of a look that is asked for."""

from pipeline.model.term import Term


class ObservationState(Term):
    """How an asset watched in an interval."""

    WATCHING = "watching", "watched as designed"
    DEGRADED = "degraded", "watched less well than designed"
    OUTAGE = "outage", "did not watch: its own fault"
    JAMMED = "jammed", "did not watch: jammed"
    OBSCURED = "obscured", "did not watch: weather, smoke or darkness"
    DENIED = "denied", "did not watch: access was denied"

    @property
    def blind(self) -> bool:
        """Whether nothing was watched."""
        return self not in (ObservationState.WATCHING, ObservationState.DEGRADED)


class Watched(Term):
    """How much of what happened somewhere would have been noticed: what silence there is worth."""

    OBSERVED = "observed", "most of it would have been noticed: silence means quiet"
    PARTLY_OBSERVED = "partly_observed", "some of it would have been noticed"
    UNOBSERVED = "unobserved", "next to nothing of it would have been noticed: silence means nothing"
    UNKNOWN = "unknown", "nobody said who watched"


class TaskStep(Term):
    """What may be done with a verification task: a look that somebody is asked for."""

    PROPOSE = "propose", "proposes a look; nobody is asked yet"
    REQUEST = "request", "asks whoever runs the asset for it"
    ACCEPT = "accept", "says, for whoever runs the asset, that it will be done"
    START = "start", "says that it has begun"
    ANSWER = "answer", "records what the look found"
    FAIL = "fail", "records that the look could not be had, or showed nothing that could be judged"
    WITHDRAW = "withdraw", "takes it back"


class TaskState(Term):
    """Where a verification task stands."""

    PROPOSED = "proposed", "somebody thinks that it is worth a look; nobody was asked"
    REQUESTED = "requested", "whoever runs the asset was asked"
    ACCEPTED = "accepted", "whoever runs the asset will do it"
    UNDER_WAY = "under_way", "it has begun"
    ANSWERED = "answered", "what the look found is recorded"
    FAILED = "failed", "the look could not be had, or showed nothing that could be judged"
    WITHDRAWN = "withdrawn", "it was taken back"


class TaskOutcome(Term):
    """What a look found. It is evidence; what follows for the alert is an operator's to record."""

    EVIDENCE_FOUND = "evidence_found", "there are signs that it happened"
    NOTHING_FOUND = "nothing_found", "what could be seen shows no sign of it"
    UNCLEAR = "unclear", "what could be seen leaves it open"


class TaskReason(Term):
    """Why a look failed or a task was withdrawn; the group is the step that it goes with."""

    WEATHER = "weather", "cloud, fog, wind or darkness", "fail"
    JAMMED = "jammed", "links or navigation were jammed", "fail"
    ACCESS_DENIED = "access_denied", "access was denied", "fail"
    NOT_AVAILABLE = "not_available", "the asset was not to be had", "fail"
    TOO_DANGEROUS = "too_dangerous", "nobody could be sent safely", "fail"
    TOO_LATE = "too_late", "the time for it has passed", "fail"
    DECLINED = "declined", "whoever runs the asset declined", "fail"
    NO_LONGER_NEEDED = "no_longer_needed", "what was asked is known by now", "withdraw"
    ANOTHER_INSTEAD = "another_instead", "another look takes its place", "withdraw"
    MADE_IN_ERROR = "made_in_error", "it was a slip", "withdraw"
