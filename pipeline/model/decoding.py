"""What several threads may decode at once.

What a struct's fields are, msgspec learns when it is first asked to decode one, and it notes a struct as known before
it has learnt them all. A second thread that decodes the same just then follows a null pointer (msgspec 0.22, of the
types' `StructInfo`), and the process is dead. So whatever threads decode is made known where it is defined: a module is
imported by one thread, and by others not before that is done.
"""

from typing import TypeVar

import msgspec

StructType = TypeVar("StructType", bound=type[msgspec.Struct])


def decodable(struct: StructType) -> StructType:
    """Makes a struct known to msgspec, with all that it is made of."""
    msgspec.json.Decoder(struct)
    return struct
