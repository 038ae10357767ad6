PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup run test bench check faults generate lock clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml requirements.lock requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: setup ## everything on this machine, with the sample city
	$(BIN)/danchu up

test: setup ## every test that needs no container engine
	$(BIN)/python -m pytest

check: setup ## lint, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup ## measures beside the tutorial design; figures and ratios
	$(BIN)/python -m tests.bench

faults: setup ## kills under load for long: 10,000 commands, 300 kills
	FAULT_COMMANDS=10000 FAULT_KILLS=300 $(BIN)/python -m pytest -s tests/faults

generate: setup ## the JSON Schemas of the contracts, from the catalog
	$(BIN)/python -m contracts.generate

lock: ## the pinned versions with hashes, anew
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) .danchu
