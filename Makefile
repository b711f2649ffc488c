# Watchfloor: `make up` runs it, `make test` tests it, `make help` lists the rest.
# Settings are given on the command line or in the environment: make up PORT=8123 DATA_DIR=/somewhere DEMO=0

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

# The environment is made again only when what is locked, or the Python it was made with, changes.
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
REPORTS := $(VENV)/.reports-tried
PIP = $(if $(wildcard $(VENV)/bin/pip),$(RUN) -m pip,$(PYTHON) -m pip --python $(RUN))
PIP_OPTIONS := --disable-pip-version-check --quiet install --require-hashes --no-deps --only-binary :all:

.DEFAULT_GOAL := help
.PHONY: help up test fuzz bench lint format lock clean

help: ## list these targets
	@echo "usage: make TARGET [SETTING=value ...]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: $(INSTALLED) $(REPORTS) ## run the portal here: PORT=8000 DATA_DIR=var DEMO=1
	@exec $(RUN) manage.py up

test: $(INSTALLED_DEV) ## run all tests: ARGS="tests/incidents -k resolve"
	@$(RUN) -m portal.servers.system_packages tests
	@$(RUN) -m pytest $(ARGS)

fuzz: $(INSTALLED_DEV) ## ask the API at random as each role: FUZZ_CASES=10000 FUZZ_SEED=1 FUZZ_ONLY=tasks
	@FUZZ_CASES=$(or $(FUZZ_CASES),10000) FUZZ_SEED=$(or $(FUZZ_SEED),1) $(RUN) -m pytest -n 0 -s tests/api/test_fuzz.py

bench: $(INSTALLED_DEV) ## measure: ONLY=queue INCIDENTS=1000000
	@$(RUN) -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(INCIDENTS),--incidents $(INCIDENTS)) $(ARGS)

lint: $(INSTALLED_DEV) ## check style, format and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

format: $(INSTALLED_DEV) ## put the code into the house's format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

lock: ## resolve the dependencies of pyproject.toml anew (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv (https://docs.astral.sh/uv/)."; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean: ## remove the virtual environment and caches; data folders stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Debian keeps what makes pip in a package of its own; without it the system's pip fills the environment as well.
$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Watchfloor needs Python 3.11 or later as $(PYTHON); install it, or name it: make PYTHON=python3.12 up"; \
		exit 1; }
	@echo "Making the virtual environment in $(VENV) ..."
	@rm -rf $(VENV)
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --without-pip $(VENV); \
	else echo "$(PYTHON) has neither venv nor pip; install one of them (Debian: apt-get install python3-venv)."; exit 1; fi

$(INSTALLED): requirements.lock $(RUN)
	@echo "Installing what requirements.lock names ..."
	@$(PIP) $(PIP_OPTIONS) --requirement requirements.lock
	@touch $@

$(INSTALLED_DEV): requirements-dev.lock $(INSTALLED)
	@echo "Installing what requirements-dev.lock names ..."
	@$(PIP) $(PIP_OPTIONS) --requirement requirements-dev.lock
	@touch $@

# Tried once: where it cannot succeed, `make up` must not wait for it at every start.
$(REPORTS): $(INSTALLED)
	@$(RUN) -m portal.servers.system_packages reports
	@touch $@
