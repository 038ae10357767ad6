PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# -qq: errors are printed, warnings about places where a package was not found are not.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Where the environment turns it off: hundreds of processes of the tests would compile all sources.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup run test postgresql lint check bench bench-check examples faults topology upgrade containers generate kubernetes rules lock clean

run: $(VENV)/.installed ## everything on this machine, with the sample city
	@exec $(BIN)/danchu up

setup: $(VENV)/.ready ## what tests and checks need beside what `make run` needs

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/make \1	\2/p' Makefile | expand -t 18

WORKERS := 5
test: setup ## functions, properties, SQL, HTTP, NATS and the road in one process: 7 to 8 minutes on two cores
	@echo "Everything but whole stacks (make drills), by $(WORKERS) processes at once: 7 to 8 minutes on two cores"
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup

.PHONY: drills
drills: setup ## whole stacks and doors started, killed, restored, abused: 4 to 5 minutes on two cores
	@echo "Whole stacks and doors, started, killed and restored, by $(WORKERS) processes at once: 4 to 5 minutes on two cores"
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadgroup tests/drills

OLDEST := /usr/lib/postgresql/15/bin
SQL := tests/chassis/database/test_durability.py tests/chassis/relay/test_relay.py tests/intake tests/scoring/handlers/test_folder.py tests/scoring/operations/test_operations.py tests/scoring/test_road.py
postgresql: setup ## the SQL tests on PostgreSQL 15 of Debian too (the wheel of the tests has 18)
	@if [ -x $(OLDEST)/postgres ]; then DANCHU_TEST_POSTGRES=$(OLDEST) $(BIN)/python -m pytest --numprocesses $(WORKERS) -k postgres $(SQL); \
	else echo "Not run on PostgreSQL 15: there is no $(OLDEST)/postgres (Debian: apt-get install postgresql)"; fi

RULES := deploy/telemetry/rules/*.yaml
rules: setup ## alerts and dashboards, by promtool and on a real Prometheus: half a minute
	@if [ "$$(id -u)" = 0 ] && ! command -v promtool prometheus > /dev/null; then \
	apt-get install --yes --no-install-recommends prometheus > /dev/null 2>&1 || echo "prometheus could not be installed"; fi
	@if command -v promtool prometheus > /dev/null; then set -e; \
	promtool check config deploy/telemetry/prometheus.yaml; promtool check rules $(RULES); \
	promtool test rules tests/deploy/telemetry/*.test.yaml; \
	$(BIN)/python -m pytest -q tests/deploy/telemetry/on_prometheus.py; \
	else echo "Not run: there is no promtool and no prometheus (Debian: apt-get install prometheus)"; fi

lint: setup ## lint, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test drills ## lint, types, imports, tests, drills

examples: setup ## the examples for department systems, with their own packages, against a stack: half a minute
	$(BIN)/python -m pytest tests/examples/against_a_stack.py

PAGES := tests/pages/tasks
.PHONY: pages
pages: setup ## the pages in a headless browser, on stacks with the sample city: 3 to 5 minutes
	@if [ "$$(id -u)" = 0 ] && ! { command -v chromium-headless-shell || command -v chromium; } > /dev/null; then \
	apt-get install --yes --no-install-recommends chromium-headless-shell fonts-noto-core > /dev/null 2>&1 || echo "chromium could not be installed"; fi
	@if command -v chromium-headless-shell > /dev/null || command -v chromium > /dev/null; then \
	echo "The pages in a headless Chromium, on stacks with the sample city: 3 to 5 minutes on two quiet cores"; \
	$(BIN)/python -m pytest --quiet --numprocesses 3 --dist worksteal $(wildcard $(PAGES)/[a-z]*.py); \
	else echo "Not run: there is no chromium (Debian: apt-get install chromium-headless-shell fonts-noto-core)"; fi

bench-check: setup ## small runs of the benchmark, for the benchmark's sake: about a minute
	$(BIN)/python -m pytest --numprocesses $(WORKERS) tests/bench/small_runs.py

bench: setup ## measures beside the tutorial design; figures and ratios
	$(BIN)/python -m tests.bench

faults: setup ## kills under load for long: 10,000 commands, 100 kills, on each database
	FAULT_COMMANDS=10000 FAULT_KILLS=100 $(BIN)/python -m pytest -s tests/drills/faults

topology: setup ## three nats-servers, PostgreSQL, three doors, two folds: each restarted, killed, frozen, cut off
	@echo "The production topology on the loopback: 2 to 3 minutes on two quiet cores; ended after 10"
	@timeout 600 $(BIN)/python -m tests.deploy.topology || { code=$$?; \
	[ $$code != 124 ] || echo "Ended after 10 minutes: this machine is too busy, or one step above hangs"; exit $$code; }

upgrade: setup ## the kept state of each release under a later version, two versions at once, and the way back
	@echo "Upgrades on SQLite and PostgreSQL, under traffic: at most 90 seconds on two quiet cores"
	$(BIN)/python -m pytest --numprocesses 2 tests/upgrade/rolling.py tests/upgrade/kept_state.py

generate: setup ## the JSON Schemas of the contracts, from the catalog, docs/settings.md and the dashboards
	$(BIN)/python -m contracts.generate
	$(BIN)/python deploy/telemetry/dashboards/generate.py
	$(BIN)/python -m services.commands.settings_table > docs/settings.md
	$(BIN)/python -m tests.deploy.licences > docs/licences.md

.PHONY: advisories
advisories: $(VENV)/.installed ## published vulnerabilities of the locked packages; needs the network, about a minute
	@$(PYTHON) -m venv $(VENV)-advisories
	@$(VENV)-advisories/bin/python -m pip install -qq --disable-pip-version-check pip-audit
	@$(VENV)-advisories/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock || \
	{ echo "Either a package has a known vulnerability (listed above), or the data of one could not be read"; exit 1; }

IMAGES := build/images
.PHONY: containers
containers: setup ## images without a registry, the composed stack, tests on containers: about 4 minutes
	@echo "Images built without a registry, run by compose, and tests on them: about 4 minutes on two quiet cores"
	@deploy/airgap/prove.sh $(IMAGES)

KUBERNETES := tests/deploy/kubernetes
kubernetes: setup .venv-kubernetes/.ready ## builds, validates, lints and runs the manifests: 2 to 4 minutes
	@echo "The Kubernetes manifests: built, validated on three minors, linted; the single node run by podman: 2 to 4 minutes"
	$(BIN)/python -m pytest $(KUBERNETES)/overlays.py $(KUBERNETES)/play.py

.venv-kubernetes/.ready: $(KUBERNETES)/requirements.lock
	@$(PYTHON) -m venv .venv-kubernetes
	@.venv-kubernetes/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/.installed: pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "danchu needs Python 3.11 or newer; name one: make PYTHON=python3.11")'
	@echo "Cài đặt vào / installing into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready: $(VENV)/.installed requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url
lock: ## the pinned versions with hashes, anew; what runs is what is tested
	$(COMPILE) pyproject.toml --group build --group dev -o requirements-dev.lock
	$(COMPILE) pyproject.toml --group build --constraints requirements-dev.lock -o requirements.lock
	$(COMPILE) $(KUBERNETES)/requirements.in -o $(KUBERNETES)/requirements.lock

clean:
	rm -rf $(VENV) .venv-kubernetes .danchu
