"""Whether a party that an operator names is one of the agreement's."""

from collections.abc import Iterable

from pipeline.cli.common import UserError, say
from pipeline.cli.whereabouts import Agreements
from pipeline.cli.words import safe


def check_party(party: str | None, agreement: str, known: Agreements, kept: Iterable[str] = ()) -> None:
    """Makes sure of a party's id; says so where neither the agreement's file nor a store's own list is there to tell.

    Args:
        party: None where none is named.
        kept: the parties that the store keeps of the agreement by which it was judged (`Store.parties`).

    Raises:
        UserError: the agreement has no such party.
    """
    if party is None:
        return
    data = known.get(agreement)
    ids = list(kept) if data is None else [one.id for one in data.parties]
    if not ids:
        where = "its data is not at hand; name its file with --agreement"
        say(f"{safe(party, 60)}: not checked against the parties of {agreement}: {where}")
    elif party not in ids:
        raise UserError(f"{agreement} has no party {safe(party, 60)!r}; its parties are {', '.join(ids)}")
