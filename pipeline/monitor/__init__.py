"""The functional core: place, fuse, judge, raise. No clock, no I/O, no randomness.

`Monitor.process(reports) -> Changes` is all that the drivers (the embedded runner, later the stream and the replayer)
call; they keep its windows for it behind `Windows`.
"""

from pipeline.monitor.core import Changes, Monitor
from pipeline.monitor.windows import MemoryWindows, Windows

__all__ = ["Changes", "MemoryWindows", "Monitor", "Windows"]
