"""What an agreement asks of those who watch, as `agreement show` tells it."""

from pathlib import Path

from tests.cli.driving import Cli
from tests.recon.missions import CONSENT, rules
from tests.worlds import write_world


def test_a_rule_is_shown_in_words(tmp_path: Path, cli: Cli) -> None:
    path = write_world(
        tmp_path,
        extra=rules()
        + CONSENT.replace("by-leave", "both").replace(
            'kind = "consent"', 'kind = "consent"\nconsent_of = ["a", "b"]\nexcept_operators = ["monitor"]'
        ),
    )
    page = " ".join(cli("agreement", "show", path).out.split())
    assert "Of those who watch (4)" in page
    assert "asks no assets with military staff on the ground" in page
    assert "asks no assets (acoustic) on the side left in guns-a" in page
    assert "asks consent of the party on whose side it is for assets on the ground or in the air" in page
    assert "asks consent of a and of b for assets of anybody but monitor on the ground or in the air" in page
