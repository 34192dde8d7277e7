# Every target sets up everything that it needs, and can be run again.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo demo-rollbacks demo-down test unit stack lint docs lock clean venv engine images images-next images-laravel images-mysql images-mysql-newest images-proxies oracles registry torture matrix year bench-backup bench-deploy bench-monitor

VENV_PYTHON := .venv/bin/python
# Two workers, each with its own stack; tests/conftest.py defines which files stay together.
SIDE_BY_SIDE := -n 2 --dist loadfile
IMAGES := .cache/images.env
NEXT_IMAGES := .cache/images-next.env
LARAVEL_IMAGES := .cache/images-laravel.env
MYSQL_IMAGES := .cache/images-mysql.env
NEWEST_MYSQL_IMAGES := .cache/images-mysql-newest.env
PROXY_IMAGES := .cache/images-proxies.env

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: images ## set up the demo stack, and deploy a release to it under load
	@$(VENV_PYTHON) bootstrap/demo.py up

demo-rollbacks: images ## roll the demo back in each of the three ways, under heartbeats
	@$(VENV_PYTHON) bootstrap/demo.py rollbacks

demo-down: venv ## remove the demo (the base images stay)
	@$(VENV_PYTHON) bootstrap/demo.py down

test: images images-next images-laravel images-mysql images-proxies oracles registry lint ## run lint, the unit tests and the tests on the real stack
	@$(VENV_PYTHON) -m pytest $(SIDE_BY_SIDE) tests/unit tests/stack

unit: oracles ## run the fast tests, without an engine
	@$(VENV_PYTHON) -m pytest tests/unit

stack: images images-next images-laravel images-mysql images-proxies oracles registry ## run the tests on the real stack
	@$(VENV_PYTHON) -m pytest $(SIDE_BY_SIDE) tests/stack

lint: venv ## check style, format, types and import rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

torture: images images-next images-laravel images-mysql images-mysql-newest images-proxies oracles registry ## inject every fault at every place, print a table, and run the tests that `make test` omits
	@$(VENV_PYTHON) -m pytest $(SIDE_BY_SIDE) tests -m "(fault or torture) and not last" --faults=all
	@$(VENV_PYTHON) -m pytest tests -m last --faults=all

matrix: images images-laravel images-proxies oracles registry ## run the demo of every origin and each layout on every engine, and print a table (MATRIX="--engine 28")
	@bootstrap/compose-oracles.sh --newest >/dev/null
	@$(VENV_PYTHON) -m tests.matrix $(MATRIX)

year: images images-laravel oracles ## run an operator's year on a Laravel stack with default settings, and print a table (YEAR="--scenario 'crash at 5 s'")
	@$(VENV_PYTHON) -m tests.year $(YEAR)

bench-backup: images ## compare backup and restore with the bare tools and mydumper (BENCH="--rounds 5")
	@$(VENV_PYTHON) -m benchmarks.backup $(BENCH)

bench-deploy: images oracles ## compare deploys under load with four other ways (BENCH="--deploys 20 --others 3 --rate 200")
	@$(VENV_PYTHON) -m benchmarks.deploy $(BENCH)

bench-monitor: images ## compare a pass of the shipped monitor with the bare SQL (BENCH="--rounds 5")
	@$(VENV_PYTHON) -m benchmarks.monitor $(BENCH)

docs: venv ## generate the reference, the schemas and the table of backups from the code
	@$(VENV_PYTHON) -m cosmicdeploy.cli.reference >docs/reference.md
	@$(VENV_PYTHON) -m cosmicdeploy.report.schema >docs/report.schema.json
	@$(VENV_PYTHON) -m cosmicdeploy playbook schema >playbooks/playbook.schema.json
	@$(VENV_PYTHON) -m cosmicdeploy playbook schema --settings >docs/cosmicdeploy.schema.json
	@$(VENV_PYTHON) -m cosmicdeploy playbook schema --framework >cosmicdeploy/migrations/frameworks/framework.schema.json
	@$(VENV_PYTHON) -m tests.stack.database.kinds

lock: venv ## rewrite requirements.lock
	@bootstrap/lock.sh

clean: ## remove .venv and all downloaded or generated files (not the demo)
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

images-mysql: engine
	@bootstrap/images.sh --mysql $(MYSQL_IMAGES)

# Not for `make test`: from nothing, the root file system of Debian's sid takes minutes.
images-mysql-newest: engine
	@bootstrap/images.sh --mysql-newest $(NEWEST_MYSQL_IMAGES)

# Load balancers other than nginx.
images-proxies: engine
	@bootstrap/images.sh --proxies $(PROXY_IMAGES)

oracles: venv
	@bootstrap/compose-oracles.sh

registry: venv
	@bootstrap/registry.sh
