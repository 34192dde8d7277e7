# Every target sets up what it needs by itself, and can be run twice.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo demo-rollbacks demo-down test unit stack lint docs lock clean venv engine images images-next images-laravel oracles torture bench-backup bench-deploy

VENV_PYTHON := .venv/bin/python
# Two workers with a stack each; tests/conftest.py says which files stay together.
SIDE_BY_SIDE := -n 2 --dist loadfile
IMAGES := .cache/images.env
NEXT_IMAGES := .cache/images-next.env
LARAVEL_IMAGES := .cache/images-laravel.env

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: images ## lay out the demo stack, and deploy a release to it under load
	@$(VENV_PYTHON) bootstrap/demo.py up

demo-rollbacks: images ## go back in each of the three ways, under heartbeats
	@$(VENV_PYTHON) bootstrap/demo.py rollbacks

demo-down: venv ## remove all that the demo made
	@$(VENV_PYTHON) bootstrap/demo.py down

test: images images-next images-laravel oracles lint ## lint, unit tests, and tests on the real stack
	@$(VENV_PYTHON) -m pytest $(SIDE_BY_SIDE) tests/unit tests/stack

unit: oracles ## the fast tests, without an engine
	@$(VENV_PYTHON) -m pytest tests/unit

stack: images images-next images-laravel oracles ## the tests on the real stack
	@$(VENV_PYTHON) -m pytest $(SIDE_BY_SIDE) tests/stack

lint: venv ## style, format, types and import rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

torture: images images-next images-laravel oracles ## every planted fault at every place, with a table, and what `make test` leaves out
	@$(VENV_PYTHON) -m pytest tests -m "fault or torture" --faults=all

bench-backup: images ## backup and restore beside the bare tools and mydumper (BENCH="--rounds 5")
	@$(VENV_PYTHON) -m benchmarks.backup $(BENCH)

bench-deploy: images oracles ## deploys under load beside four other ways (BENCH="--deploys 20 --others 3 --rate 200")
	@$(VENV_PYTHON) -m benchmarks.deploy $(BENCH)

docs: venv ## write what is made from the code: the reference and the schemas
	@$(VENV_PYTHON) -m cosmicdeploy.cli.reference >docs/reference.md
	@$(VENV_PYTHON) -m cosmicdeploy.report.schema >docs/report.schema.json
	@$(VENV_PYTHON) -m cosmicdeploy playbook schema >playbooks/playbook.schema.json
	@$(VENV_PYTHON) -m cosmicdeploy playbook schema --settings >docs/cosmicdeploy.schema.json

lock: venv ## write requirements.lock anew
	@bootstrap/lock.sh

clean: ## remove the virtual environment and what was downloaded or generated here (not the demo)
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist

venv:
	@bootstrap/venv.sh

engine: venv
	@bootstrap/engine.sh

images: engine
	@bootstrap/images.sh $(IMAGES)

images-next: engine
	@bootstrap/images.sh --next $(NEXT_IMAGES)

images-laravel: engine
	@bootstrap/images.sh --laravel $(LARAVEL_IMAGES)

oracles: venv
	@bootstrap/compose-oracles.sh
