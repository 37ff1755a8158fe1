# Two commands: `make serve` publishes the book; `make test` checks everything. `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
HOST ?= 127.0.0.1
PORT ?= 8000
STRESS_SECONDS ?= 600
# Compiled modules are kept whatever the shell says, or every process would compile them anew as it starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve build editor test lint stress bench lock wheel clean
help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "The venv module is missing: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.serve: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the service needs (once) …" >&2
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need (once) …" >&2
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.serve

# Tried once for each lock file, so that no start waits for a network that is not there; `make editor` tries again.
$(VENV)/.editor: deploy/assets/package-lock.json deploy/assets/editor.py | $(VENV)/.serve
	@$(BIN)/python deploy/assets/editor.py
	@touch $@

serve: $(VENV)/.serve $(VENV)/.editor  ## install, build the release of the book and serve it on http://127.0.0.1:8000/
	@exec $(BIN)/solnum-ld serve --host $(HOST) --port $(PORT)

build: $(VENV)/.serve  ## build the release of the book without serving it
	@$(BIN)/solnum-ld build

editor: $(VENV)/.serve  ## fetch the editor of the query page (by npm), where `make serve` could not
	@$(BIN)/python deploy/assets/editor.py
	@touch $(VENV)/.editor

lint: $(VENV)/.test  ## style, types, import contract, canonical form of the RDF files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/solnum-ld fmt --check ontology data shapes

test: $(VENV)/.test lint  ## install what the tests need, then lint, types and every test (under five minutes)
	@$(BIN)/python deploy/assets/editor.py
	@tests/prepare.sh
	@$(BIN)/pytest -n auto --dist worksteal -m "not stress"

# What is timed may meet a machine that is busy with something else: what failed is tried once more, and both runs are shown.
RANDOM := $(shell [ $(STRESS_SECONDS) -lt 300 ] || echo --hypothesis-profile random)
STRESS := STRESS_SECONDS=$(STRESS_SECONDS) $(BIN)/pytest $(RANDOM) -m stress
stress: $(VENV)/.test  ## what is hostile, timed, random or long (STRESS_SECONDS bounds it; from 300 on, random examples too)
	@$(BIN)/python deploy/assets/editor.py
	@tests/prepare.sh
	@$(STRESS) || { [ $$? -eq 1 ] && echo "Once more what failed …" >&2 && $(STRESS) --last-failed --last-failed-no-failures none; }
	@[ -z "$(RANDOM)" ] || $(BIN)/pytest -n auto $(RANDOM) -m "hypothesis and not stress"

bench: $(VENV)/.test  ## measure speed as ratios; see bench/README.md
	@for each in run sparql portals pages replicas growth; do $(BIN)/python bench/$$each.py || exit 1; done

lock: $(VENV)/.test  ## renew the lock files (hashes, no address)
	@$(PIP) uv
	@$(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements-dev.lock

wheel: $(VENV)/.test  ## build the wheel, with ontology, data, shapes and the editor inside
	@$(PIP) build
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist

clean:  ## remove the environment and everything made
	rm -rf $(VENV) src/solnum_ld/web/static/vendor dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
