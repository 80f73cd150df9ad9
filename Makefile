# Everything here works from a bare clone with python3, make and a package index, and does nothing twice.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup quickstart test lint format bench build clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## install everything into .venv

quickstart: $(STAMP)  ## train a small flow, VAE and GAN, measure them, draw from them
	$(BIN)/genera quickstart

test: $(STAMP)  ## run the tests
	$(BIN)/python -m pytest

lint: $(STAMP)  ## the same gates as CI: style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)  ## let ruff put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)  ## speed, as ratios
	for benchmark in $(filter-out $(addprefix benchmarks/,common.py epochs.py turns.py time_to_quality.py),$(wildcard benchmarks/*.py)); do $(BIN)/python $$benchmark || exit 1; done

build: $(STAMP)  ## the wheel, in dist/
	$(BIN)/python -m build --wheel

clean:  ## forget the environment and what was built
	rm -rf $(VENV) build dist

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)
