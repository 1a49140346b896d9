"""What an agreement asks of those who watch, in words."""

from pipeline.agreement.format import MonitoringTable

_DOMAINS = {"ground": "on the ground", "air": "in the air", "orbit": "in orbit", "open": "of open sources"}


def monitoring_words(table: MonitoringTable) -> str:
    """The rule in one sentence.

    >>> monitoring_words(MonitoringTable(id="r", source="s", confidence="low", kind="forbidden", article="1",
    ...     title="t", staff=("military",), domains=("ground",)))
    'no assets with military staff on the ground'
    """
    about = " ".join(part for part in _about(table) if part)
    if table.kind == "forbidden":
        return f"no assets {about}".rstrip()
    asked = " and of ".join(table.consent_of) or "the party on whose side it is"
    return f"consent of {asked} for assets {about}".rstrip()


def _about(table: MonitoringTable) -> list[str]:
    return [
        f"of {_either(table.operators)}" if table.operators else "",
        f"of anybody but {_either(table.except_operators)}" if table.except_operators else "",
        f"with {_either([one.replace('none', 'no') for one in table.staff])} staff" if table.staff else "",
        f"from {_either(table.staff_of)}" if table.staff_of else "",
        f"({_either([one.replace('_', ' ') for one in table.techniques])})" if table.techniques else "",
        _either([_DOMAINS[one] for one in table.domains]),
        f"on the side {_either(table.sides)}" if table.sides else "",
        f"in {_either(table.zones)}" if table.zones else "",
        f"outside {_either(table.outside)}" if table.outside else "",
    ]


def _either(words: "tuple[str, ...] | list[str]") -> str:
    return " or ".join(words)
