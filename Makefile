# Tocsin's front door: `make demo`, `make test`; `make help` lists the rest. Everything lands in .venv.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
SEED ?= 1
# uv must neither fetch an interpreter of its own nor ignore the machine's certificates.
export UV_PYTHON_DOWNLOADS := never
export UV_SYSTEM_CERTS := 1

.PHONY: help setup demo test test-long check bench proof proof-channels lock generate clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: $(VENV)/.ready ## make .venv from the lock file

demo: $(VENV)/.ready ## a mailbox, the engine and a virtual phone on this machine; ONCE=1 ends by itself
	@$(BIN)/tocsin demo $(if $(ONCE),--once)

test: $(VENV)/.ready ## run the tests (a live test whose server is missing skips, with a line)
	@$(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(TESTS)

test-long: $(VENV)/.ready ## the tests that take minutes each
	@$(BIN)/pytest -q -m long $(TESTS)

check: $(VENV)/.ready ## format, lint, types, import laws, dependencies, images
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry engine
	@$(BIN)/docker-compose config -q
	@$(BIN)/hadolint Dockerfile

bench: $(VENV)/.ready ## measure beside a peer or a floor; ONLY=line, embedded, kafka, flow, admission, rules, backtest, appointments or channels
	@$(BIN)/python -m benchmarks $(ONLY)

proof: $(VENV)/.ready ## kill the engine at every fail-point, judged by the provider's journal; SEED=n
	@$(BIN)/python -m benchmarks.proof --seed $(SEED) $(PROOF)

proof-channels: $(VENV)/.ready ## kill -9 with a real driver of each class, judged by its other side's journal; SEED=n
	@$(BIN)/python -m benchmarks.proof_channels --seed $(SEED) $(PROOF)

lock: $(VENV)/.ready ## write requirements.lock anew from pyproject.toml (pinned, hashed, naming no index)
	@$(BIN)/uv pip compile --universal --generate-hashes --no-header --all-extras --group dev -q \
		pyproject.toml -o requirements.lock

generate: $(VENV)/.ready ## write the schemas, docs/rules.md and docs/providers.md anew
	@$(BIN)/tocsin schema
	@$(BIN)/python docs/reference.py
	@$(BIN)/python docs/catalogue.py

clean: ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=python3.13")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "the venv module is missing; on Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@
