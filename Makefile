.DEFAULT_GOAL := help
.PHONY: help run demo test check lint types replay replay-accept chaos mutants day bench docs lock

BIN := .venv/bin
INSTALLED := .venv/.installed
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
UV := $(or $(wildcard $(BIN)/uv),uv)

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

run: $(INSTALLED)  ## start everything on this machine: Binance US, or visibly a simulated exchange
	@$(BIN)/paperfold up

demo: $(INSTALLED)  ## the same on the simulated exchange, with strategies started
	@$(BIN)/paperfold up --demo

# Containers come last and by themselves: they would take processors from tests that wait for something. Then the stores'
# tests once more, on the images' PostgreSQL and Redis.
test: $(INSTALLED)  ## every test that this machine can run; says what was skipped and why
	@$(BIN)/pytest -n auto --ignore=tests/compose
	@$(BIN)/pytest -n 2 --dist loadfile --durations=5 tests/compose
	@$(BIN)/pytest -n auto --stores=containers tests/integration

check: lint types test  ## all that CI checks

lint: $(INSTALLED)  ## style, format, import arrows
	@$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/lint-imports

types: $(INSTALLED)  ## mypy --strict
	@$(BIN)/mypy

replay: $(INSTALLED)  ## recorded runs still decide the same
	@$(BIN)/pytest tests/replay

replay-accept: $(INSTALLED)  ## record them anew, after ENGINE_VERSION was raised
	@$(BIN)/python -m tests.support.replays

mutants: $(INSTALLED)  ## lines of the engine are broken one by one on a copy: the suite notices each
	@$(BIN)/python -m tests.mutation --jobs 4

# Docker alone is needed for these. MARKET=auto|binance-us|sim  RUNNERS=3  PROFILES=monitoring  ENV=.env  BUILD=no
.PHONY: up down logs psql images
STACK = @$(PYTHON) -m deploy.compose.stack $(if $(ENV),--env $(ENV)) $(addprefix --profile ,$(PROFILES))

up:  ## the whole system in containers: .env with random secrets if there is none, then start, wait, say where it is
	$(STACK) up $(if $(MARKET),--market $(MARKET)) $(if $(RUNNERS),--runners $(RUNNERS)) $(if $(filter no,$(BUILD)),--no-build)

down:  ## stop the containers; their data stays
	$(STACK) down

logs:  ## follow what the containers say
	$(STACK) logs

psql:  ## ask the containers' database, as a role that can only read
	$(STACK) psql

.PHONY: backup restore
BACKUP = @test -n "$(FILE)" || { echo "FILE=... names the backup"; exit 2; }; $(PYTHON) -m deploy.compose.backup $(if $(ENV),--env $(ENV))

backup:  ## FILE=...: everything that must survive, in one file, while the containers run
	$(BACKUP) backup $(FILE)

restore:  ## FILE=...: a backup put into containers that have no data yet; then make up
	$(BACKUP) restore $(FILE)

images:  ## build every image
	$(STACK) images

.PHONY: disasters
disasters: $(INSTALLED)  ## containers are killed, frozen, cut off and filled up, ROUNDS=3 times each: no byte differs (12 minutes)
	@PAPERFOLD_CHAOS_ROUNDS=$(or $(ROUNDS),3) $(BIN)/pytest -s tests/compose/test_system.py

chaos: $(INSTALLED)  ## a day of real bars under forty kills: no byte differs (5 minutes)
	@$(BIN)/pytest -s tests/chaos/kill_nine_for_a_day.py

.PHONY: soak
soak: $(INSTALLED)  ## a day in containers, HOURS=24, one of them killed every 20 s: no byte differs, memory is flat (10 minutes)
	@HOURS=$(HOURS) $(BIN)/pytest -s tests/chaos/soak.py

day: $(INSTALLED)  ## a day of real bars, started by clicks: every value is the backtest's (3 minutes)
	@$(BIN)/pytest -s tests/browser/day_of_real_bars.py

bench: $(INSTALLED)  ## figures, against their references in the same run
	@$(BIN)/python -m bench $(BENCH)

# Other people's engines: beside ours, not among our dependencies, in folders that git does not see. Two, for one of them
# wants an older pandas than the others.
.PHONY: bench-peers
bench-peers:  ## what `make bench` compares with, installed into .venv-bench*
	@for name in "" -nautilus; do \
		$(PYTHON) -m venv .venv-bench$$name && echo '*' > .venv-bench$$name/.gitignore && \
		.venv-bench$$name/bin/python -m pip install --quiet --disable-pip-version-check -r bench/requirements$$name.txt || exit 1; \
	done

docs: $(INSTALLED)  ## docs/indicators.md anew, from the fact sheets
	@$(BIN)/python -m tests.support.indicator_page

lock:  ## requirements.lock anew, from pyproject.toml
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements.lock

# Once per lock. Without the stamp the folder is new, or its set-up was interrupted and cannot be trusted: begin again.
$(INSTALLED): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed"; exit 1; }
	@echo "Setting up .venv (once, a minute or two)"
	@$(PYTHON) -m venv $(if $(wildcard $(INSTALLED)),,--clear) .venv
	@rm -f $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)
