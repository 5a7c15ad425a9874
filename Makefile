PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: help demo test test-slow house lint bench docs lock clean

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*##/\t/' | expand -t 18

demo: $(VENV)/core  ## set up .venv, then from data to a signed model on the Wisconsin breast cancer data
	$(BIN)/mintmark run recipes/q08_diagnosis.toml

test: $(VENV)/dev   ## house, contract and own suites, types and style: what every change must pass
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: $(VENV)/dev  ## real data, servers under load
	$(BIN)/pytest -m slow

house: $(VENV)/dev  ## the floors, and the longest files and functions
	$(BIN)/lint-imports
	$(BIN)/python tests/longest.py

lint: $(VENV)/dev   ## format and fix what can be fixed
	$(BIN)/ruff format src tests benchmarks docs
	$(BIN)/ruff check --fix src tests benchmarks docs

bench: $(VENV)/dev  ## write benchmarks/results
	$(BIN)/python benchmarks/tabular_speed.py
	$(BIN)/python benchmarks/serving.py
	$(BIN)/python benchmarks/forecasting.py
	$(BIN)/python benchmarks/deep_loop.py
	$(BIN)/python benchmarks/text_generation.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/plan.py
	$(BIN)/python benchmarks/value.py
	$(BIN)/python benchmarks/price.py
	$(BIN)/python benchmarks/recovery.py
	$(BIN)/python benchmarks/allocation.py
	$(BIN)/python docs/generate.py

docs: $(VENV)/dev   ## write docs/reference and the figures of the README
	$(BIN)/python docs/generate.py

lock: $(VENV)/dev   ## pin what is installed now
	$(BIN)/python tests/lock.py

clean:           ## remove the environment and what tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/core: $(VENV)/bin/python requirements.lock.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/core requirements-dev.lock.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.lock.txt
	@touch $@
