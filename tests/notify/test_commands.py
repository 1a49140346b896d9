"""`truceline notify`: what is wrong with a configuration is told at once; what waits or is dead can be seen."""

import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest

from pipeline.notify.config import AlertmanagerConfig, Config, ConfigError, WebhookConfig, load_config
from pipeline.notify.outbox import open_outbox
from pipeline.store import StoreError
from tests.cli.driving import Cli, traceless
from tests.deploy.monitoring import DEPLOY, finish, load
from tests.notify.listening import Reply, listening
from tests.notify.telling import SECRET, Story, alert, secret_file
from tests.test_docs import CHECKOUT

HOOK = '[[webhook]]\nname = "tracker"\nurl = "{url}"\nsecret_file = "secret"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "notify.toml"
    path.write_text(text)
    return path


def test_the_example_in_deploy_is_well_written(cli: Cli, tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "notify.toml", tmp_path)
    secret_file(tmp_path).rename(tmp_path / "tracker.secret")
    told = cli("notify", "check", "notify.toml")
    assert (told.code, told.err) == (0, "")
    assert [line.split() for line in told.out.splitlines()] == [
        ["alertmanager", "well", "written"],
        ["tracker", "well", "written"],
    ]
    # It shows each key that one who begins needs.
    text = (DEPLOY / "notify.toml").read_text()
    shown = set(re.findall(r"^(\w+) =", text, re.MULTILINE))
    assert {"least", "until", "resend_s", "agreements", "acts", "give_up_after_h"} <= shown


def test_the_page_names_every_key() -> None:
    page = (CHECKOUT / "docs" / "notify.md").read_text()
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    keys = {field.name for kind in (AlertmanagerConfig, WebhookConfig) for field in msgspec.structs.fields(kind)}
    assert keys | set(Config._fields) - {"alertmanager", "webhooks"} <= named | {"plain"}
    assert "`plain = true`" in page


def test_everything_that_is_wrong_is_told_at_once(cli: Cli, tmp_path: Path) -> None:
    text = f"""
    consol = "x"
    console = "ftp://x"
    source = "no uri"
    [alertmanager]
    url = "http://alerts.example.org:9093"
    least = "grevious"
    resend_s = 0
    until = 7
    [[webhook]]
    name = "Tracker!"
    url = "https://user:word@example.org/"
    secret_file = "missing"
    secret = "{SECRET}"
    [[webhook]]
    name = "alertmanager"
    secret_file = "secret"
    agreements = "one"
    """
    secret_file(tmp_path).write_text("not a secret\n")
    told = cli("notify", "check", write(tmp_path, text))
    assert (told.code, told.out) == (2, "")
    keys = re.findall(r"notify\.toml: ([^:\n]+):", told.err)
    assert sorted(set(keys)) == sorted(
        [
            "consol",
            "console",
            "source",
            "[alertmanager] url",
            "[alertmanager] least",
            "[alertmanager] resend_s",
            "[alertmanager] until",
            "[[webhook]] 1 name",
            "[[webhook]] 1 url",
            "[[webhook]] 1 secret",
            "[[webhook]] 1 secret_file",
            "[[webhook]] 2 url",
            "[[webhook]] 2 agreements",
            "[[webhook]] 2 secret_file",
        ]
    )
    assert SECRET not in told.err
    assert "word@" not in told.err
    traceless(told)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "nobody is to be told"),
        ("webhook = 3", "list of tables"),
        ("alertmanager = 3", "a table"),
        ("[[webhook", "is no TOML"),
        (HOOK.format(url="http://127.0.0.1/") * 2, "'tracker' is another's"),
        (HOOK.format(url="http://127.0.0.1/") * 51, "at most 50"),
        (HOOK.format(url="http://10.0.0.1/"), "http is for this machine alone"),
        (HOOK.format(url="http://127.0.0.1.example.org/"), "http is for this machine alone"),
        (HOOK.format(url="https://example.org/#top"), "fragment"),
        (HOOK.format(url="file:///etc/passwd"), "is no address"),
        (HOOK.format(url="https://ex\\u0000ample.org/"), "is no address"),
        (HOOK.format(url="http://127.0.0.1/") + 'ca_file = "nowhere.pem"', "no such file"),
        (HOOK.format(url="http://127.0.0.1/") + "ca_file = 3", "Expected the name of a file"),
    ],
)
def test_one_thing_that_is_wrong_is_named(tmp_path: Path, text: str, wrong: str) -> None:
    secret_file(tmp_path)
    with pytest.raises(ConfigError) as error:
        load_config(write(tmp_path, text))
    assert wrong in "\n".join(error.value.problems)


def test_a_file_that_is_not_there_is_wrong_usage(cli: Cli) -> None:
    told = cli("notify", "run", "nowhere.toml")
    assert told.code == 2
    assert "nowhere.toml: cannot be read" in told.err


def test_http_to_another_machine_is_allowed_where_it_is_said(tmp_path: Path) -> None:
    secret_file(tmp_path)
    read = load_config(write(tmp_path, HOOK.format(url="http://tracker:8080/x") + "plain = true"))
    assert read.receivers == ["tracker"]


def test_whether_everybody_answers(cli: Cli, tmp_path: Path) -> None:
    secret_file(tmp_path)
    with listening() as up:
        text = HOOK.format(url=f"{up.url}?key=a%2Fb&sig=1") + HOOK.format(url="http://127.0.0.1:9/").replace(
            "tracker", "away"
        )
        told = cli("notify", "check", write(tmp_path, text), "--reach", "--json")
        assert (up.posts, up.asked) == ([], ["/hook?key=a%2Fb&sig=1"])
    found = {one["receiver"]: one for one in map(json.loads, told.out.splitlines())}
    assert told.code == 1
    assert (found["tracker"]["reached"], found["away"]["reached"]) == (True, False)
    assert "cannot connect" in found["away"]["trouble"]


def test_what_is_dead_is_listed_shown_and_sent_again(cli: Cli, story: Story, tmp_path: Path) -> None:
    story.tell(alert("one"), alert("two"))
    with listening() as tracker:
        config = write(tmp_path, HOOK.format(url=tracker.url))
        tracker.reply = lambda _: Reply(404, body=b"\x1b[2Jnot here")
        told = cli("notify", "run", config, "--store", story.path, "--once", "--from-start")
        assert (told.code, told.out) == (0, "")
        assert "following from entry 0: tracker" in told.err
        listed = [json.loads(line) for line in cli("notify", "dead", "--store", story.path, "--json").out.splitlines()]
        assert [one["event_id"] for one in listed] == ["al_one/1", "al_two/1"]
        assert "\x1b" not in cli("notify", "dead", "list", "--store", story.path).out
        shown = cli("notify", "dead", "show", str(listed[0]["number"]), "--store", story.path)
        assert shown.json()["id"] == "al_one/1"
        assert cli("notify", "dead", "retry", "--all", "--store", story.path).code == 0
        tracker.reply = lambda _: Reply()
        assert cli("notify", "run", config, "--store", story.path, "--once").code == 0
        assert cli("notify", "dead", "--store", story.path).out == ""
        state = json.loads(cli("notify", "state", "--store", story.path, "--json").out)
        expected = {"receiver": "tracker", "delivered": 2, "waiting": 0, "dead": 0, "behind": 0, "stopped": ""}
        assert {name: state[name] for name in expected} == expected
        assert "2 delivered" in cli("notify", "state", "--store", story.path).out


def test_what_could_not_be_delivered_once_is_an_unfinished_command(cli: Cli, story: Story, tmp_path: Path) -> None:
    story.tell(alert("one"))
    config = write(tmp_path, HOOK.format(url="http://127.0.0.1:9/"))
    told = cli("notify", "run", config, "--store", story.path, "--once", "--from-start")
    assert told.code == 1
    assert "1 notification could not be delivered yet" in told.err
    told = cli("notify", "state", "--store", story.path)
    assert "1 waiting" in told.out
    assert "cannot connect" in told.out
    assert "tracker is sent to again" in cli("notify", "resume", "tracker", "--store", story.path).err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("state",), 2, "nobody has followed this store yet"),
        (("dead",), 2, "nobody has followed this store yet"),
        (("dead", "burn"), 2, "one of list, show, retry"),
        (("dead", "show"), 2, "say which"),
        (("dead", "show", "--all"), 2, "say which"),
        (("dead", "list", "3"), 2, "say which"),
        (("dead", "retry", "3", "--all"), 2, "say which"),
    ],
)
def test_wrong_usage_is_told(cli: Cli, story: Story, words: tuple[str, ...], code: int, said: str) -> None:
    told = cli("notify", *words, "--store", story.path)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert not Path(f"{story.path}-notify").exists()


def test_who_is_not_there_cannot_be_resumed_or_sent_again(cli: Cli, story: Story) -> None:
    with open_outbox(story.path, run=True):
        pass
    assert "no receiver nobody" in cli("notify", "resume", "nobody", "--store", story.path).err
    for what in ("show", "retry"):
        told = cli("notify", "dead", what, "7", "--store", story.path)
        assert (told.code, "nothing dead of number 7" in told.err) == (2, True)


def test_a_secret_that_everybody_may_read_is_told_in_a_line(cli: Cli, story: Story, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    config = write(tmp_path, HOOK.format(url="http://127.0.0.1:9/") * 2)
    config.write_text(config.read_text().replace("tracker", "other", 1))
    for command in (("check", config), ("run", config, "--store", story.path, "--once")):
        secret.chmod(0o640)
        assert "warning" not in cli("notify", *command).err
        secret.chmod(0o644)
        told = cli("notify", *command)
        assert told.code == 0
        assert re.findall(r"^warning: .*", told.err, re.MULTILINE) == [
            f"warning: everybody on this machine may read {secret}; `chmod 600` keeps a secret"
        ]


def test_the_book_is_its_owner_s_alone(story: Story) -> None:
    with open_outbox(story.path, run=True) as outbox:
        books = [path for path in story.path.parent.glob("t.db-notify*") if "lock" not in path.name]
        assert {path.name for path in books} == {"t.db-notify", "t.db-notify-wal", "t.db-notify-shm"}
        assert {path.stat().st_mode & 0o777 for path in books} == {0o600}
        assert outbox.record() == ""


def test_a_second_notifier_of_a_store_says_so_and_ends(cli: Cli, story: Story, tmp_path: Path) -> None:
    config = write(tmp_path, HOOK.format(url="http://127.0.0.1:9/"))
    with open_outbox(story.path, run=True):
        told = cli("notify", "run", config, "--store", story.path)
    assert told.code == 1
    assert "another `truceline notify run` follows this store" in told.err


def test_a_store_that_is_not_there_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    secret_file(tmp_path)
    told = cli("notify", "run", write(tmp_path, HOOK.format(url="http://127.0.0.1:9/")), "--store", "none.db")
    assert told.code == 2
    assert "there is no store here" in told.err


def test_a_book_of_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "t.db-notify"
    path.write_bytes(b"no database, and longer than a hundred bytes" * 9)
    with pytest.raises(StoreError, match=re.escape(str(path))):
        open_outbox(tmp_path / "t.db", run=True)
    assert path.read_bytes().startswith(b"no database")


@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize(
    ("severity", "receiver", "wait", "grouped"),
    [
        ("grave", "watch", "0s", ["agreement", "sector"]),
        ("serious", "watch", "30s", ["agreement", "sector"]),
        ("minor", "ticket", "10m", ["agreement"]),
    ],
)
def test_what_is_pushed_goes_by_its_severity(severity: str, receiver: str, wait: str, grouped: list[str]) -> None:
    config = DEPLOY / "alertmanager" / "alertmanager.yml"
    labels = (f"severity={severity}", "alertname=TrucelineViolation", "agreement=a", "sector=north")
    told = finish("amtool", "config", "routes", "test", f"--config.file={config}", *labels)
    assert told.strip() == receiver
    routes = [one for one in load(config)["route"]["routes"] if 'alertname="TrucelineViolation"' in one["matchers"]]
    route = next(one for one in routes if f'severity="{severity}"' in one["matchers"] or len(one["matchers"]) == 1)
    assert (route["receiver"], route["group_wait"], route["group_by"]) == (receiver, wait, grouped)
