"""Why an alert is not more certain: each doubt in a plain sentence with its figures."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from pipeline.agreement import Agreement
from pipeline.cli.whereabouts import party_name
from pipeline.cli.words import distance, probability, safe, share, stamp
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.taxonomy import Doubt

_AT_MOST = "so it is possible at most"


def doubts(alert: Alert, agreement: Agreement | None) -> tuple[str, ...]:
    """The doubts of an alert, a sentence each."""
    return tuple(sentence(note, agreement) for note in alert.doubts)


def sentence(note: DoubtNote, agreement: Agreement | None) -> str:
    """One doubt in words."""
    try:
        return _SENTENCES[note.doubt](_Figures(note.figures, agreement))
    except (KeyError, TypeError, ValueError):
        # Figures grow with the core: what another version of it wrote must still be readable.
        figures = ", ".join(f"{safe(name)} {safe(str(value))}" for name, value in note.figures.items())
        return note.doubt.meaning[:1].upper() + note.doubt.meaning[1:] + (f" ({figures})." if figures else ".")


class _Figures:
    """A doubt's figures, each by its name, in words."""

    def __init__(self, figures: Mapping[str, Any], agreement: Agreement | None) -> None:
        self._figures, self._agreement = figures, agreement

    def share(self, name: str) -> str:
        return share(self._figures[name])

    def distance(self, name: str) -> str:
        return distance(self._figures[name])

    def km2(self, name: str) -> str:
        return f"{self._figures[name]:,.0f} km²"

    def shape(self) -> str:
        """How old a zone's shape is, and for how much of the time there is none."""
        age, without = self._figures["age_days"], self._figures["share_without"]
        old = f": it is {age} days old, of {safe(str(self._figures['content_date']))}" if age else ""
        return old + (f"; for {share(without)} of the time there is none" if without else "")

    def word(self, name: str) -> str:
        """A term as people write it."""
        return safe(str(self._figures[name]).replace("_", " "), 200)

    def who(self, name: str) -> str:
        """An operator's name."""
        return safe(str(self._figures[name]), 200)

    def probability(self, name: str) -> str:
        return probability(float(self._figures[name]))

    def count(self, name: str) -> str:
        return f"{int(self._figures[name]):,}"

    def new(self, name: str) -> str:
        """How many reports are new."""
        number = int(self._figures[name])
        return f"{number:,} new {'report' if number == 1 else 'reports'}" if number else "no new report"

    def minutes(self, name: str) -> str:
        return f"{self._figures[name]:g} min"

    def span(self, least: str, most: str) -> str:
        """An interval of whole numbers, which may be open."""
        low, high = self._figures[least], self._figures[most]
        return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"

    def times(self, begin: str, end: str) -> str:
        """From when until when, in brackets; empty where neither is known."""
        known = ((word, self._figures[name]) for word, name in (("from", begin), ("until", end)))
        said = " ".join(f"{word} {_time(text)}" for word, text in known if text is not None)
        return f" ({said})" if said else ""

    def parties(self, name: str, joint: str) -> str:
        ids = (party.removeprefix("party:") for party in self._figures[name])
        return safe(joint.join(party_name(party, self._agreement) for party in ids))


def _time(text: str) -> str:
    """An ISO time as people read it; a day alone stays a day."""
    return (
        stamp(datetime.fromisoformat(text)) if len(text) > len("2015-02-12") else date.fromisoformat(text).isoformat()
    )


_DISPUTED = {
    "unmarked": "Nothing marks the line on the ground: who stood there may have taken it to run elsewhere.",
    "disputed": "The parties do not agree where the line runs: this is judged by the line as it is drawn here.",
}

_SENTENCES: dict[Doubt, Callable[[_Figures], str]] = {
    Doubt.PLACE_STRADDLES: lambda f: f"The place lies partly outside the zone: {f.share('share_inside')} is inside.",
    Doubt.PLACE_BROAD: lambda f: (
        f"The place is broad: it spans {f.km2('area_km2')}, the provision's zones {f.km2('zone_km2')}; {_AT_MOST}."
    ),
    Doubt.LINE_ACCURACY: lambda f: (
        f"The line is drawn to within {f.distance('line_accuracy_m')}, and the place is "
        f"{f.distance('edge_distance_m')} from the zone's edge."
    ),
    Doubt.LINE_OF_ANOTHER_TIME: lambda f: (
        f"The line is drawn as it was at another time{f.times('line_valid_from', 'line_valid_until')}: "
        "which side this was on may be another."
    ),
    Doubt.LINE_DISPUTED: lambda f: _DISPUTED[f.word("line_status")],
    Doubt.SHAPE_OF_ANOTHER_DAY: lambda f: f"The zone's shape is not that of the day{f.shape()}.",
    Doubt.SHAPE_CHANGES: lambda f: (
        "The zone's shape changed within the interval: by one shape "
        f"{f.share('share_least')} of the place is inside, by another {f.share('share_most')}."
    ),
    Doubt.TIME_STRADDLES: lambda f: f"The provision was in force for {f.share('share_in_force')} of the interval.",
    Doubt.WEAPON_UNCLEAR: lambda f: (
        f"The weapon is not clear: {f.share('share_covered')} of what it may have been is covered; {_AT_MOST}."
    ),
    Doubt.ACTIVITY_UNCLEAR: lambda f: (
        f"The source does not say what happened: by assumption {f.share('share_covered')} is covered; {_AT_MOST}."
    ),
    Doubt.SIDE_UNCLEAR: lambda f: (
        f"The positions leave open whether the line lies between them: {f.share('share_before')} of the one and "
        f"{f.share('share_after')} of the other is on its side."
    ),
    Doubt.DIRECTION_UNCLEAR: lambda _: f"Nobody says which way the line was crossed; {_AT_MOST}.",
    Doubt.DWELL_SHORT: lambda f: (
        f"The clause asks for a stay of {f.minutes('dwell_minutes')}, and what was seen lasted "
        f"{f.minutes('seen_minutes')}; {_AT_MOST}."
    ),
    Doubt.COUNT_INDETERMINATE: lambda f: (
        f"What was counted leaves open whether the ceiling is exceeded: {f.span('count_min', 'count_max')}; {_AT_MOST}."
    ),
    Doubt.COORDINATION_UNRECORDED: lambda f: (
        f"The record of the {f.minutes('within_minutes')} before has no call on the coordination mechanism, which does "
        "not show that there was none."
    ),
    Doubt.EFFORT_UNKNOWN: lambda _: "How much was watched is not known: more observers look like more violations.",
    Doubt.EFFORT_UNEVEN: lambda f: (
        f"On the last day {f.share('observed')} would have been noticed, before it {f.share('observed_before')}: all "
        "rests on how well that is known."
    ),
    Doubt.FORM_UNSAID: lambda _: "The source says that armed force was used, and not in which form.",
    Doubt.ATTRIBUTION_NEEDED: lambda f: (
        f"The clause binds {f.parties('binds', ' and ')} alone, and no report names them; {_AT_MOST}."
    ),
    Doubt.EXCEPTION_MAY_APPLY: lambda f: f"An exception covers {f.share('share_suspended')} of the time and place.",
    Doubt.SINGLE_REPORT: lambda _: "One origin says so, and no other corroborates it.",
    Doubt.PARTY_CLAIM: lambda f: f"Only a party to the agreement says so: {f.parties('ledgers', ', ')}.",
    Doubt.OUTCOME_CONTRADICTED: lambda f: (
        f"What came since speaks against the recorded outcome, {f.word('outcome')} (by {f.who('by')}): "
        f"{f.new('new_reports')}, the probability was {f.probability('probability_seen')} then and is "
        f"{f.probability('probability_now')} now."
    ),
    Doubt.OUTCOMES_DIFFER: lambda f: (
        f"Operators recorded different outcomes when this was two alerts: {f.word('outcome')} (by {f.who('by')}) "
        f"stands, {f.word('other')} (by {f.who('other_by')}) does not. Open it again to settle that."
    ),
    Doubt.EVIDENCE_GONE: lambda f: (
        f"No report supports it any longer; it rested on {f.count('reports_seen')}. It stands by what an operator "
        "recorded."
    ),
    Doubt.SPLIT_BY_OPERATOR: lambda f: (
        f"{f.who('by')} told its reports apart: {f.count('reports')} of {f.count('reports_before')} are in this "
        "alert; place and probability are those of the incident as a whole."
    ),
    Doubt.READING_DISPUTED: lambda _: "The parties read this clause differently: see the readings.",
}
