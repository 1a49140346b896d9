"""Attempts to log in: how many are let through, so that nobody guesses a password and nobody locks another out."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

from pipeline.console.access.limits import KEPT, Buckets, Limit, TooManyError

BY_NAME = Limit(20, 30.0)
"""Wrong passwords for a name from one address."""

BY_NAME_FROM_ANYWHERE = Limit(200, 10.0)
"""Wrong passwords for a name: some 8,600 a day, which guess no password of twelve characters."""

BY_ADDRESS = Limit(40, 10.0)

KNOWN_FOR_S = 30 * 86_400.0
"""For so long it is known from where a name was let in."""


class Attempts:
    """The attempts of all who log in.

    Args:
        now_s: a time in seconds that nobody sets.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._by_address = Buckets(BY_ADDRESS, now_s)
        self._by_name = Buckets(BY_NAME, now_s)
        self._from_anywhere = Buckets(BY_NAME_FROM_ANYWHERE, now_s)
        self._let_in: OrderedDict[tuple[str, str], float] = OrderedDict()

    @contextmanager
    def attempt(self, key: str, address: str) -> Iterator["Attempt"]:
        """An attempt, which counts before it is known how it ends: of many at once no more get through.

        Raises:
            TooManyError: there were too many.
        """
        near = near_of(address)
        pair = (key, near)
        # Who asks for a name that is full has tried all the same: an address that hammers is soon not heard at all.
        self._by_address.take(near)
        self._by_name.take(pair)
        # Others' wrong passwords keep nobody out of where he was let in lately.
        anywhere = not self._lately(pair)
        if anywhere:
            try:
                self._from_anywhere.take(key)
            except TooManyError:
                self._by_name.give_back(pair)
                raise
        made = Attempt()
        try:
            yield made
        finally:
            if made.was_right:
                self._remember(pair)
            if made.was_right or made.was_not_made:
                self._by_address.give_back(near)
                self._by_name.give_back(pair)
                if anywhere:
                    self._from_anywhere.give_back(key)

    def _lately(self, pair: tuple[str, str]) -> bool:
        at_s = self._let_in.get(pair)
        return at_s is not None and self._now_s() - at_s < KNOWN_FOR_S

    def _remember(self, pair: tuple[str, str]) -> None:
        self._let_in[pair] = self._now_s()
        self._let_in.move_to_end(pair)
        while len(self._let_in) > KEPT:
            self._let_in.popitem(last=False)


class Attempt:
    """How one attempt ended.

    Attributes:
        was_right: the password was the user's.
        was_not_made: the password was not looked at.
    """

    def __init__(self) -> None:
        self.was_right = self.was_not_made = False


def near_of(address: str) -> str:
    """Whom an address counts as: who has one of IPv6 has all of its network.

    >>> near_of("2001:db8::1:5") == near_of("2001:db8::2:6")
    True
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(int(found) >> 64)
    return str(found.ipv4_mapped or found) if isinstance(found, IPv6Address) else str(found)
