"""Figures in the sentences of provisions that remember."""


def figure(value: float) -> str:
    """A figure with its thousands apart.

    >>> figure(1190), figure(2.5), figure(1_500_000.0)
    ('1,190', '2.5', '1,500,000')
    """
    return f"{value:,.10g}"


def plural(number: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> plural(1, "quiet day"), plural(1190, "quiet day")
    ('1 quiet day', '1,190 quiet days')
    """
    return f"{figure(number)} {one if number == 1 else many or one + 's'}"


def interval(least: float, most: float | None) -> str:
    """An interval of figures, which may be open above.

    >>> interval(3, 3), interval(3, 1200), interval(30, None)
    ('3', '3 to 1,200', 'at least 30')
    """
    if most is None:
        return f"at least {figure(least)}"
    return figure(least) if least == most else f"{figure(least)} to {figure(most)}"
