"""Problems of an agreement file, each with its place in the file and what to do."""

import re

import msgspec

from pipeline.agreement.half_read import NAME, stands_in


class Problem(msgspec.Struct, frozen=True, order=True):
    """One problem: the line of the file (1 where none can be told), the table and key, what is wrong, what to do."""

    line: int
    where: str
    what: str
    mend: str = ""

    def __str__(self) -> str:
        return f"line {self.line}: {self.where}: {self.what}" + (f" — {self.mend}" if self.mend else "")


class Problems:
    """Collects the problems of one file, so that all are told at once."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._unread: dict[tuple[str, int | None], set[str]] = {}
        self.found: list[Problem] = []

    def __bool__(self) -> bool:
        return bool(self.found)

    def add(
        self,
        table: str,
        index: int | None,
        key: str,
        what: str,
        mend: str = "",
        name: str = "",
        *,
        unread: bool = False,
    ) -> None:
        """Adds a problem of the `index`-th table of that name (or of the file's head: table "").

        Args:
            unread: the key's value cannot be read: what is said of its stand-in later is no problem of the file.
        """
        keys = self._unread.setdefault((table, index), set())
        if unread:
            keys.add(key)
        elif stands_in(what + mend) or (key and key in keys):
            return
        name = "" if name == NAME else name
        label = f"{table}[{name or index}]" if table else ""
        where = ".".join(part for part in (label, key) if part) or "the file"
        self.found.append(Problem(self._find(table, index, key, name), where, what, mend))

    def half_read(self, table: str, index: int) -> bool:
        """Whether a part of a table could not be read."""
        return bool(self._unread.get((table, index)))

    def syntax(self, message: str) -> None:
        """Adds the TOML reader's own complaint."""
        at = re.search(r"line (\d+)", message)
        self.found.append(Problem(int(at.group(1)) if at else 1, "TOML", message, "mend the syntax there"))

    def _find(self, table: str, index: int | None, key: str, name: str) -> int:
        begin, end = self._span(table, index, name)
        first, _, rest = key.partition(".")
        word, _, number = first.partition("[")
        nested = self._matching(rf"\[\[{table}\.{re.escape(word)}\]\]", begin, end) if word else []
        if nested:
            at = min(int(number.rstrip("]") or 0), len(nested) - 1)
            begin, end = nested[at], min([*self._matching(r"\[", nested[at] + 1, end), end])
            word = rest.partition("[")[0]
        found = self._matching(rf"{re.escape(word)}\s*=", begin, end) if word else []
        return min([*found, begin][0] + 1, max(len(self._lines), 1))

    def _matching(self, pattern: str, begin: int, end: int) -> list[int]:
        """The lines of a stretch that begin so."""
        known = re.compile(rf"\s*{pattern}")
        return [number for number in range(begin, end) if known.match(self._lines[number])]

    def _span(self, table: str, index: int | None, name: str) -> tuple[int, int]:
        """Where a table stands: its first line and the one after its last, from 0.

        It goes by its id: the number counts only tables that could be read.
        """
        headers = [n for n, line in enumerate(self._lines) if re.match(r"\s*\[\[?[a-z_]+\]?\]", line)]
        if not table:
            return 0, headers[0] if headers else len(self._lines)
        own = [n for n in headers if re.match(rf"\s*\[\[{table}\]\]", self._lines[n])]
        if index is None or index >= len(own):
            return 0, len(self._lines)
        ends = [min((n for n in headers if n > begin), default=len(self._lines)) for begin in own]
        named = re.compile(rf'\s*id\s*=\s*"{re.escape(name)}"')
        spans = zip(own, ends, strict=True)
        by_id = [span for span in spans if name and any(map(named.match, self._lines[span[0] : span[1]]))]
        return by_id[0] if len(by_id) == 1 else (own[index], ends[index])
