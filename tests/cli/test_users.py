"""The users of a console, from the command line."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest

from pipeline.cli.common import UserError
from pipeline.cli.serving import reach
from pipeline.console.access import Role
from tests.cli.driving import Cli, Told, traceless
from tests.console.serving import now
from tests.console.users import PASSWORD, users


@pytest.fixture
def file(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands look for users."""
    monkeypatch.setenv("TRUCELINE_ACCESS", "users.db")
    (tmp_path / "password").write_text(f"{PASSWORD}\nand what follows\n")
    return tmp_path / "users.db"


def add(cli: Cli, name: str, role: str) -> Told:
    return cli("users", "add", name, "--role", role, "--password-file", "password")


def test_users_come_change_and_go(cli: Cli, file: Path) -> None:
    assert add(cli, "Ines", "operator").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert add(cli, "Olga", "supervisor").out == ""
    secret = cli("users", "token", "Ines", "--label", "QGIS", "--days", "30")
    assert secret.out.startswith("tl_")
    assert len(secret.out.strip()) > 40
    (kept,) = [json.loads(line) for line in cli("users", "tokens", "--json").out.splitlines()]
    assert (kept["number"], kept["user"], kept["label"], kept["used_at"]) == (1, "Ines", "QGIS", None)
    listed = cli("users", "list").out
    assert [line.split()[:2] for line in listed.splitlines()[1:]] == [["Ines", "operator"], ["Olga", "supervisor"]]
    assert cli("users", "revoke", "1").code == 0
    assert cli("users", "tokens", "--json").out == ""
    for change in (("role", "Ines", "viewer"), ("disable", "Ines"), ("enable", "Ines"), ("remove", "Olga")):
        told = cli("users", *change)
        assert (told.code, told.out) == (0, ""), told.err
    assert cli("users", "password", "ines", "--password-file", "password").code == 0
    (left,) = [json.loads(line) for line in cli("users", "list", "--json").out.splitlines()]
    assert (left["name"], left["role"], left["disabled"]) == ("Ines", "viewer", False)
    entries = [json.loads(line) for line in cli("users", "audit", "--json").out.splitlines()]
    assert [one["what"] for one in entries] == [
        "user_added",
        "user_added",
        "token_made",
        "token_revoked",
        "role_changed",
        "user_disabled",
        "user_enabled",
        "user_removed",
        "password_changed",
    ]
    last = cli("users", "audit", "--limit", "1").out
    assert last.count("\n") == 1
    assert "password_changed Ines: done" in last
    assert PASSWORD not in secret.err + listed + last


def test_a_password_comes_by_standard_input(cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given, code in ((f"{PASSWORD}\r\n", 0), ("short\n", 2), ("x" * 5_000, 2), ("ÿ" * 12, 2)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode("latin-1"))))
        told = cli("users", "add", f"user {len(given)}", "--role", "viewer", "--password-file", "-")
        assert told.code == code, told.err
        traceless(told)


@pytest.mark.parametrize(
    "words",
    [
        "add Ines --role king --password-file password",
        "add In:es --role viewer --password-file password",
        "add Ines --role viewer --password-file none",
        "add Ines --role viewer --access . --password-file password",
        "add Olga --role viewer --password-file password",
        "list --access none.db",
        "remove nobody",
        "token nobody",
        "token Olga --days 0",
        "password nobody --password-file password",
        "role Olga king",
        "revoke 7",
    ],
)
def test_what_will_not_do_is_told(cli: Cli, file: Path, words: str) -> None:
    with users(file) as known:
        known.add("Olga", Role.VIEWER, PASSWORD)
    told = cli("users", *words.split())
    assert (told.code, told.out) == (1 if "--access ." in words else 2, "")
    traceless(told)


@pytest.mark.parametrize(
    ("host", "names", "access", "proxy", "said"),
    [
        ("192.0.2.7", [], None, None, "this machine alone"),
        ("0.0.0.0", [], None, None, "this machine alone"),
        ("::", [], None, None, "this machine alone"),
        ("example.org", [], None, None, "this machine alone"),
        ("0.0.0.0", ["a.example"], None, None, "--access"),
        ("127.0.0.1", ["a.example"], None, None, "--access"),
        ("127.0.0.1", [], None, "127.0.0.1", "--access"),
        ("192.0.2.7", [], "users.db", None, "--tls-cert"),
        ("0.0.0.0", [], "users.db", "10.0.0.1", "--name"),
        ("::", [], "users.db", "10.0.0.1", "--name"),
        ("127.0.0.1", [], "users.db", "localhost", "--behind-proxy"),
        ("127.0.0.1", ["https://a.example"], "users.db", None, "--name"),
        ("127.0.0.1", ["a.example:443"], "users.db", None, "--name"),
    ],
)
def test_nobody_is_let_in_by_mistake(
    host: str, names: list[str], access: str | None, proxy: str | None, said: str
) -> None:
    with pytest.raises(UserError, match=said) as told:
        reach(host, names, None if access is None else Path(access), (None, None), proxy)
    assert told.value.code == 2


def test_a_console_is_called_by_its_names_and_no_others() -> None:
    users = Path("users.db")
    found = reach("192.0.2.7", ["A.example"], users, (None, None), "10.0.0.0/8").hosts()
    assert found == {"127.0.0.1", "localhost", "::1", "192.0.2.7", "a.example"}
    assert "0.0.0.0" not in reach("0.0.0.0", ["a.example"], users, (None, None), "10.0.0.0/8").hosts()
    assert reach("127.0.0.1", [], None, (None, None), None).access is None


def test_a_console_that_nobody_could_log_in_to_is_not_served(cli: Cli, file: Path) -> None:
    (file.parent / "some.pem").write_text("no certificate")
    with users(file) as known:
        known.disable(known.add("Ines", Role.OPERATOR, PASSWORD))
    with pytest.raises(UserError, match="nobody could log in"):
        reach("127.0.0.1", [], file, (None, None), None).users(now)
    for pair in ((None, "some.pem"), ("some.pem", None), ("some.pem", "some.pem"), ("none.pem", "none.pem")):
        certificate, key = (None if one is None else file.parent / one for one in pair)
        with pytest.raises(UserError):
            reach("127.0.0.1", [], None, (certificate, key), None)
