"""The command line, as the tests of the command line have it."""

from tests.cli.conftest import cli

__all__ = ["cli"]
