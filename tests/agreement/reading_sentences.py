"""Reads a provision's sentence back: what it says is forbidden, by its words and the taxonomy alone."""

import re
from typing import NamedTuple

from pipeline.agreement.phrases import ACTIVITIES, WEAPONS
from pipeline.model.taxonomy import Activity, Weapon
from pipeline.model.term import members

_BOUND = re.compile(r"(of at least|above|of at most|below) ([\d.]+) mm")
_TIME = re.compile(r"^(From .*? on|From .*? until .*?|Until .*?), (?=no|at|nothing)", re.IGNORECASE)


class Class(NamedTuple):
    """Weapons, and what their calibre must be, such as ("below", 120.0)."""

    weapons: frozenset[str]
    bounds: tuple[tuple[str, float], ...]

    def holds(self, weapon: Weapon, calibre: float) -> bool:
        tests = {
            "of at least": lambda bound: calibre >= bound,
            "above": lambda bound: calibre > bound,
            "of at most": lambda bound: calibre <= bound,
            "below": lambda bound: calibre < bound,
        }
        return weapon.value in self.weapons and all(tests[word](bound) for word, bound in self.bounds)


class Forbidden(NamedTuple):
    """What a sentence forbids: activities, and of what; without classes the weapon does not matter."""

    activities: frozenset[str]
    classes: tuple[Class, ...]
    troops: bool = False

    def holds(self, activity: Activity, weapon: Weapon, calibre: float) -> bool:
        if activity.value not in self.activities:
            return False
        return self.troops or not self.classes or any(one.holds(weapon, calibre) for one in self.classes)


def read(sentence: str) -> Forbidden:
    """What the sentence says, up to where."""
    said = _TIME.sub("", sentence)
    assert said[:3].lower() == "no ", sentence
    said = said[3:]
    if " may fly " in said:
        return Forbidden(frozenset({"flight"}), _classes(said.partition(" may fly ")[0]))
    if " may be " in said:
        kept_out = said.partition(" may be ")[0]
        standing = members("presence", Activity) | {"outgoing_fire"}
        return Forbidden(frozenset(standing), _classes(kept_out), "forces of any kind" in kept_out)
    terms, rest = _terms(said, ACTIVITIES)
    found = frozenset().union(*(members(term, Activity) for term in terms))
    armed = rest.startswith(" with ")
    return Forbidden(found, _classes(re.split(r" within | in | between |, from ", rest)[0]) if armed else ())


def _classes(words: str) -> tuple[Class, ...]:
    """The classes, each with the bounds that stand behind it."""
    found = []
    left = words
    while left:
        term = _first(left, WEAPONS)
        if term is None:
            break
        left = left[left.index(WEAPONS[term]) + len(WEAPONS[term]) :]
        own = left[: left.index(WEAPONS[later])] if (later := _first(left, WEAPONS)) else left
        bounds = tuple((word, float(figure)) for word, figure in _BOUND.findall(own))
        found.append(Class(members(term, Weapon), bounds))
    return tuple(found)


def _terms(words: str, phrases: dict[str, str]) -> tuple[list[str], str]:
    """The terms whose words begin the text, one after the other, and what stands behind them."""
    found = []
    while (term := next((one for one in _by_length(phrases) if words.startswith(phrases[one])), None)) is not None:
        found.append(term)
        words = words[len(phrases[term]) :]
        joint = re.match(r", | or ", words)
        if joint is None:
            break
        words = words[joint.end() :]
    assert found, words
    return found, words


def _first(words: str, phrases: dict[str, str]) -> str | None:
    """The term of which the words come first; of two at one place the longer."""
    there = [(words.index(phrases[term]), -len(phrases[term]), term) for term in phrases if phrases[term] in words]
    return min(there)[2] if there else None


def _by_length(phrases: dict[str, str]) -> list[str]:
    return sorted(phrases, key=lambda term: -len(phrases[term]))
