# Every target sets up what it needs: Python 3.11 or newer and make are enough.
# Arguments pass through: make demo ARGS="--duration 20 --port 0", make test ARGS="-k boot -x".
# A particular interpreter: make test PYTHON=python3.13

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS ?=
VENV := .venv
RUN := $(VENV)/bin/python
# The first that is 3.11 or newer: the usual one, else the newest beside it.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))

RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development

.PHONY: help demo run test check conformance bench sim diagrams lock clean

help: ## what can be made
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## a central system with charge points charging, nothing else installed
	$(RUN) manage.py demo $(ARGS)

run: $(RUNTIME) ## the server alone, on the embedded database unless DATABASE_URL is set
	$(RUN) manage.py migrate --verbosity 0
	$(RUN) manage.py create_roles --verbosity 0
	$(RUN) manage.py run_gateway $(ARGS)

sim: $(RUNTIME) ## a charge point, e.g. ARGS="--url ws://127.0.0.1:8000/ocpp --id CP1"
	$(RUN) -m chargepoint_sim $(ARGS)

test: $(DEVELOPMENT) ## all tests, on SQLite and on a private PostgreSQL and Redis-protocol server
	$(RUN) -m pytest -n 2 $(ARGS)

conformance: $(DEVELOPMENT) ## the conformance suite against our own server, or ARGS="--central-system ws://host/ocpp --identity CP1"
	$(RUN) -m pytest tests/conformance $(ARGS)

bench: $(DEVELOPMENT) ## calls/s, latency, CPU and memory against a plain endpoint in the same run
	$(RUN) -m tests.bench $(ARGS)

check: $(DEVELOPMENT) ## style, types, imports, migrations, drawings, locks
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	@! grep -rnE '\.delay\(' --include='*.py' csms || { echo "bare .delay(: schedule tasks with on_commit" >&2; exit 1; }
	$(RUN) manage.py makemigrations --check --dry-run --settings csms.settings.test
	$(RUN) -m tests.diagrams --check
	$(RUN) .ci/lock.py --check

diagrams: $(DEVELOPMENT) ## state machines drawn from their tables
	$(RUN) -m tests.diagrams $(ARGS)

lock: $(DEVELOPMENT) ## resolve requirements.lock and requirements-dev.lock again; ARGS="--upgrade" for newer versions
	$(RUN) .ci/lock.py $(ARGS)

clean: ## everything made here except var/, the data
	rm -rf $(VENV) staticfiles build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUN):
	@test -n "$(PYTHON)" || { echo "PyROCPP needs Python 3.11 or newer (looked for: $(CANDIDATES))." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "PyROCPP needs Python 3.11 or newer; $(PYTHON) is older." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) cannot make virtual environments. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

# Hashes are checked and nothing is resolved: the lock is the whole truth. Redone when it changes.
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement

$(RUNTIME): requirements.lock | $(RUN)
	@echo "Installing $<"
	@$(INSTALL) $<
	@touch $@

$(DEVELOPMENT): requirements-dev.lock | $(RUN)
	@echo "Installing $<"
	@$(INSTALL) $<
	@touch $@ $(RUNTIME)
