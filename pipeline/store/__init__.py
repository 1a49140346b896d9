"""The embedded record: one SQLite file that holds the log of frames, the windows, the alerts and the rejects."""

from pipeline.store.database import Store, StoreError
from pipeline.store.news import Outcome
from pipeline.store.opening import open_store
from pipeline.store.recorder import Recorder

__all__ = ["Outcome", "Recorder", "Store", "StoreError", "open_store"]
