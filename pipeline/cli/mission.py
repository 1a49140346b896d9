"""The mission that a command is given: a shipped one by its name, or a file; and the agreement under which it works."""

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.common import UserError

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.recon.assets import Assets
    from pipeline.recon.makes import Makes

MAX_BYTES = 4 << 20


def mission_of(word: str | None, agreement: str | None, makes: "Makes | None" = None) -> "tuple[Assets, Agreement]":
    """A mission and its agreement; each tells the other, where only one is named.

    Args:
        word: a shipped mission's name or a TOML file; without one, the mission that is shipped for the agreement.
        agreement: a shipped agreement's name or a TOML file; without one, the mission's own.

    Raises:
        MissionError, AgreementError: one is not there, or has problems.
        UserError: neither is named, or the mission names no agreement.
    """
    from pipeline.agreement import load_agreement
    from pipeline.recon.missions import read_mission

    if word is None and agreement is None:
        raise UserError("name a mission, or an agreement with -a")
    loaded = None if agreement is None else load_agreement(agreement)
    name = word or (loaded.name if loaded is not None else "")
    text = _text(name)
    if loaded is None:
        named = read_mission(text, name, None, makes).agreement
        if not named:
            raise UserError(f"{name} is for no agreement in particular: name one with -a")
        loaded = load_agreement(named)
    return read_mission(text, name, loaded, makes), loaded


def makes_of(path: Path | None) -> "Makes":
    """The makes of a file; without one, the shipped ones.

    Raises:
        UserError: the file cannot be read, or is wrong.
    """
    from pipeline.recon.makes import load_makes, read_makes

    if path is None:
        return load_makes()
    try:
        return read_makes(_bytes(path))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error


def _text(word: str) -> bytes:
    from pipeline.recon.missions import shipped_missions
    from pipeline.resources import folder

    if word in shipped_missions():
        return (folder("geodata") / "recon" / "missions" / f"{word}.toml").read_bytes()
    if not Path(word).is_file():
        raise UserError(f"{word}: neither a shipped mission ({', '.join(shipped_missions())}) nor a file")
    return _bytes(Path(word))


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path}: larger than {MAX_BYTES >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
