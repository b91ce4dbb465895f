# Everything sets itself up: `make run` and `make test` work in a fresh clone with Python 3.11+, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# Four at once, also on two cores: most tests wait for processes.
PYTEST := $(BIN)/python -m pytest -n 4 --dist worksteal

.PHONY: help run test check format demo chaos bench clean

help: ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | while IFS='|' read -r name text; do printf '%-8s %s\n' "$$name" "$$text"; done

run: $(VENV)/.run ## Serve the bots that have a token, else open the terminal chat
	@$(BIN)/parley run

test: $(VENV)/.dev ## Run all tests
	@$(PYTEST)

check: $(VENV)/.dev ## What CI runs: format, lint, types, layers, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PYTEST)

format: $(VENV)/.dev ## Format the code and sort the imports
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

demo: $(VENV)/.dev ## Play a conversation on emulated platforms, with a crash in the middle
	@$(BIN)/python -m tests.demo

bench: $(VENV)/.dev $(VENV)-peers/.done ## Measure speed as ratios in one run
	@$(BIN)/python -m tests.bench

chaos: $(VENV)/.dev ## Kill processes, connections and Redis masters for longer than the tests do
	@PARLEY_THOROUGH=1 $(BIN)/python -m pytest --timeout 3600 tests/bots tests/telegram/test_rendering.py tests/model tests/engine
	@PARLEY_CRASH_ROUNDS=500 $(BIN)/python -m pytest --timeout 3600 tests/storage/crash tests/promises
	@PARLEY_MODEL_STEPS=60 PARLEY_MODEL_EXAMPLES=300 $(BIN)/python -m pytest --timeout 7200 tests/storage/model
	@$(BIN)/python -m tests.chaos

clean: ## Remove what the other targets made
	@rm -rf $(VENV) $(VENV)-peers .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Parley needs Python 3.11 or newer; say for example: make run PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Parley in $(VENV) (once) ..." >&2
	@$(PIP) -e . && touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Setting up Parley and its tests in $(VENV) (once) ..." >&2
	@$(PIP) -e '.[dev]' && touch $(VENV)/.run $@

$(VENV)-peers/.done: tests/bench/peers.txt
	@echo "Setting up the peers to compare with in $(VENV)-peers (once) ..." >&2
	@$(PYTHON) -m venv $(VENV)-peers
	@$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/bench/peers.txt && touch $@
