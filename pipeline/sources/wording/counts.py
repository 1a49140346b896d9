"""How many, in words: "at least 30", "~170", "uncountable", "dozens"."""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.model.remark_terms import RemarkRule
from pipeline.sources.wording.reading import Reading, is_unknown, plain


class Interval(NamedTuple):
    """From `least` to `most`; None is open."""

    least: float
    most: float | None


_WORDS = (
    "one a an|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    "eighteen|nineteen|twenty"
)
_NUMBERS = {word: float(value) for value, words in enumerate(_WORDS.split("|"), 1) for word in words.split()} | {
    "single": 1.0,
    "dozen": 12.0,
    "a dozen": 12.0,
    "hundred": 100.0,
    "a hundred": 100.0,
    "no": 0.0,
    "none": 0.0,
    "zero": 0.0,
}
_LEAST = {"several": 2.0, "a few": 2.0, "few": 2.0, "multiple": 2.0, "many": 2.0, "numerous": 2.0, "dozens": 24.0}
_LEAST |= {"scores": 40.0, "hundreds": 200.0, "thousands": 2000.0}
_ROUGH_WORDS = {"dozen", "a dozen", "hundred", "a hundred"}
_FIGURES = r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9}(?:\.0)?"
_WHOLE = re.compile(rf"({_FIGURES})(\+?)")
_RANGE = re.compile(rf"(?:between |from )?({_FIGURES}) ?(?:-|to|and) ?({_FIGURES})")
_AT_LEAST = re.compile(r"(?:at least|no fewer than|no less than|not less than|minimum|min\.?|>=|≥) ?(.+)")
_ABOVE = re.compile(r"(?:more than|over|above|in excess of|>) ?(.+)")
_AT_MOST = re.compile(r"(?:up to|at most|no more than|not more than|max\.?|<=|≤) ?(.+)")
_ABOUT = re.compile(r"(?:about|around|approximately|approx\.?|roughly|some|nearly|almost|circa|ca\.?|c\.|~|≈) ?(.+)")
_UNCOUNTABLE = frozenset({"uncountable", "uncounted", "countless", "innumerable", "too many to count"})


@lru_cache(maxsize=4_096)
def count(words: str) -> Reading[Interval]:
    """How many, at least and at most.

    >>> count("at least 30").value
    Interval(least=30.0, most=None)
    >>> count("~170").value
    Interval(least=85.0, most=340.0)
    """
    text = plain(words).casefold().strip(" .")
    if is_unknown(text) or text in _UNCOUNTABLE:
        return Reading(Interval(1.0, None), RemarkRule.COUNT_NOT_KNOWN)
    if text in _LEAST:
        return Reading(Interval(_LEAST[text], None), RemarkRule.COUNT_OPEN)
    exact = _number(text)
    if exact is not None:
        return _rough(exact) if text in _ROUGH_WORDS else Reading(Interval(exact, exact))
    return _bounded(text) or Reading(Interval(1.0, None), RemarkRule.WORDS_UNREAD, doubtful=True)


def _bounded(text: str) -> Reading[Interval] | None:
    """What a word or a second number says of a number."""
    if (match := _RANGE.fullmatch(text)) is not None:
        low, high = _figures(match[1]), _figures(match[2])
        return Reading(Interval(low, high), RemarkRule.AS_SAID) if low <= high else None
    if text.endswith("+") and (given := _number(text[:-1])) is not None:
        return Reading(Interval(given, None), RemarkRule.COUNT_OPEN)
    for pattern in (_AT_LEAST, _ABOVE, _AT_MOST, _ABOUT):
        match = pattern.fullmatch(text)
        if match is None:
            continue
        given = _number(match[1])
        if given is None:
            return None
        if pattern is _ABOUT:
            return _rough(given)
        if pattern is _AT_MOST:
            return Reading(Interval(min(1.0, given), given), RemarkRule.AS_SAID)
        return Reading(Interval(given + (pattern is _ABOVE), None), RemarkRule.COUNT_OPEN)
    return None


def _rough(given: float) -> Reading[Interval]:
    return Reading(Interval(float(int(given / 2)) or min(given, 1.0), given * 2), RemarkRule.COUNT_ROUGH)


def _number(text: str) -> float | None:
    match = _WHOLE.fullmatch(text)
    if match is not None and not match[2]:
        return _figures(match[1])
    return _NUMBERS.get(text)


def _figures(text: str) -> float:
    return float(text.replace(",", ""))


_LEADING = re.compile(
    rf"(?:\b(?:about|around|approximately|at least|more than|over|up to|some)\b ?|~ ?)?"
    rf"(?<![\w.-])(?:{_FIGURES}|\b(?:{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})\b)(?!\w)\+?(?= [a-z])",
    re.IGNORECASE,
)


def counted(words: str, noun: re.Pattern[str]) -> list[tuple[str, str]]:
    """Numbers that stand before nouns in a text, each with the noun: `"6 explosions and about 30 bursts"` gives two.

    A noun without a number of its own is not listed. `noun` is to match what is counted.
    """
    text = plain(words)
    numbers = [(match.end(), match[0]) for match in _LEADING.finditer(text)]
    pairs: dict[str, str] = {}
    for match in noun.finditer(text):
        before = [number for number in numbers if number[0] <= match.start()]
        if before and match[0].casefold() not in pairs:
            numbers.remove(before[-1])
            pairs[match[0].casefold()] = before[-1][1].strip()
    return list(pairs.items())
