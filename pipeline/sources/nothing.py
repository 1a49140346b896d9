"""What reads an input that holds nothing, or that breaks off before it can be recognised."""

from collections.abc import Iterator
from typing import BinaryIO

from pipeline.sources.base import ReadContext, Row
from pipeline.sources.records import Span, TornInput

HEAD_BYTES = 65_536
"""How much of an input is looked at to recognise it."""


class Nothing:
    """Stands for the format of an input that holds nothing, or breaks off before it can be recognised."""

    name = "unrecognised"
    title = "an input that is empty or breaks off at once"
    describe = "No rows."

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Never: it is what is left."""
        return False

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """No rows; what can be read, which is less than a head, goes into the reject of the tear."""
        kept = b""
        try:
            while chunk := stream.read(HEAD_BYTES):
                kept += chunk
        except TornInput as torn:
            torn.span = Span(0, kept)
            raise
        yield from ()
