"""What an agreement asks of those who watch: read and checked."""

from pathlib import Path

import pytest

from pipeline.agreement.load import check_agreement
from pipeline.agreement.show import as_json
from tests.recon.missions import rules
from tests.worlds import world, write_world


def problems(folder: Path, swap: str) -> list[str]:
    path, (old, new) = write_world(folder, extra=rules()), swap.split(" => ")
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return [str(problem) for problem in check_agreement(path)]


def test_rules_are_read_in_their_order(tmp_path: Path) -> None:
    read = world(tmp_path, extra=rules())
    assert [rule.id for rule in read.monitoring] == ["no-soldiers", "no-arrays-near-a", "by-leave"]
    assert read.monitoring[1].techniques == ("acoustic",)
    assert [rule["id"] for rule in as_json(read)["monitoring"]] == [rule.id for rule in read.monitoring]


def test_a_rule_changes_the_fingerprint(tmp_path: Path) -> None:
    plain = world(tmp_path).fingerprint
    assert world(tmp_path, extra=rules()).fingerprint != plain


@pytest.mark.parametrize(
    ("swap", "message"),
    [
        ('zones = ["guns-a"]\nsource => zones = ["gums"]\nsource', "monitoring[no-arrays-near-a].zones: 'gums' is not"),
        (
            'techniques = ["acoustic"] => techniques = ["aural"]',
            "[no-arrays-near-a].techniques[0]: Invalid enum",
        ),
        ('id = "by-leave" => id = "no-soldiers"', "monitoring[no-soldiers].id: 'no-soldiers' stands twice"),
        ('staff = ["military"]\ndomains = ["ground"]\n => ', "monitoring[no-soldiers].kind: it forbids every asset"),
        ('staff = ["military"] => consent_of = ["a"]', "what is forbidden needs nobody's consent"),
        (
            'kind = "consent" => kind = "consent"\nconsent_of = ["c"]',
            "[by-leave].consent_of: 'c' is not among",
        ),
        ('kind = "consent" => kind = "leave"', "monitoring[by-leave].kind: Invalid enum value 'leave'"),
        ('domains = ["ground", "air"] => domain = ["air"]', "monitoring[by-leave].domain: no such key"),
        ('left = "a"\nright = "b" => left = "a"', "monitoring[no-arrays-near-a].sides: no line of the agreement has"),
        ('left = "a"\nright = "b" => left = "a"', "monitoring[by-leave].consent_of: no line of the agreement has"),
    ],
)
def test_each_kind_of_problem_names_its_place(tmp_path: Path, swap: str, message: str) -> None:
    found = problems(tmp_path, swap)
    assert any(message in line for line in found), found
