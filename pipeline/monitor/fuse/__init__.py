"""Fusing: from the windows' reports to incidents. docs/fusion.md says how."""

from pipeline.monitor.fuse.fuser import Fused, Fuser

__all__ = ["Fused", "Fuser"]
