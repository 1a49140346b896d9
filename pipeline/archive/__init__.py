"""The archive: a record as partitioned Parquet that other tools read as it is, and the way back."""

from pipeline.archive.chosen import Chosen, Period
from pipeline.archive.kept import KeptInput, acts_of, kept_input
from pipeline.archive.reading import Archive, ArchiveError, is_archive
from pipeline.archive.writing import Added, archive_inputs, archive_store

__all__ = [
    "Added",
    "Archive",
    "ArchiveError",
    "Chosen",
    "KeptInput",
    "Period",
    "acts_of",
    "archive_inputs",
    "archive_store",
    "is_archive",
    "kept_input",
]
