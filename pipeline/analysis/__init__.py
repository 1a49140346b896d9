"""What analysts ask of a record: how two of them differ and why."""

from pipeline.analysis.causes import Cause, Changed, Item, explain
from pipeline.analysis.comparing import Comparison, Figure, compare

__all__ = ["Cause", "Changed", "Comparison", "Figure", "Item", "compare", "explain"]
