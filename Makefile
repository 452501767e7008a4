# `make demo` and `make test` need Python 3.11, git and make on Debian 12, and install the rest.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--no-annotate pyproject.toml

.PHONY: help setup demo image test lint bench bench-faults down lock manifests
help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

setup: .venv/ready ## install everything: virtual environment, Kubernetes (built once, 10 to 15 minutes), images
	$(BIN)/python -m sandbox prepare

demo: setup ## start a cluster and use it; `make down` ends it
	$(BIN)/python -m sandbox.demo

image: .venv/ready ## build our image, as an archive for `docker load`; `docker build .` does without all this
	$(BIN)/python -m sandbox image build

test: setup lint ## run every check and test
	$(BIN)/pytest

lint: .venv/ready ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## print the performance figures
	$(BIN)/python -m benchmarks

bench-faults: setup ## kill the provider and the controller 500 times and compare both sides; options in FAULTS=
	$(BIN)/python -m tests.faults $(FAULTS)

down: ## end and remove everything that was started here
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m sandbox down --all; fi

manifests: .venv/ready ## write manifests/ and docs/reference/ from vk_provider/install and vk_provider/cli
	$(BIN)/python -m vk_provider.install.write
	$(BIN)/python -m vk_provider.cli.reference

lock: ## renew requirements.lock and requirements-run.lock from pyproject.toml (needs uv)
	$(LOCK) --group dev --output-file requirements.lock
	$(LOCK) --constraint requirements.lock --output-file requirements-run.lock

# The mark is written last, so that an interrupted installation is taken up again.
.venv/ready: requirements.lock pyproject.toml
	PYTHON="$(PYTHON)" sh .ci/make-venv
	@touch $@
