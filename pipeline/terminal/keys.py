"""The keys: those of the page, as far as a terminal has what they are for."""

from typing import NamedTuple


class Key(NamedTuple):
    """A key.

    Attributes:
        keys: as the library names them, with commas between.
        shown: as people write it.
        footer: what the last line says of it; empty where it says nothing.
    """

    keys: str
    action: str
    shown: str
    does: str
    footer: str = ""


KEYS = (
    Key("j,down", "move(1)", "j ↓", "down the list"),
    Key("k,up", "move(-1)", "k ↑", "up the list"),
    Key("enter", "open", "Enter", "open an alert, open or close a group", "open"),
    Key("right", "fold(True)", "→", "open a group"),
    Key("left", "fold(False)", "←", "close a group"),
    Key("escape", "leave", "Esc", "close the alert, leave a field"),
    Key("pagedown,space", "page(1)", "PgDn Space", "a page down: of the alert, where one is open"),
    Key("pageup", "page(-1)", "PgUp", "a page up"),
    Key("home", "end(-1)", "Home", "to the gravest"),
    Key("end", "end(1)", "End", "to the last"),
    Key("a", "act('acknowledge')", "a", "acknowledge an alert, or all of a group", "acknowledge"),
    Key("v", "act('verify')", "v", "have it verified", "verify"),
    Key("o", "act('outcome')", "o", "record the outcome", "outcome"),
    Key("c", "act('comment')", "c", "comment", "comment"),
    Key("s", "act('assign')", "s", "assign it to somebody", "assign"),
    Key("r", "act('reopen')", "r", "reopen", "reopen"),
    Key("x", "more", "x", "more acts: attribute, respond, duplicate, split, seal", "more"),
    Key("slash", "search", "/", "search place, id, person", "search"),
    Key("f", "filter", "f", "filters and the budget of groups", "filters"),
    Key("1", "show('watch')", "1", "the list"),
    Key("2", "show('handover')", "2", "the handover note"),
    Key("3", "show('provisions')", "3", "provisions and cases"),
    Key("b", "sound", "b", "the bell for grave alerts, on and off"),
    Key("n", "name", "n", "another name for who acts"),
    Key("question_mark", "help", "?", "this help", "help"),
    Key("q,ctrl+c", "quit", "q", "quit", "quit"),
)

ABOUT = """An alert is a suspected violation, not a finding. Choose one, read why it was raised and what speaks
against it, acknowledge it, have it verified, record the outcome. A filled sign waits for somebody to acknowledge it.
Sides of a line say where a place is, not who acted.
"""

_FIRST = ("?", "q")


def footer(width: int) -> str:
    """The last line: as many keys as have room, help and the way out among them."""
    told = [key for key in KEYS if key.footer]
    room = width - 1
    kept: set[str] = set()
    for key in sorted(told, key=lambda one: one.shown not in _FIRST):
        room -= len(key.shown) + len(key.footer) + 3
        if room < 0:
            break
        kept.add(key.shown)
    return "  ".join(f"{key.shown} {key.footer}" for key in told if key.shown in kept).ljust(width)
