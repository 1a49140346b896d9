"""The console: a store over HTTP, for a browser, a map, a feed reader, a program; and operators' acts into it.

`create_app` makes the application; `serve` runs it until it is told to stop.
"""

from pipeline.console.app import create_app
from pipeline.console.backend import Backend, StoreBackend
from pipeline.console.server import serve
from pipeline.console.settings import Settings
from pipeline.console.telling import Passage, Telling

__all__ = ["Backend", "Passage", "Settings", "StoreBackend", "Telling", "create_app", "serve"]
