"""Where, in words, as monitors of a ceasefire write it: "4-5 km SSW", "1-5km NE to SE", "2 km NE of Hnutove"."""

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.model.footprint import wind_azimuths
from pipeline.model.remark_terms import RemarkRule
from pipeline.sources.wording.reading import Reading, is_unknown, plain

Azimuths = tuple[tuple[float, float], ...]
ALL_ROUND: Azimuths = ((0.0, 360.0),)
FAR_M = 20_000.0
"""How far off an observer may have heard what it does not place: our assumption, broad on purpose."""
LONGEST_M = 60_000.0
"""A longer range is taken for a slip of the pen."""
SINGLE_SHARE = 0.25
"""A single distance is good to a quarter of itself: our assumption, for distances that are told by eye and ear."""


class Place(NamedTuple):
    """A range in some directions: from `town`, or from the observer where that is None.

    `here` says that the words name a place and neither a distance nor a direction from it.
    """

    range_m: tuple[float, float] = (0.0, FAR_M)
    azimuths_deg: Azimuths = ALL_ROUND
    town: str | None = None
    here: bool = False


_KM = r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)"
_UNIT = r" ?(km|kms|kilomet(?:re|er)s?|m|met(?:re|er)s?)\b\.?"
_SPAN = re.compile(rf"(?<![\w.]){_KM} ?(?:-|to|and) ?{_KM}{_UNIT}", re.IGNORECASE)
_MOST = re.compile(rf"\b(?:up to|less than|within|under|no more than) {_KM}{_UNIT}|< ?{_KM}{_UNIT}", re.IGNORECASE)
_LEAST = re.compile(rf"\b(?:more than|over|at least|beyond) {_KM}{_UNIT}|> ?{_KM}{_UNIT}", re.IGNORECASE)
_ONE = re.compile(rf"(?<![\w.]){_KM}{_UNIT}", re.IGNORECASE)
_COMPOUND = r"(?:north|south)[ -]?(?:east|west)|north|south|east|west"
_ERLY = re.compile(rf"\b({_COMPOUND})ern?ly\b|\b({_COMPOUND})erly\b", re.IGNORECASE)
_ALL = re.compile(r"\b(?:all|various|different|multiple|several|unknown|undetermined) directions?\b", re.IGNORECASE)
_THREE = re.compile(r"\b(north|south|east|west)[ -](north|south)[ -]?(east|west)\b", re.IGNORECASE)
_WIND = rf"(?:\b[NS][NS]?[EW]\b|\b[EW][NS][EW]\b|\b[NSEW]\b|\b(?:{_COMPOUND})\b)"
_WINDS = re.compile(rf"({_WIND})(?: ?(-| to ) ?({_WIND}))?", re.IGNORECASE)
_TOWN = re.compile(r"\bof (?!(?:the|its?|their|his|her|this|that|here)\b)(?:[a-z]+ )?([^\W\d_a-z][^,;:()\[\]]*)")
_FILLER = re.compile(
    r"\b(?:at|an|a|in|the|its|from|of|to|and|or|range|ranges|assessed|estimated|distance|distances|away|about|"
    r"approximately|approx|directions?|position|camera|patrol|smm|also|around|roughly|about|observer|edge)\b|[.,;:/&~()]",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")


@lru_cache(maxsize=4_096)
def place(words: str) -> Reading[Place]:
    """Where it was, from the observer or from a named town.

    >>> place("1-5km SSE").value
    Place(range_m=(1000.0, 5000.0), azimuths_deg=((146.25, 168.75),), town=None, here=False)
    >>> place("2 km NE of Hnutove").value.town
    'Hnutove'
    """
    if is_unknown(words) or not words.strip():
        return Reading(Place(), RemarkRule.WORDS_UNREAD, doubtful=True)
    text = plain(_ASIDE.sub(" ", words))
    town, rest = _town(text)
    ranges, rest = _ranges(rest)
    winds, rest, sure = _directions(rest)
    if any(low >= high or high > LONGEST_M for low, high in ranges):
        return Reading(Place(), RemarkRule.WORDS_UNREAD, doubtful=True)
    if _FILLER.sub(" ", rest).strip(" -"):
        if not ranges and not winds and town is None and text[0].isupper():
            return Reading(Place(town=text, here=True), RemarkRule.FROM_A_PLACE)
        return Reading(Place(), RemarkRule.WORDS_UNREAD, doubtful=True)
    if not ranges and not winds:
        return Reading(Place(), RemarkRule.WORDS_UNREAD, doubtful=True)
    far_m = FAR_M if town is None else 5_000.0
    extent = (min(low for low, _ in ranges), max(high for _, high in ranges)) if ranges else (0.0, far_m)
    doubtful = not sure or not winds or len(ranges) != 1
    rule = RemarkRule.RANGE_AND_WINDS if town is None else RemarkRule.FROM_A_PLACE
    return Reading(Place(extent, winds or ALL_ROUND, town), rule, doubtful)


def _town(text: str) -> tuple[str | None, str]:
    """The town that a direction is told from, and the words without it."""
    match = _TOWN.search(text)
    if match is None or not (_ONE.search(text[: match.start()]) or _WINDS.search(text[: match.start()])):
        return None, text
    return match[1].strip(" ."), text[: match.start()] + " " + text[match.end() :]


def _ranges(text: str) -> tuple[list[tuple[float, float]], str]:
    """Ranges in metres, and the words without them."""
    found: list[tuple[float, float]] = []
    for pattern in (_SPAN, _MOST, _LEAST, _ONE):
        for match in pattern.finditer(text):
            groups = [group for group in match.groups() if group is not None]
            scale = 1.0 if groups[-1].casefold().startswith("m") else 1000.0
            lengths = [float(group.replace(",", ".")) * scale for group in groups[:-1]]
            found.append(_extent(pattern, lengths))
        text = pattern.sub(" ", text)
    return found, text


def _extent(pattern: re.Pattern[str], lengths: list[float]) -> tuple[float, float]:
    if pattern is _SPAN:
        return lengths[0], lengths[1]
    if pattern is _MOST:
        return 0.0, lengths[0]
    if pattern is _LEAST:
        return lengths[0], max(FAR_M, 2 * lengths[0])
    return lengths[0] * (1 - SINGLE_SHARE), lengths[0] * (1 + SINGLE_SHARE)


def _directions(text: str) -> tuple[Azimuths, str, bool]:
    """Azimuth intervals, the words without them, and whether they are beyond doubt.

    "Easterly" is taken as the half circle about east. "NE to SE" runs clockwise; "N-NE", and a span of more than a half
    circle, are in doubt.
    """
    azimuths: list[tuple[float, float]] = []
    sure = True
    text = _THREE.sub(lambda match: (match[1][0] + match[2][0] + match[3][0]).upper(), text)
    if _ALL.search(text):
        return ALL_ROUND, _ALL.sub(" ", text), False
    for match in _ERLY.finditer(text):
        ((begin, end),) = wind_azimuths(match[1] or match[2])
        azimuths.append(((begin - 78.75) % 360.0, (end + 78.75) % 360.0))
        sure = False
    text = _ERLY.sub(" ", text)
    for match in _WINDS.finditer(text):
        try:
            ((begin, end),) = wind_azimuths(f"{match[1]} to {match[3]}" if match[3] else match[1])
        except ValueError:
            return (), text, False
        width = (end - begin) % 360.0
        if match[3] and width > 180.0 and match[2] == "-":
            ((begin, end),) = wind_azimuths(f"{match[3]} to {match[1]}")
        sure = sure and not (match[3] and (width > 180.0 or match[2] == "-"))
        azimuths.append((begin, end))
    return tuple(dict.fromkeys(azimuths))[:32], _WINDS.sub(" ", text), sure
