"""How good a record is, beside the truth of the scenario that it was made from."""

from pipeline.scenario.scoring.folder import FolderError, Truth, read_truth
from pipeline.scenario.scoring.fusion import Fusion, fusion, grouped, standing
from pipeline.scenario.scoring.partitions import APART, Quality, bcubed, pairwise
from pipeline.scenario.scoring.reliability import Reliability, reliability
from pipeline.scenario.scoring.score import Score, ScoreError, score

__all__ = [
    "APART",
    "FolderError",
    "Fusion",
    "Quality",
    "Reliability",
    "Score",
    "ScoreError",
    "Truth",
    "bcubed",
    "fusion",
    "grouped",
    "pairwise",
    "read_truth",
    "reliability",
    "score",
    "standing",
]
