"""What threads may decode at once is known to msgspec before there are any."""

import subprocess
import sys

MEANWHILE = """
import sys
import threading

from pipeline.recon.makes import load_makes

held, go_on = threading.Event(), threading.Event()
asked = []


def stay(frame, event, argument):
    if frame.f_code.co_name == "get_class_annotations":
        asked.append(frame.f_locals["obj"])
        if len(asked) == 2:
            held.set()
            go_on.wait()


def first():
    sys.settrace(stay)
    load_makes()
    held.set()


thread = threading.Thread(target=first)
thread.start()
held.wait()
print(load_makes().make("array").name)
go_on.set()
thread.join()
"""
"""One thread loads the makes, and is held where msgspec asks for the fields of what they are made of; one loads them
meanwhile."""

UNKNOWN = """
import importlib
import pkgutil
import sys

import msgspec

import pipeline.law.folds
from pipeline.model.records import Reject
from pipeline.observers import Observers
from pipeline.recon.makes import Makes
from pipeline.recon.traces import Traces
from pipeline.watch import Watch


class Fresh(msgspec.Struct):
    field: int


asked = set()


def note(frame, event, argument):
    if frame.f_code.co_name == "get_class_annotations":
        asked.add(frame.f_locals["obj"].__name__)


found = pkgutil.iter_modules(pipeline.law.folds.__path__, "pipeline.law.folds.")
modules = [importlib.import_module(one.name) for one in found]
folds = [one for module in modules for one in vars(module).values() if isinstance(one, type)]
states = {fold.state_type for fold in folds if isinstance(getattr(fold, "state_type", None), type)}
assert len(states) >= 8, states
sys.settrace(note)
for kind in (Fresh, Makes, Traces, Observers, Watch, Reject, *states):
    msgspec.json.Decoder(kind)
sys.settrace(None)
print(*sorted(asked))
"""


def ran(program: str) -> str:
    """What a program says, in a process in which nothing has been decoded yet."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60.0, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def test_two_threads_may_load_the_makes_at_the_same_time() -> None:
    assert ran(MEANWHILE) == "array"


def test_all_that_threads_decode_is_known_when_its_module_is_imported() -> None:
    assert ran(UNKNOWN) == "Fresh"
