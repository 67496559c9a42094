# Everything a newcomer types. Each target brings what it needs and may be repeated.
STAGE ?= dev
REGION ?= eu-west-1
BUDGET_USD ?=
SECONDS ?= 60
PYTHON ?= $(shell for each in python3.13 python3.12 python3.11 python3; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$each; break; }; done)

PY := .venv/bin/python
# the compiled files name every package: pip has nothing to resolve, and a newer release of one changes nothing
PIP_INSTALL := -m pip install -qq --disable-pip-version-check --require-hashes --no-deps
CDK := $(PY) -m infra.node
CDK_WHERE := --context stage=$(STAGE) --context region=$(REGION) $(if $(BUDGET_USD),--context budget_usd=$(BUDGET_USD))

SEEDS ?= 1000

.PHONY: help setup demo local test lint audit fuzz bench simulate simulate-mutants storm synth deploy destroy
.DEFAULT_GOAL := help

help:
	@echo 'make demo     a day of webhooks through the relay, on this machine (installs what it needs)'
	@echo 'make local    the relay on this machine, until Ctrl-C'
	@echo 'make test     lint, types, import contracts, audit of dependencies and secrets, and every test'
	@echo 'make fuzz     every parser and verifier for a minute each (SECONDS=60), outside of make test'
	@echo 'make audit    compare the pinned dependencies with a database of known weaknesses (needs a network)'
	@echo 'make bench    the figures'
	@echo 'make simulate the road in virtual time, with everything that can go wrong: SEEDS=1000'
	@echo 'make simulate-mutants   plant defects in a copy of the code, and see that each is noticed'
	@echo 'make storm    2,000 webhooks with faults on every side, and what is there afterwards (minutes)'
	@echo 'make synth    the CloudFormation template into cdk.out (STAGE=dev|prod REGION=...)'
	@echo 'make deploy   to the AWS account of the current credentials (BUDGET_USD=20 tells of spending); make destroy takes it away'

setup: .make/venv .make/emulator
	@:

.make/venv: requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed: set PYTHON=/path/to/python'; exit 1; }
	@echo 'installing the project into .venv ...'
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@# byte code is made when a module is first imported: of the CDK, most never is
	@$(PY) $(PIP_INSTALL) --no-compile -r requirements/dev.txt
	@$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@mkdir -p .make && touch $@

.make/emulator: requirements/emulator.txt .make/venv
	@echo 'installing the local AWS emulator into .venv-emulator ...'
	@test -x .venv-emulator/bin/python || "$$($(PY) -m infra.pythons)" -m venv .venv-emulator
	@.venv-emulator/bin/python $(PIP_INSTALL) -r requirements/emulator.txt
	@mkdir -p .make && touch $@

demo: setup
	@$(PY) -m demo

local: setup
	@$(PY) -m infra.local.run

lint: setup
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-cache > .make/imports.log || { cat .make/imports.log; exit 1; }
	@$(PY) -m infra.audit
	@$(PY) -m infra.secret_scan

audit: setup
	@$(PY) -m infra.audit --online

test: lint
	@.venv/bin/pytest -q -n auto --no-loadscope-reorder

fuzz: setup
	@$(PY) -m tests.fuzz --seconds $(SECONDS)

bench: setup
	@$(PY) -m tests.benchmarks

simulate: setup
	@$(PY) -m tests.simulation --seeds $(SEEDS)

simulate-mutants: setup
	@$(PY) -m tests.mutants

storm: setup
	@$(PY) -m tests.e2e.storm --webhooks 2000

synth: setup
	@$(PY) -m infra.app --stage $(STAGE) --region $(REGION) $(if $(BUDGET_USD),--budget-usd $(BUDGET_USD)) --outdir cdk.out
	@echo 'cdk.out/holded-relay-$(STAGE).template.json'

deploy: setup
	@$(CDK) bootstrap $(CDK_WHERE)
	@$(CDK) deploy $(CDK_WHERE)

destroy: setup
	@$(CDK) destroy $(CDK_WHERE)
