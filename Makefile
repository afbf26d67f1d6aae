# Everything starts here; no service has to be installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPREAD := -n auto --dist loadgroup

.PHONY: demo demo-erp test test-console test-long check bench docs clean help

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Tieout needs Python 3.11 or newer; set PYTHON=python3.11." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(STAMP) ## Play one business day of a distributor, show what does not tie out, serve the console; SERVE=0 ends after the report
	@SERVE=$(SERVE) $(BIN)/python examples/day/demo.py

demo-erp: $(STAMP) ## Drive a real ERP (Tryton, installed apart) through a day and compare; FAULTS=1 also breaks it
	@FAULTS=$(FAULTS) $(BIN)/python examples/erp/demo.py

test: $(STAMP) ## Run the tests, one process a core
	@$(BIN)/python -m pytest $(SPREAD)

test-console: $(STAMP) ## Run the console's tests in a real Chromium, over two million facts; nothing is skipped
	@TIEOUT_BROWSER=required TIEOUT_CONSOLE_SIZE=full $(BIN)/python -m pytest tests/console -m ""

test-long: $(STAMP) ## Run all tests, also those that take minutes each
	@$(BIN)/python -m pytest -m ""

check: $(STAMP) ## Everything CI runs: lint, format, types, import contracts, secrets, dependencies, tests
	@echo "== lint" && $(BIN)/ruff check .
	@echo "== format" && $(BIN)/ruff format --check .
	@echo "== types" && $(BIN)/mypy
	@echo "== import contracts" && $(BIN)/lint-imports
	@echo "== secrets" && $(BIN)/python checks/secret_scan.py
	@echo "== dependencies" && $(BIN)/python checks/dependency_scan.py
	@echo "== tests" && $(BIN)/python -m pytest $(SPREAD)

bench: $(STAMP) ## Measure speed and size; writes bench-out/bench.json
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@$(BIN)/python -m bench

docs: $(STAMP) ## Write the reference pages anew
	@$(BIN)/python docs/generate.py

clean: ## Remove what can be made again
	@rm -rf $(VENV) demo-out bench-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
