"""Copies: an outlet repeats another's post, word for word or in its own words, later and never better."""

import numpy as np

from pipeline.scenario.observers import Network
from pipeline.scenario.sightings import Sightings
from pipeline.scenario.wordings import FIRST_HAND, RETOLD

RETOLD_SHARE = 0.5
COARSER_SHARE = 0.3
COPY_DELAY_S = (120.0, 3_600.0, 43_200.0)


def with_copies(network: Network, posts: Sightings, copies_per_post: float, rng: np.random.Generator) -> Sightings:
    """The posts, and after them their copies.

    A copy gives the original's place, interval and activity as the original gave them. Retold, it has words of its own
    and sometimes a coarser count.
    """
    original = np.repeat(np.arange(posts.size), rng.poisson(copies_per_post, posts.size))
    number = len(original)
    retold = rng.random(number) < RETOLD_SHARE
    coarser = retold & (rng.random(number) < COARSER_SHARE)
    least, mean, most = (int(seconds * 1000) for seconds in COPY_DELAY_S)
    delay_ms = np.minimum(least + (mean * rng.standard_exponential(number)).astype(np.int64), most)
    copied = Sightings._make(column[original] for column in posts)
    published_ms = copied.published_ms + delay_ms
    # None of those who may have heard of the incident by themselves, wherever among them the original's outlet stands.
    step = network.slots + rng.integers(0, network.observers - 2 * network.slots + 1, number)
    copied = copied._replace(
        observer=(copied.observer + step) % network.observers,
        published_ms=published_ms,
        received_ms=published_ms + (rng.random(number) * network.relayed_s * 1000.0).astype(np.int64),
        count_min=np.where(coarser & (copied.count_min >= 10), copied.count_min // 10 * 10, copied.count_min),
        wording=np.where(retold, len(FIRST_HAND) + rng.integers(0, len(RETOLD), number), copied.wording),
        original=original,
    )
    return Sightings._make(np.concatenate(columns) for columns in zip(posts, copied, strict=True))
