# Every chore has a name. `make demo` and `make test` need Python 3.11+ and make, nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
DEMO_CASE ?= demo-case

.PHONY: help demo test check bench accuracy docs picture lock clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Diptych needs Python 3.11 or newer; none was found. Install it and run make again." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements/runtime.txt requirements/demo.txt pyproject.toml | $(BIN)/python
	$(PIP) -r requirements/runtime.txt
	$(PIP) -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/runtime.stamp requirements/dev.txt
	$(PIP) -r requirements/dev.txt
	@touch $@

demo: $(VENV)/runtime.stamp  ## make the demonstration case and plan it; prints where the dossier is
	$(BIN)/diptych demo $(DEMO_CASE)

test: $(VENV)/dev.stamp  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(VENV)/dev.stamp  ## lint, types, import contracts, unit tests: under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m "not slow and not real and not browser"

bench: $(VENV)/dev.stamp  ## benchmarks, each with the ratio to a named peer
	$(BIN)/python benchmarks/mincut.py

accuracy: $(VENV)/dev.stamp  ## cut, owners, vessels and class against the ground truth of generated pairs
	$(BIN)/python benchmarks/accuracy.py

docs: $(VENV)/dev.stamp  ## the reference pages that are made from the code
	$(BIN)/python docs/make_reference.py

picture: $(VENV)/runtime.stamp  ## the picture of the README, from the demonstration case
	$(BIN)/diptych picture $(DEMO_CASE) docs/pair.png

lock:  ## the hash-locked requirements, anew (needs uv)
	uv pip compile --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 requirements/runtime.in -o requirements/runtime.txt
	uv pip compile --generate-hashes --no-header --no-annotate --quiet --python-version 3.11 requirements/dev.in -o requirements/dev.txt

clean:  ## what can be made again
	rm -rf $(VENV) build dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis
