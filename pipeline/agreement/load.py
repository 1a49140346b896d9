"""Loading an agreement by name or path: read, check, compile; or a list of every problem."""

import hashlib
from pathlib import Path

from pipeline.agreement.build import build
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.indexes import kept_indexes
from pipeline.agreement.problems import Problem, Problems
from pipeline.agreement.read import MAX_BYTES, read_tables
from pipeline.agreement.references import check_references
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
        name_or_path: a shipped name, or the path of a TOML file.

    Raises:
        AgreementError: no such agreement, or a file with problems (all of them are in `.problems`).
    """
    path = _find(name_or_path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise AgreementError(f"{path}: cannot be read: {error.strerror}") from error
    agreement, problems = _load(path, raw)
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


def _find(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and name_or_path in shipped_agreements():
        return folder("geodata") / "agreements" / f"{name_or_path}.toml"
    path = Path(name_or_path)
    if path.is_file():
        return path
    names = ", ".join(shipped_agreements())
    raise AgreementError(f"{name_or_path}: neither a shipped agreement ({names}) nor a file")


def _load(path: Path, raw: bytes) -> tuple[Agreement | None, list[Problem]]:
    problems = Problems("")
    if len(raw) > MAX_BYTES:
        problems.add("", None, "", f"larger than {MAX_BYTES >> 20} MiB")
        return None, problems.found
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add("", None, "", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
        return None, problems.found
    problems = Problems(text)
    tables = read_tables(text, problems)
    if tables is None:
        return None, problems.found
    if tables.header.name and tables.header.name != path.stem:
        problems.add("", None, "name", f"{tables.header.name!r} is not the file's name", f"write {path.stem!r}")
    check_references(tables, problems)
    gazetteer = load_gazetteer()
    digest = hashlib.sha256(raw + gazetteer.fingerprint)
    agreement = build(tables, path.parent, gazetteer.outlines, problems, digest, kept_indexes())
    return agreement, problems.found
