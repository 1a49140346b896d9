"""What a rule made of some words."""

from typing import Generic, NamedTuple, TypeVar

from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Remark

T = TypeVar("T")
SAID_LIMIT = 300
WORDS_LIMIT = 2_000
"""No rule looks further into a text than this; rules remember what they were given: cut it before."""
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—−"), "-") | {0xA0: " ", 0x202F: " "}
_NOT_KNOWN = frozenset(
    {
        *("n/k", "nk", "n.k", "n/a", "?", "-", "unknown", "undetermined", "unspecified", "not known", "not specified"),
        *("time unknown", "unknown time", "direction unknown", "unknown direction", "location unknown"),
    }
)


class Reading(NamedTuple, Generic[T]):
    """A value that was read from words. Where `rule` is None the value says all that the words say."""

    value: T
    rule: RemarkRule | None = None
    doubtful: bool = False

    def remark(self, field: str, said: str) -> tuple[Remark, ...]:
        """The remark that keeps the words beside the field that was made of them; none where nothing is to be said."""
        if self.rule is None:
            return ()
        return (Remark(field, " ".join(said.split())[:SAID_LIMIT], self.rule, self.doubtful),)


def plain(words: str) -> str:
    """The words with one kind of dash and single spaces, no longer than any rule looks."""
    return " ".join(words[:WORDS_LIMIT].translate(_DASHES).split())


def is_unknown(words: str) -> bool:
    """Whether the source says that it does not know.

    >>> is_unknown(" N/K ")
    True
    """
    return plain(words).casefold().strip(" .") in _NOT_KNOWN


def as_said(field: str, words: str) -> tuple[Remark, ...]:
    """Words that are kept and decide nothing."""
    said = " ".join(words[:WORDS_LIMIT].split())[:SAID_LIMIT]
    return (Remark(field, said, RemarkRule.AS_SAID),) if said else ()
