"""A store into which reports came out of their order, while operators acted."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.store import Recorder, Store, open_store
from pipeline.store.acting import Acting
from tests.worlds import DAY, report

MOMENTS = 200
BEGAN = DAY + timedelta(days=30)


def moment(number: int) -> datetime:
    return BEGAN + timedelta(hours=number)


class Clock:
    """A clock that stands where it was put."""

    def __init__(self) -> None:
        self.now = BEGAN

    def __call__(self) -> datetime:
        return self.now


def view(store: Store) -> bytes:
    return b"\n".join(map(msgspec.json.encode, store.alerts(possible=True)))


def lived(path: Path, agreement: Agreement) -> tuple[Path, list[bytes]]:
    """A store into which reports came out of their order, while operators acted; and what stood at each moment."""
    draw, clock, stood = random.Random(7), Clock(), []
    with open_store(path, write=True) as store:
        recorder = Recorder(store, [agreement], load_gazetteer().outlines, clock=clock)
        acting = Acting(store, clock)
        told: list[Report] = []
        for number in range(MOMENTS):
            clock.now = moment(number)
            if told and draw.random() < 0.15:
                old = draw.choice(told)
                one = replace(old, text=f"again {number}", published_at=clock.now, retracted=draw.random() < 0.4)
            else:
                place = Disc(round(37.3 + draw.random() * 0.6, 3), round(48.0 + draw.random() * 0.5, 3), 200.0)
                at = timedelta(days=draw.randrange(4), hours=draw.randrange(24))
                one = report(number, place, at=at, observer=f"patrol-{number % 5}", ledger="independent")
                told.append(one)
            recorder.record([replace(one, received_at=clock.now)])
            alerts = [alert for alert in store.alerts(possible=True) if alert.acknowledged_by is None]
            if alerts and draw.random() < 0.2:
                acting.act(draw.choice(alerts), ActionKind.ACKNOWLEDGE, "Ines")
            stood.append(view(store))
    return path, stood
