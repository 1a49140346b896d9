"""A small invented input of every source that recognises its own, and the mapping for those that need one."""

from collections.abc import Callable

from tests.sources import (
    test_acled,
    test_cap,
    test_firms,
    test_gdelt,
    test_ledger,
    test_liveuamap,
    test_notices,
    test_osce,
    test_ucdp,
    test_viina,
    test_weapons,
)
from tests.sources.test_ndjson import line


def _viina() -> bytes:
    return test_viina.table(test_viina.ONE_PER_DAY, *({"event_id_1pd": str(one)} for one in range(9)))


def _aircraft() -> bytes:
    fixes = (f"2026-01-02T03:04:{one:02}Z,ab,37.{one},48,900" for one in range(9))
    return "\n".join(["time,id,lon,lat,altitude", *fixes, ""]).encode()


def _notices() -> bytes:
    row = test_notices.NOTICE.format(notified="2016-03-01")
    return test_notices.table(*(row.replace("N1", f"N{one}") for one in range(9)))


SAMPLES: dict[str, Callable[[], bytes]] = {
    "ndjson": lambda: b"".join(line(report_id=f"sensor:{one}") + b"\n" for one in range(9)),
    "ucdp": lambda: test_ucdp.table(*(test_ucdp.row(id=str(one)) for one in range(9))),
    "acled": lambda: test_acled.table(*(test_acled.row(event_id_cnty=f"{one}IND") for one in range(9))),
    "viina": _viina,
    "gdelt": lambda: test_gdelt.table(*(test_gdelt.event(globaleventid=str(one)) for one in range(700, 709))),
    "firms": lambda: test_firms.table(*({"longitude": f"37.{one}"} for one in range(9))),
    "liveuamap": lambda: test_liveuamap.answer(*({"id": one} for one in range(9))),
    "aircraft": _aircraft,
    "notices": _notices,
    "ledger": lambda: test_ledger.HEADER + b"".join(test_ledger.one(str(n)).split(b"\n")[1] + b"\n" for n in range(9)),
    "osce": lambda: test_osce.table(*(test_osce.event(number=str(one + 1)) for one in range(9))),
    "weapons": lambda: test_weapons.table(*(test_weapons.GOOD | {"id": f"w{one}"} for one in range(9))),
    "cap": lambda: test_cap.alert(test_cap.info()),
}
