# Everything runs in .venv, with the versions of constraints.txt. uv is used where it is installed, else venv and pip.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: demo test dev lint format install clean help

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: .venv/.installed  ## read the ten bundled documents with every backend that needs no key
	@$(BIN)/ocr-pipeline run --dataset demo

dev: .venv/.installed  ## the Dagster UI on the project's own instance
	@$(BIN)/ocr-pipeline dev

test: .venv/.installed-dev  ## the tests; SLOW=1 for those that start the Dagster daemon too
	$(BIN)/python -m pytest $(if $(SLOW),,-m "not slow")

lint: .venv/.installed-dev  ## style, import rules, types, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/dg check defs

format: .venv/.installed-dev  ## let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/.installed  ## only make the environment

clean:  ## remove what runs and tools made: environment, database, results, Dagster instance (imported data stays)
	rm -rf .venv .dagster data/results data/warehouse.duckdb data/warehouse.duckdb.wal data/.warehouse-*
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable .
else
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
endif
	@touch $@

.venv/.installed-dev: .venv/.installed
ifneq ($(UV),)
	$(UV) pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable '.[dev]'
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
endif
	@touch $@
