# The environment lives outside the checkout and is named after the requirements, so that it is made once.
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
HASH := $(shell cat requirements.txt requirements-light.txt | cksum | cut -d ' ' -f 1)
DENSESCOPE_ENV ?= $(CACHE)/densescope/$(HASH)
READY := $(DENSESCOPE_ENV)/.ready-$(HASH)
RUN := "$(DENSESCOPE_ENV)/bin/python"
BENCHMARKS := $(basename $(notdir $(shell grep -ls __main__ benchmarks/*.py)))

.DEFAULT_GOAL := help
.PHONY: help env app serve test test-long test-exhaustive pictures lint style types format bench fuzz

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

env: ## Create the Python environment, if it is not there yet
	@scripts/environment.sh "$(DENSESCOPE_ENV)" "$(READY)"

app: env ## Open the app in the browser
	$(RUN) -m streamlit run app.py $(ARGS)

CONTAINER ?= docker
NAMES ?= localhost
MEMORY ?= 4g
serve: ## Serve the app to others, in a container, as NAMES="scope.example.org" (docs/security.md)
	BUILDAH_FORMAT=docker $(CONTAINER) build --file Containerfile --tag densescope .
	$(CONTAINER) run --rm --read-only --tmpfs /tmp:size=1g,mode=1777 --memory $(MEMORY) --memory-swap $(MEMORY) \
		--pids-limit 256 --cap-drop ALL --security-opt no-new-privileges --publish 127.0.0.1:8501:8501 \
		--env STREAMLIT_SERVER_ALLOWED_HOSTS="localhost $(NAMES)" densescope

TESTS := OMP_NUM_THREADS=1 $(RUN) -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder --durations 15

test: env ## Run the tests, in parallel
	$(TESTS) -m "not long" $(ARGS)

test-long: env ## Run those that take many seconds each
	$(TESTS) -m long $(ARGS)

test-exhaustive: env ## Run all, for every network, size and format, with ten times as many random examples
	DENSESCOPE_EXHAUSTIVE=1 $(TESTS) $(ARGS)

pictures: env ## Take pictures of every view, in artifacts/screenshots
	DENSESCOPE_SCREENSHOTS=1 DENSESCOPE_EXHAUSTIVE=1 $(RUN) -m pytest tests/browser $(ARGS)

lint: style types ## Check style, format and types

style: env
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check

types: env
	$(RUN) -m mypy

format: env ## Format the code and sort the imports
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

bench: env ## Run every benchmark
	@for name in $(BENCHMARKS); do echo "== $$name"; $(RUN) -m benchmarks.$$name || exit 1; done

fuzz: env ## Give API, command line and files hostile inputs for MINUTES=5, each from its seed and number
	OMP_NUM_THREADS=1 $(RUN) -m scripts.fuzz $(or $(MINUTES),5) $(SEED)
