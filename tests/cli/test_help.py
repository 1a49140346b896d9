"""The commands and options that are promised exist, each says what it does, and each shows an example."""

import re
import shlex
import subprocess
import sys

import pytest
import typer

from pipeline.cli.app import app
from pipeline.cli.examples import EXAMPLES
from tests.cli.driving import Cli
from tests.cli.help_page import MARK, PAGE, generated

PROMISED = {
    "demo": "--scenario -a --pace --seconds --port --no-console --stay --store",
    "run": "-a --store --pace --strict --metrics-listen --mapping --feed --replaces --withdraw-many --follow --summary"
    " --json",
    "serve": "--host --port --store -a --access --tls-cert --tls-key --name --behind-proxy --alertmanager --kafka",
    "watch": "--store -a --by --show --severity --standing --text --budget --bell --config --kafka",
    "users add": "--role --access --password-file",
    "users list": "--access --json",
    "users remove": "--access",
    "users disable": "--access",
    "users enable": "--access",
    "users password": "--access --password-file",
    "users role": "--access",
    "users token": "--access --label --days",
    "users tokens": "--access --json",
    "users revoke": "--access",
    "users audit": "--access --limit --json",
    "notify run": "--store -a --once --from-start --metrics-listen",
    "notify check": "--reach --json",
    "notify state": "--store --json",
    "notify resume": "--store",
    "notify dead": "--all --store --json",
    "archive": "-o --mapping --feed --json",
    "replay": "-a --as-of --from --until --agreement-as-of --reading --pace --store -o --possible --mapping --summary"
    " --json",
    "compare": "-a --with --as-of --agreement-as-of --reading --mapping --limit --incidents --json",
    "match": "-a -o --all --strict --timings",
    "alerts list": "--store --possible --status --assignee --unacknowledged --json",
    "alerts show": "--store",
    "alerts export": "-o --history --possible --store",
    "alerts map": "-o --store",
    "alerts register": "--store -a --provision --since --each --json",
    "act": "--by --reason --text --party --basis --confidence --revision --handover --since -o -a --store --json",
    "incidents list": "--store --unresolved --reports --since --limit -a --json",
    "incidents show": "--store -a --json",
    "incidents export": "-o --store --unresolved",
    "rejects list": "--store --json",
    "rejects show": "--store",
    "rejects export": "-o --store",
    "ledgers": "-a --store --from --until --by --json",
    "ledgers check": "--json",
    "compliance": "-a --store --on --json",
    "agreement list": "--json",
    "agreement show": "--on -o --json",
    "agreement schema": "-o",
    "agreement check": "",
    "agreement new": "-o",
    "agreement diff": "--json",
    "agreement export": "-o",
    "agreement compare": "--store --limit --json",
    "agreement series": "-o --only --date-key --tolerance-m --least-km2 --keep-doubtful --json",
    "sources": "--json",
    "recon assets": "-a --asset --makes --json",
    "recon coverage": "-a --store --log --from --hours --days --class --provision --by --each --makes -o --plot --json",
    "recon trends": "-a --store --log --from --until --against --anyway --class --provision --by --makes --json",
    "recon plan": "-a --store --mission --from --hours --budget --policy --cloud --propose --by -o --json",
    "recon task": "--by --reason --text --outcome --report --all -a --store --json",
    "recon log": "-a --from --hours --makes -o",
    "scenario list": "",
    "scenario make": "--seed -o",
    "scenario score": "--store -a --json",
    "kafka up": "--port --data --secured-port --user --password-file",
    "kafka down": "--data",
    "kafka status": "--data --json",
    "kafka mirror": "--store --once --config --kafka",
    "topics create": "--partitions --replication --dry-run --config --kafka --json",
    "send": "--checkpoint --rate --pace --config --kafka --metrics-listen --mapping --feed --summary --json",
    "worker": "-a --state-folder --config --kafka --metrics-listen",
    "tail": "--from-beginning --follow --count --possible -a --config --kafka --json",
    "topics list": "--config --kafka --json",
}


def test_examples_and_promises_name_the_same_commands() -> None:
    assert EXAMPLES.keys() == PROMISED.keys()


@pytest.mark.parametrize("command", PROMISED)
def test_help_has_every_promised_option_and_an_example(cli: Cli, command: str) -> None:
    told = cli(*command.split(), "--help")
    assert told.code == 0
    for option in PROMISED[command].split():
        assert re.search(rf"(?m)^\s+(-\w, )?{re.escape(option)}\b", told.out), option
    for example in EXAMPLES[command]:
        assert f"  truceline {example}\n" in told.out
        assert example.startswith(command)
    assert len(re.findall(r"(?m)^  [A-Z]\w.*", told.out)) >= 1, "it does not say what it does"


@pytest.mark.parametrize("example", [example for lines in EXAMPLES.values() for example in lines])
def test_examples_are_right_usage(example: str) -> None:
    command, words = typer.main.get_command(app), shlex.split(example)
    context = command.make_context("truceline", words)
    # A group that is a command by itself has no further word.
    while hasattr(command, "resolve_command") and (context._protected_args or context.args):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        context = command.make_context(name, words, parent=context)


def test_every_command_is_promised() -> None:
    found = set()
    for info in app.registered_commands:
        found.add(str(info.name))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        if group.typer_instance.registered_callback is not None:
            found.add(str(group.name))
        found.update(f"{group.name} {info.name}" for info in group.typer_instance.registered_commands)
    assert found == PROMISED.keys()


@pytest.mark.parametrize("words", ["nosuch", "run", "run --nosuch", "alerts nosuch", "scenario make routine"])
def test_wrong_usage_is_exit_2_and_goes_to_standard_error(cli: Cli, words: str) -> None:
    told = cli(*words.split())
    assert told.code == 2
    assert told.out == ""
    assert "Traceback" not in told.err


def test_version_is_the_distribution_s(cli: Cli) -> None:
    from importlib.metadata import version

    assert cli("--version").out.strip() == version("truceline")


def test_help_loads_nothing_heavy() -> None:
    """Help must come at once: it may not wait for geometry and tables to load."""
    ask = (
        "import sys; from pipeline.cli import execute; execute(['run', '--help']); "
        "heavy = {'numpy', 'shapely', 'pyproj', 'geopandas', 'pyarrow', 'rich', 'prometheus_client'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"


def test_the_page_of_commands_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.partition(MARK)[2] == generated(), "write it anew: python -m tests.cli.help_page"
