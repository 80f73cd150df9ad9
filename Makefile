# All targets work from a fresh clone with python3, make and a package index; installation runs only once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup quickstart test lint format bench build clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## install everything into .venv

quickstart: $(STAMP)  ## train a small flow, VAE and GAN, evaluate them, sample from them
	$(BIN)/genera quickstart

test: $(STAMP)  ## run the tests
	$(BIN)/python -m pytest

lint: $(STAMP)  ## the checks of CI: style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## fix the style with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## run the speed benchmarks
	for benchmark in $(filter-out $(addprefix benchmarks/,common.py epochs.py turns.py time_to_quality.py),$(wildcard benchmarks/*.py)); do $(BIN)/python $$benchmark || exit 1; done

build: $(STAMP)  ## build the wheel in dist/
	$(BIN)/python -m build --wheel

clean:  ## remove the environment and all build outputs
	rm -rf $(VENV) build dist

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)
