# Everything starts here: `make` alone lists what there is to do. Each target first installs what it needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
ARGS ?=
BIN := .venv/bin

# The newest interpreter that works and is new enough, unless PYTHON names one.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
	if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$name; break; fi; done)

.PHONY: help serve test check bench lock fmt clean install dev python

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

serve: install ## run Parley on this machine; ARGS="--port 9000" goes to `parley serve`
	@exec $(BIN)/parley serve $(ARGS)

test: dev ## run all tests; ARGS goes to pytest
	@exec $(BIN)/pytest -n 2 --durations=15 $(ARGS)

check: dev ## lint, types, import contracts, dependencies and the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/pytest -n 2 -q -m "not browser and not model and not slow"

bench: dev ## measure speed and size, beside chroma and lancedb; DATA=DIR, the public evaluation data, adds answers
	@$(PYTHON) -m deploy.bootstrap.stores
	@exec $(BIN)/parley eval bench --stores .build/stores/bin/python $(if $(DATA),--data $(DATA)) $(ARGS)

fmt: dev ## format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: dev ## choose newer versions and write requirements/*.lock
	@exec $(BIN)/python -m deploy.lock

clean: ## remove what was installed and built here (not the data, not the kept builds)
	rm -rf .venv .build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

install: python
	@$(PYTHON) -m deploy.bootstrap

dev: python
	@$(PYTHON) -m deploy.bootstrap --dev

python:
	@test -n "$(PYTHON)" || { echo "Parley needs Python 3.11 or newer; install it and run make again." >&2; exit 1; }
