"""Why an alert is not more certain: each doubt in a plain sentence with its figures."""

from collections.abc import Mapping
from typing import Any

from pipeline.agreement import Agreement
from pipeline.cli.whereabouts import party_name
from pipeline.cli.words import distance, safe, share
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.taxonomy import Doubt

_AT_MOST = "so it is possible at most"


def doubts(alert: Alert, agreement: Agreement | None) -> tuple[str, ...]:
    """The doubts of an alert, a sentence each."""
    return tuple(sentence(note, agreement) for note in alert.doubts)


def sentence(note: DoubtNote, agreement: Agreement | None) -> str:
    """One doubt in words."""
    try:
        said = _with_figures(note.doubt, note.figures, agreement)
    except (KeyError, TypeError, ValueError):
        said = None
    if said is not None:
        return said
    # Figures grow with the core: what another version of it wrote must still be readable.
    figures = ", ".join(f"{safe(name)} {safe(str(value))}" for name, value in note.figures.items())
    return note.doubt.meaning[:1].upper() + note.doubt.meaning[1:] + (f" ({figures})." if figures else ".")


def _with_figures(doubt: Doubt, figures: Mapping[str, Any], agreement: Agreement | None) -> str | None:
    match doubt:
        case Doubt.PLACE_STRADDLES:
            return f"The place lies partly outside the zone: {share(figures['share_inside'])} of it is inside."
        case Doubt.PLACE_BROAD:
            spans, zones = float(figures["area_km2"]), float(figures["zone_km2"])
            return f"The place is broad: it spans {spans:,.0f} km², the provision's zones {zones:,.0f} km²; {_AT_MOST}."
        case Doubt.LINE_ACCURACY:
            drawn, edge = distance(figures["line_accuracy_m"]), distance(figures["edge_distance_m"])
            return f"The line is drawn to within {drawn}, and the place is {edge} from the zone's edge."
        case Doubt.TIME_STRADDLES:
            return f"The provision was in force for {share(figures['share_in_force'])} of the interval."
        case Doubt.WEAPON_UNCLEAR:
            covered = share(figures["share_covered"])
            return f"The weapon is not clear: {covered} of what it may have been is covered; {_AT_MOST}."
        case Doubt.ACTIVITY_UNCLEAR:
            covered = share(figures["share_covered"])
            return f"The source does not say what happened: by assumption {covered} of it is covered; {_AT_MOST}."
        case Doubt.EXCEPTION_MAY_APPLY:
            return f"An exception covers {share(figures['share_suspended'])} of the time and place."
        case Doubt.ATTRIBUTION_NEEDED:
            bound = " and ".join(party_name(party, agreement) for party in figures["binds"])
            return f"The clause binds {safe(bound)} alone, and no report names them; {_AT_MOST}."
        case Doubt.SINGLE_REPORT:
            return "One report says so, and no other corroborates it."
        case Doubt.PARTY_CLAIM:
            names = ", ".join(party_name(ledger.removeprefix("party:"), agreement) for ledger in figures["ledgers"])
            return f"Only a party to the agreement says so: {safe(names)}."
        case Doubt.READING_DISPUTED:
            return "The parties read this clause differently: see the readings."
        case _:
            return None
