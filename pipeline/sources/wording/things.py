"""What happened, with which weapon and how it was observed, in words, by the tables of `schemas/codes/osce.toml`."""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from pipeline.model.remark_terms import RemarkRule
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.sources.codes import Code, codes_of
from pipeline.sources.wording.reading import Reading, is_unknown, plain


class Kind(NamedTuple):
    """One thing that a text names: the word, and what it stands for."""

    word: str
    activity: Activity
    unit: CountUnit | None


class Arms(NamedTuple):
    """Weapons as alternatives, and the calibre where only one is said."""

    weapons: tuple[Weapon, ...] = ()
    calibre_mm: float | tuple[float, float] | None = None


_CALIBRE = re.compile(r"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]{1,2})?) ?-? ?mm\b", re.IGNORECASE)
_PARTS = frozenset({"cannon"})
"""Words for a part of a weapon: where the whole is named too, they say nothing more."""
_EITHER = re.compile(r"\bor\b|/|\beither\b", re.IGNORECASE)
_SENSES = re.compile(r"\b(?:heard|hear|saw|seen|observed|recorded|captured|felt)\b", re.IGNORECASE)


class _Words:
    """A table of words, looked for in texts: the longest first."""

    def __init__(self, codes: dict[str, Code]) -> None:
        self._codes = {_key(word): (word, code) for word, code in codes.items()}
        longest = sorted(self._codes, key=len, reverse=True)
        listed = "|".join(re.escape(word).replace(r"\ ", "[ -]") for word in longest)
        self.pattern = re.compile(rf"(?<![\w-])({listed})(?:e?s)?(?![\w])", re.IGNORECASE)

    def find(self, text: str) -> list[tuple[str, Code]]:
        """What the text names, in order, each once."""
        return list(dict.fromkeys(self._at(match[1]) for match in self.pattern.finditer(plain(text))))

    def _at(self, word: str) -> tuple[str, Code]:
        return self._codes[_key(word)]


def _key(word: str) -> str:
    return word.casefold().replace("-", " ")


@cache
def words_of(column: str) -> _Words:
    """The table of `description` or of `weapon`."""
    return _Words(dict(codes_of("osce")[column].codes))


@lru_cache(maxsize=4_096)
def kinds(words: str) -> tuple[Kind, ...]:
    """What happened, in order of the words: `"shots and bursts"` gives two.

    >>> [kind.activity.value for kind in kinds("~30 shots and bursts")]
    ['shot', 'burst']
    """
    found: dict[tuple[Activity, CountUnit | None], Kind] = {}
    for word, code in words_of("description").find(words):
        if code.activity is not None:
            found.setdefault((code.activity, code.unit), Kind(word, code.activity, code.unit))
    return tuple(found.values())


@lru_cache(maxsize=4_096)
def arms(words: str) -> Reading[Arms]:
    """Which weapons the words name. "Or" leaves open which; "and" names several, which stay alternatives here.

    >>> arms("82mm mortar").value
    Arms(weapons=(<Weapon.MORTAR: 'mortar'>,), calibre_mm=82.0)
    """
    if not words.strip() or is_unknown(words):
        return Reading(Arms(), RemarkRule.AS_SAID if words.strip() else None)
    text = plain(words)
    named = words_of("weapon").find(text)
    named = [entry for entry in named if entry[0] not in _PARTS] or named
    weapons = tuple(dict.fromkeys(weapon for _, code in named for weapon in code.weapons))
    calibres = _calibres(text) or _of_makes(named, within="(" in text and len(weapons) == 1)
    if not weapons:
        return Reading(Arms((Weapon.UNKNOWN,)), RemarkRule.WORDS_UNREAD, doubtful=True)
    calibre: float | tuple[float, float] | None = None
    if calibres and len(weapons) == 1:
        calibre = calibres[0] if min(calibres) == max(calibres) else (min(calibres), max(calibres))
    several = len(weapons) > 1 and (_EITHER.search(text) or len(named) == 1)
    return Reading(Arms(weapons, calibre), RemarkRule.ONE_OF_SEVERAL if several else RemarkRule.AS_SAID)


def _calibres(text: str) -> list[float]:
    return [size for match in _CALIBRE.finditer(text) if 0.0 < (size := float(match[1]))]


def _of_makes(named: list[tuple[str, Code]], *, within: bool) -> list[float]:
    """The calibres of the makes that are named.

    Where some have none, nothing is said of the whole, unless one word explains another: "tanks (T-72)".
    """
    each = [_calibres(code.means) for _, code in named]
    return [size for sizes in each for size in sizes] if within or all(each) else []


@lru_cache(maxsize=4_096)
def senses(words: str) -> tuple[str, ...]:
    """By what it was observed: heard, saw, recorded.

    >>> senses("heard and saw")
    ('heard', 'saw')
    """
    return tuple(dict.fromkeys(match[0].casefold() for match in _SENSES.finditer(plain(words))))
