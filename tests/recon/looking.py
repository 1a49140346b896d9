"""Invented questions and looks, for the tests and the bench of planning."""

from collections.abc import Sequence

import numpy as np

from pipeline.recon.choice import Look
from pipeline.recon.gain import HOUR_MS, Chances, Question

NOON_MS = 1_774_008_000_000


def question(
    number: int, chance: float = 0.5, *, weight: float = 1.0, gap: bool = False, since_h: float = 4
) -> Question:
    """One question; the weights and chances are what tells them apart."""
    return Question(
        kind="gap" if gap else "alert",
        name=f"q{number:03}",
        title=f"place {number}",
        lon=37.0 + number / 100.0,
        lat=48.0,
        radius_m=500.0,
        class_name="heavy_fire",
        weight=weight,
        chance=chance,
        from_ms=NOON_MS - round(since_h * HOUR_MS),
        until_ms=NOON_MS,
    )


def look(
    asset: int, about: int, at_h: float = 0.0, *, chance: float = 0.8, wrong: float = 0.05, cost_h: float = 1.0
) -> Look:
    """One look of half an hour, with half an hour of travel before it and after it."""
    begin_ms = NOON_MS + round(at_h * HOUR_MS)
    return Look(
        asset=f"a{asset:02}",
        question=f"q{about:03}",
        from_ms=begin_ms,
        until_ms=begin_ms + HOUR_MS // 2,
        busy_from_ms=begin_ms - HOUR_MS // 2,
        busy_until_ms=begin_ms + HOUR_MS,
        lon=37.0,
        lat=48.0,
        distance_m=1_000.0 * abs(asset - about),
        chances=Chances(chance, wrong),
        cost_h=cost_h,
    )


def invented(
    rng: np.random.Generator, assets: int = 30, looks: int = 200, questions: int = 60, hours: int = 12
) -> tuple[Sequence[Question], Sequence[Look]]:
    """Questions of all kinds along a line of places, and looks of assets that stand along it too."""
    asked = [
        question(
            number,
            float(rng.beta(1.5, 1.5) if number % 3 else rng.uniform(0.2, 1.0)),
            weight=float(rng.choice([1.0, 2.0, 4.0]) * rng.uniform(1.0, 2.0)),
            gap=number % 3 == 0,
            since_h=float(rng.uniform(1.0, 48.0)),
        )
        for number in range(questions)
    ]
    offered: dict[tuple[int, int, int], Look] = {}
    while len(offered) < looks:
        asset, about = int(rng.integers(assets)), int(rng.integers(questions))
        slot = int(rng.integers(hours))
        away = abs(asset / assets - about / questions)
        if rng.random() > np.exp(-4.0 * away):
            continue
        chance = float(rng.uniform(0.3, 0.95) * np.exp(-away))
        offered[asset, about, slot] = look(
            asset, about, slot, chance=chance, wrong=float(rng.uniform(0.0, 0.1)), cost_h=float(0.5 + 4.0 * away)
        )._replace(distance_m=100_000.0 * away)
    return asked, list(offered.values())
