# Guerdon in two commands: `make run` and `make test`. Needs Python >= 3.11 with venv, and make; everything else is
# installed into .venv from requirements.lock, checked by hash. Settings go by environment: GUERDON_PORT=8080 make run

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JOBS ?= 2
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak docs images clean chromium

help:
	@echo 'make run     start Guerdon with demo data       (ARGS=--no-demo for an empty one)'
	@echo 'make test    check everything and run all tests (ARGS="-k ledger" for some)'
	@echo 'make check   format, lint, types and import contracts only'
	@echo 'make format  rewrite the code in the agreed format'
	@echo 'make bench   measure the ledger               (WRITE=1 to write docs/reference/performance.md)'
	@echo 'make soak    the long campaigns of the test suite'
	@echo 'make docs    write the generated pages of docs/reference anew'
	@echo 'make images  draw the pictures of docs/images anew (needs Chromium)'
	@echo 'make clean   remove .venv and caches; data stays'

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Guerdon needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Guerdon needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) lacks venv; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -c '' 2>/dev/null || { echo 'Making $(VENV) …'; $(PYTHON) -m venv --clear $(VENV); }
	@echo 'Installing what Guerdon needs …'
	@$(PIP) install --require-hashes --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

run: $(INSTALLED)
	@exec $(BIN)/guerdon up $(ARGS)

test: chromium check
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m 'not soak' $(ARGS)
	@echo 'Format, lint, types, import contracts and tests: all passed.'

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m bench $(if $(WRITE),--write) $(ARGS)

soak: $(INSTALLED)
	$(BIN)/pytest -m soak --timeout=0 $(ARGS)

docs: $(INSTALLED)
	$(BIN)/guerdon docs

images: $(INSTALLED) chromium
	GUERDON_DRAW_IMAGES=yes $(BIN)/pytest -q tests/browser -k pictures

chromium:
	@sh .ci/ensure-chromium

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache artifacts build dist
	find src tests bench -name __pycache__ -prune -exec rm -rf {} +
