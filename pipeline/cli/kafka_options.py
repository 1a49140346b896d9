"""What the commands that talk to a broker share: where it is, and the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipeline.stream.settings import Settings

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="The settings, as TOML (docs/kafka.md).  [env var: TRUCELINE_CONFIG]",
        show_default=False,
    ),
]
BootstrapOption = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="HOST:PORT",
        help="The broker; several apart by commas.  [env var: TRUCELINE_KAFKA; default: 127.0.0.1:9092]",
        show_default=False,
    ),
]


def settings_of(config: Path | None, bootstrap: str | None, **flags: Any) -> "Settings":
    """The settings of a command: the file's, the environment's, and its own flags, which count most.

    Raises:
        SettingsError: one is unknown, wrong or missing.
    """
    from pipeline.stream.settings import load_settings

    return load_settings(config, flags={"bootstrap_servers": bootstrap, **flags})
