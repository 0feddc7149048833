# Two commands do all the set-up: `make demo` and `make test`. The environment is .venv in this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip compiles bytecode at install; ccxt takes seconds to import without it, so a setting against it is undone here.
PIP := env -u PYTHONDONTWRITEBYTECODE PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip
# One more than there are processors: half of the tests wait for processes and servers.
WORKERS ?= $(shell expr 1 + $$(nproc 2>/dev/null || echo 2))
SECONDS ?=
INSTALL ?=
PEERS ?=
ARGS ?=

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "marginwatch needs Python 3.11 or newer: sudo apt-get install python3 (or make PYTHON=python3.12 …)" >&2; exit 1; }
	@echo "Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "venv is missing: sudo apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the daemon needs (once, about a minute) …"
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the daemon and its tests need (once, about a minute) …"
	@$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --quiet --no-deps --editable .
	@touch $@ $(VENV)/.run

setup: $(VENV)/.run ## make the environment and stop

demo: $(VENV)/.run ## the whole monitor against a simulated exchange; SECONDS=30 to end by itself
	@$(BIN)/marginwatch demo $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

servers: ## install the servers that some tests run against (root; none is started or enabled)
	@tests/tools/install-servers

PURE := domain margin engine alerts
PURE_FILES := monitor/domain/*,monitor/margin/*,monitor/engine/*,monitor/alerts/*

test: $(VENV)/.dev $(if $(INSTALL),servers) ## all tests (<= 15 min on two cores); INSTALL=1 installs the servers first
	@rm -f .coverage .coverage.*
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak and not system" \
	  $(PURE:%=--cov=monitor.%) --cov-report= $(ARGS)
	@echo "Branch coverage of the pure packages (domain, margin, engine, alerts), which must be 100 %:"
	@$(BIN)/python -m coverage report --skip-covered --fail-under=100 --precision=2 --include='$(PURE_FILES)'

coverage: $(VENV)/.dev ## all tests with every package measured (twice the time of make test)
	@rm -f .coverage .coverage.*
	@MARGINWATCH_COVERAGE=all $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not soak and not system" \
	  --cov --cov-report= $(ARGS)
	@$(BIN)/python -m coverage report --skip-covered

check: $(VENV)/.dev ## ruff, mypy --strict, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(VENV)/.dev $(if $(PEERS),peers) ## measure the budgets, about 6 minutes; ARGS="P4 scrape" for some; PEERS=1 installs peers first
	@$(BIN)/python -m bench $(ARGS)

peers: $(VENV)/.dev
	@echo "Installing what is measured beside us (once) …"
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["bench"])' | \
	  xargs $(PIP) install --quiet

soak: $(VENV)/.dev ## long runs, and the properties and fuzz campaigns with 1000 examples each (about 40 minutes)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --timeout 1800 -m soak $(ARGS)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --timeout 1800 -m "not soak and not system" \
	  tests/properties tests/unit/engine tests/unit/alerts tests/venues $(ARGS)

system: $(VENV)/.dev servers ## what needs root, npm or long real runs: dashboards drawn of a real crash, a bare system (about 30 minutes)
	@MARGINWATCH_PROMETHEUS="$${MARGINWATCH_PROMETHEUS-$$(tests/tools/newer-prometheus)}" \
	  $(BIN)/python -m pytest --timeout 1800 -m system $(ARGS)
	@tests/tools/bare-system

lock: ## write the lock files anew from pyproject.toml (needs uv)
	@for kind in "" "-dev"; do \
	  uv pip compile pyproject.toml $$([ -n "$$kind" ] && echo --group dev) --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-emit-index-url --quiet --output-file requirements$$kind.lock; done

format: $(VENV)/.dev ## let ruff put the code in order
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## remove the environment and all caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* dist build

.PHONY: help setup demo servers test coverage check bench peers soak system lock format clean
