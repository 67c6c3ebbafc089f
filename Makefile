PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DEMO := $(VENV)/.demo
STAMP := $(VENV)/.installed
SITE := $(VENV)/.docs
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e

# Compiled modules are kept whatever the environment says: the tests start hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup services demo test test-fast coverage check docs dist pythons bench

help:  ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP)  ## create .venv with the pinned packages and einspace in editable form

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(DEMO): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) .
	touch $@

$(STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) '.[dev]'
	touch $(DEMO) $@

demo: $(DEMO)  ## search a network for AddDigits in five minutes, and say whether it is better than the baselines
	$(BIN)/einspace search adddigits --budget 5m --workers 2 --seed 0 --run demo

services:  ## install PostgreSQL and the Chromium that tests start, where that can be done
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ test "$$(id -u)" = 0 && test -f /etc/debian_version && apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } || \
		echo 'PostgreSQL is not installed: the tests that need it are skipped'
	@command -v chromium >/dev/null || \
		{ test "$$(id -u)" = 0 && test -f /etc/debian_version && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } || \
		echo 'Chromium is not installed: the tests of the report in a browser are skipped'

test: $(STAMP) services  ## run all tests: those that time and kill processes one by one, and beside them the rest on two cores
	$(BIN)/python -m tests

test-fast: $(STAMP)  ## run the tests that take a moment each, in about a minute on two quiet cores: for the time between two edits
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not processes and not slow'

coverage: $(STAMP)  ## say which lines of the source the fast tests run, without those that run in workers
	$(BIN)/python -m pytest -n 2 --dist worksteal -m 'not processes and not slow' --cov --cov-report=term:skip-covered

check: $(STAMP)  ## lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(SITE): $(STAMP)
	$(INSTALL) '.[docs]'
	touch $@

docs: $(SITE)  ## build the documentation into site/, and fail on any warning
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

dist: $(STAMP)  ## build the source archive and the wheel, and try the wheel in a fresh environment without extras
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python -m benchmarks.installed --wheel dist/*.whl --only sample search

pythons: $(STAMP)  ## try each Python that is found here, in a fresh environment
	$(BIN)/python -m benchmarks.pythons

bench: $(STAMP)  ## run every benchmark
	@for file in benchmarks/*.py; do test -f "$$file" || continue; echo "== $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done
