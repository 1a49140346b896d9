"""Every Prometheus metric, in one place. One registry for each process: a replay never feeds the live ones."""

from pipeline.metrics.declared import DECLARED, Declared, Role
from pipeline.metrics.driver import MAX_VALUES, OTHER, DriverMetrics
from pipeline.metrics.page import AddressError, parse_address, served
from pipeline.metrics.run import RunMetrics

__all__ = [
    "DECLARED",
    "MAX_VALUES",
    "OTHER",
    "AddressError",
    "Declared",
    "DriverMetrics",
    "Role",
    "RunMetrics",
    "parse_address",
    "served",
]
