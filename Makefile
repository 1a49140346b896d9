# make demo    a simulated ceasefire and its alerts, in this terminal          (ARGS="--scenario quiet" passes options on)
# make test    everything that must hold; REQUIRE=all fails what would be skipped      (ARGS="-k store" narrows the tests)
# make lint    ruff, mypy --strict and the order of the rooms
# make bench   how fast it is on this machine, beside other libraries       (ARGS="geometry --repeats 3"; ARGS=--help)
# make schemas write schemas/ anew from the records
# make drawings write the drawings of docs/geometry.md anew
# make clean   remove what make and the tests left, .venv included

PYTHON ?= python3
REQUIRE ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
# A parent's settings must not reach into .venv.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint bench schemas drawings clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(VENV)/.installed
	@$(BIN)/truceline demo $(ARGS)

test: lint
	@echo "pytest"
	@REQUIRE="$(REQUIRE)" $(BIN)/python -m pytest --numprocesses auto $(ARGS)

lint: $(VENV)/.installed-dev
	@echo "ruff" && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@echo "mypy" && $(BIN)/mypy --no-error-summary
	@echo "import-linter" && $(BIN)/lint-imports --no-logo

bench: $(VENV)/.installed-bench
	@$(BIN)/python -m tests.bench $(ARGS)

schemas: $(VENV)/.installed
	@$(BIN)/python tools/schemas.py

drawings: $(VENV)/.installed
	@$(BIN)/python -m tools.drawings_geometry

# Three steps, each with its own stamp: the environment, what running needs, what developing needs.
# Build tools come pinned from constraints.txt too, so nothing is built in a throw-away environment.
$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Truceline needs Python 3.11 or later, and $(PYTHON) is not: name another, as in  make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) cannot make an environment: install its venv module (on Debian: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# A machine for which no compiled loops are published does without: numpy gives the same answers, more slowly.
$(VENV)/.installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing Truceline into $(VENV): about 400 MB, once, a minute or two"
	@$(PIP) install --constraint constraints.txt hatchling editables
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[fast]' --only-binary llvmlite,numba || \
	  { echo "without numba, which cannot be had here" >&2; \
	    $(PIP) install --constraint constraints.txt --no-build-isolation --editable .; }
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing what the checks and the tests need"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

# A machine for which one of them is not published does without: the bench says which is missing.
$(VENV)/.installed-bench: $(VENV)/.installed-dev
	@echo "Installing what the bench compares with"
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[bench]' && touch $@ || \
	  echo "some of it cannot be had here: what is missing is passed over" >&2

clean:
	@rm -rf $(VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
