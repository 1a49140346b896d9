"""The commands' words for one alert by itself, handed to whoever tells of it.

Those for all that stands behind it are in `console_words`, and take longer to have at hand.
"""

from collections.abc import Sequence
from string import ascii_letters, digits

from pipeline.agreement import Agreement
from pipeline.cli import show_alert, show_doubts, whereabouts
from pipeline.cli.whereabouts import Agreements
from pipeline.model.records import Alert

_OF_A_NAME = frozenset(ascii_letters + digits + "-_@")


class AlertWords:
    """The words for an alert.

    Args:
        files: of agreements that are not shipped.
    """

    def __init__(self, files: Sequence[str] = ()) -> None:
        self._known = Agreements(files)

    def agreement(self, name: str) -> Agreement | None:
        """The agreement of a name; None where its data is not at hand. A path is no name."""
        return self._known.get(name) if set(name) <= _OF_A_NAME else None

    def title(self, alert: Alert) -> str:
        """What its provision is called."""
        return show_alert.title(alert, self._of(alert))

    def says(self, alert: Alert) -> str:
        """What its provision says, in one sentence; empty where that is not at hand."""
        return show_alert.says(alert, self._of(alert))

    def place(self, alert: Alert) -> str:
        """Where it is, in a few words."""
        return whereabouts.place(alert, self._of(alert))

    def off_line(self, alert: Alert) -> str:
        """How far from the line and on whose side; empty where no line is near."""
        return whereabouts.off_line(alert, self._of(alert))

    def doubts(self, alert: Alert) -> Sequence[str]:
        """Why it is not more certain, a sentence each."""
        return show_doubts.doubts(alert, self._of(alert))

    def _of(self, alert: Alert) -> Agreement | None:
        return self._known.get(alert.agreement)
