"""Immutable records and the taxonomy. No I/O, no clock."""
