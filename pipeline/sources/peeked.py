"""A stream whose beginning is looked at before it is read."""

import io
from typing import BinaryIO

from pipeline.sources.records import TornInput


class Peeked(io.BytesIO):
    """Gives the bytes of `stream` from its beginning; `head` has the first `size` of them, or fewer.

    Attributes:
        head: what was looked at.
        torn: why there is no more, where the stream broke off within it.
    """

    def __init__(self, stream: BinaryIO, size: int = 65_536) -> None:
        super().__init__()
        self._stream = stream
        self.torn: TornInput | None = None
        held, pieces = 0, []
        try:
            while held < size and (piece := stream.read(size - held)):
                pieces.append(piece)
                held += len(piece)
        except TornInput as torn:
            self.torn = torn
        self.head = self._left = b"".join(pieces)

    def read(self, size: int | None = -1) -> bytes:
        """What was looked at, then the rest, as much at a time as there is."""
        if self._left:
            given, self._left = self._left, b""
            return given
        if self.torn is not None:
            raise self.torn
        return self._stream.read(-1 if size is None else size)
