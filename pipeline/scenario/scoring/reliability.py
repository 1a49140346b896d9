"""Whether what is said with some probability comes true as often."""

import msgspec
import numpy as np

from pipeline.geometry.earth import Bools, Floats

BINS = 10


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Findings of about the same probability.

    Attributes:
        least, most, mean: of the probabilities that were said.
        true: the share that was true.
    """

    findings: int
    least: float
    most: float
    mean: float
    true: float


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """How well probabilities tell what comes true.

    Attributes:
        base_rate: the share that was true.
        brier: the mean square of the difference between probability and truth; 0 is best.
        brier_skill: by which share that is less than for one who always says the base rate; None where all or none
            was true, and that says it all.
        ece: expected calibration error: the mean over findings of the difference between probability and share true in
            their bin.
        bins: of about equal numbers of findings, by probability.
    """

    findings: int
    base_rate: float | None
    brier: float | None
    brier_skill: float | None
    ece: float | None
    bins: tuple[Bin, ...]


NOTHING = Reliability(findings=0, base_rate=None, brier=None, brier_skill=None, ece=None, bins=())


def reliability(p: Floats, y: Bools, bins: int = BINS) -> Reliability:
    """How well probabilities `p` tell which of `y` are true, in bins of equal mass.

    Equal probabilities share a bin, so the order of the findings does not matter; a bin may stay empty for it.

    >>> told = reliability(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, False]), bins=2)
    >>> [(one.mean, one.true) for one in told.bins], round(told.ece, 3), round(told.brier, 3)
    ([(0.1, 0.0), (0.9, 0.5)], 0.25, 0.21)
    """
    number = len(p)
    if not number:
        return NOTHING
    base, brier = float(y.mean()), float(((p - y) ** 2).mean())
    _, which, counts = np.unique(p, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2.0
    bin_of = np.minimum((middle / number * bins).astype(np.int64), bins - 1)[which]
    told = tuple(_bin(p[bin_of == one], y[bin_of == one]) for one in np.unique(bin_of).tolist())
    variance = base * (1.0 - base)
    return Reliability(
        findings=number,
        base_rate=base,
        brier=brier,
        brier_skill=1.0 - brier / variance if variance else None,
        ece=sum(one.findings * abs(one.mean - one.true) for one in told) / number,
        bins=told,
    )


def _bin(p: Floats, y: Bools) -> Bin:
    return Bin(
        findings=len(p),
        least=float(p.min()),
        most=float(p.max()),
        mean=float(p.mean()),
        true=float(y.mean()),
    )
