# The commands of this project. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
PY := $(VENV)/bin/python
LIBRARIES := $(VENV)/.libraries
READY := $(VENV)/.ready
AZURITE := dev/azurite/node_modules/.ready
KUSTO := dev/kusto/node_modules/.ready

# Python 3.13 under any of its usual names; pyenv's answers only when asked for by version.
FIND_PYTHON = for candidate in "$$PYTHON" python3.13 python3 python "env PYENV_VERSION=3.13 python" "env PYENV_VERSION=3.13.0 python"; do \
	[ -n "$$candidate" ] && $$candidate -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null \
	&& { echo "$$candidate"; exit 0; }; done; \
	echo "Python 3.13 was not found. Install it (python.org, your distribution, or: pyenv install 3.13), or name it: make PYTHON=/path/to/python3.13" >&2; exit 1

.PHONY: help
help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

$(LIBRARIES): requirements.txt requirements-dev.txt
	@python="$$($(FIND_PYTHON))" || exit 1; \
	[ ! -L $(VENV) ] || { echo "$(VENV) is a link: setting it up anew would empty what it leads to. Remove the link first." >&2; exit 1; }; \
	echo "Setting up $(VENV) with $$python"; \
	$$python -m venv --clear $(VENV) \
	&& $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt \
	&& touch $@

$(READY): $(LIBRARIES) pyproject.toml
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . \
	&& touch $@

# What runs on Node.js, each in a folder of its own: Azurite, the emulated storage, and Microsoft's parser of KQL.
$(AZURITE) $(KUSTO): %/node_modules/.ready: %/package-lock.json
	@for program in node npm; do command -v $$program >/dev/null \
	|| { echo "$$program was not found. The emulated storage and the parser of queries run on it: install Node.js 20 or later with npm (nodejs.org or your distribution)." >&2; exit 1; }; done; \
	echo "Setting up $*" \
	&& npm ci --prefix $* --ignore-scripts --no-progress --loglevel=error \
	&& touch $@

.PHONY: setup
setup: $(READY) $(AZURITE) $(KUSTO) ## the virtual environment with mfa-sync, the emulated storage, the parser of queries

.PHONY: demo
demo: $(READY) $(AZURITE) ## the main job on the emulated tenant, before and after
	@$(PY) -m dev.demo

.PHONY: run
run: $(READY) $(AZURITE) ## the local stack stays up, with calls to paste
	@$(PY) -m dev.stack

.PHONY: test
test: $(READY) $(AZURITE) $(KUSTO) ## the tests
	$(PY) -m pytest -q -n 3 --dist worksteal

.PHONY: check
check: $(READY) $(AZURITE) $(KUSTO) ## format, lint, types, layers, infrastructure, tests with coverage
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m dev.infra check
	$(PY) -m pytest -q -n 3 --dist worksteal --cov --cov-report=term-missing:skip-covered

.PHONY: format
format: $(READY) ## format the code and mend what ruff can
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

.PHONY: infra
infra: $(READY) ## infra/ formatted and evaluated anew into its snapshots, by Bicep's compiler
	@$(PY) -m dev.infra write

.PHONY: package
package: $(READY) ## the zip that is deployed, built and tried
	@$(PY) -m dev.delivery.package

.PHONY: bench
bench: $(READY) $(AZURITE) ## measure the qualities that have a goal; ONLY=pace for some of them
	@$(PY) -m dev.bench $(ONLY)

.PHONY: simulate
simulate: $(READY) ## seeded histories of the whole app, checked: N=10000 SEED=1
	@$(PY) -m dev.simulation --runs $(or $(N),1000) --seed $(or $(SEED),1)

.PHONY: fuzz
fuzz: $(READY) $(AZURITE) ## requests made up from the OpenAPI document, each answer checked: N=200 SEED=1
	@$(PY) -m dev.fuzz --examples $(or $(N),200) --seed $(or $(SEED),1)

.PHONY: lock
lock: $(READY) ## pin requirements again from the .in files
	$(VENV)/bin/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --strip-extras --allow-unsafe --output-file requirements.txt requirements.in
	$(VENV)/bin/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --strip-extras --allow-unsafe --output-file requirements-dev.txt requirements-dev.in
	$(VENV)/bin/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --strip-extras --allow-unsafe --output-file dev/bench/requirements-office365.txt \
		dev/bench/requirements-office365.in
	$(VENV)/bin/pip-compile --quiet --upgrade --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --strip-extras --allow-unsafe --output-file dev/delivery/requirements.txt \
		dev/delivery/requirements.in

.PHONY: clean
clean: ## remove what the commands above made
	rm -rf $(VENV) build *.egg-info dev/azurite/node_modules dev/kusto/node_modules .local .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
