"""Loading an agreement by name or path: read, check, compile; or a list of every problem."""

import hashlib
from pathlib import Path

from pipeline.agreement.build import build
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import Tables
from pipeline.agreement.indexes import kept_indexes
from pipeline.agreement.problems import Problem, Problems
from pipeline.agreement.read import MAX_BYTES, read_tables
from pipeline.agreement.references import check_references
from pipeline.agreement.texts import ORIGINAL, by_text, in_order
from pipeline.gazetteer import load_gazetteer
from pipeline.resources import folder


class AgreementError(Exception):
    """An agreement that cannot be used: not found, or with problems.

    Attributes:
        problems: every problem of the file, in the file's order; empty where there is no such file.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def shipped_agreements() -> list[str]:
    """The names of the agreements that come with the package.

    >>> "donbas-2015" in shipped_agreements()
    True
    """
    return sorted(path.stem for path in (folder("geodata") / "agreements").glob("*.toml"))


def load_agreement(name_or_path: str | Path) -> Agreement:
    """An agreement, compiled and ready to judge by.

    Args:
        name_or_path: a shipped name, or the path of a TOML file; behind it `@` and a text of the agreement, by which
            everything is judged whenever it happened: an amendment's id, `original`, or a day.

    Raises:
        AgreementError: no such agreement or text, or a file with problems (all of them are in `.problems`).
    """
    path, text = _find(name_or_path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise AgreementError(f"{path}: cannot be read: {error.strerror}") from error
    agreement, problems = _load(path, raw, text)
    if agreement is None or problems:
        found = tuple(sorted(set(problems)))
        raise AgreementError(f"{path}: {len(found)} problem{'s' if len(found) != 1 else ''}", found)
    return agreement


def check_agreement(path: Path) -> tuple[Problem, ...]:
    """Every problem of an agreement's file, in the file's order; none where it can be used.

    Raises:
        AgreementError: the file cannot be read at all.
    """
    try:
        load_agreement(path)
    except AgreementError as error:
        if not error.problems:
            raise
        return error.problems
    return ()


def _find(name_or_path: str | Path) -> tuple[Path, str]:
    """The file, and the text that is asked for; empty where none is."""
    if (path := _file(name_or_path)) is not None:
        return path, ""
    name, at, text = str(name_or_path).rpartition("@")
    if at and (path := _file(name)) is not None:
        return path, text
    names = ", ".join(shipped_agreements())
    raise AgreementError(f"{name_or_path}: neither a shipped agreement ({names}) nor a file")


def _file(name_or_path: str | Path) -> Path | None:
    if isinstance(name_or_path, str) and name_or_path in shipped_agreements():
        return folder("geodata") / "agreements" / f"{name_or_path}.toml"
    path = Path(name_or_path)
    return path if path.is_file() else None


def _by_text(path: Path, tables: Tables, text: str) -> Tables:
    found = by_text(tables, text)
    if found is None:
        there = ", ".join([ORIGINAL, *(one.id for one in in_order(tables))])
        raise AgreementError(f"{path}: it has no text {text!r}; its texts are {there}, or name a day")
    return found


def _load(path: Path, raw: bytes, text: str) -> tuple[Agreement | None, list[Problem]]:
    problems = Problems("")
    if len(raw) > MAX_BYTES:
        problems.add("", None, "", f"larger than {MAX_BYTES >> 20} MiB")
        return None, problems.found
    try:
        toml = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add("", None, "", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
        return None, problems.found
    problems = Problems(toml)
    tables = read_tables(toml, problems)
    if tables is None:
        return None, problems.found
    if tables.header.name and tables.header.name != path.stem:
        problems.add("", None, "name", f"{tables.header.name!r} is not the file's name", f"write {path.stem!r}")
    check_references(tables, problems)
    gazetteer = load_gazetteer()
    digest = hashlib.sha256(raw + gazetteer.fingerprint)
    if text and not problems:
        tables = _by_text(path, tables, text)
        digest.update(tables.header.name.encode())
    agreement = build(tables, path.parent, gazetteer.outlines, problems, digest, kept_indexes())
    return agreement, problems.found
