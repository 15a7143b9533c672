# Everything that is done with Postkeep on one's own machine. `make` alone lists it.
#
# Eight environments, each made when a target first needs it and again when its lock changes:
#   .venv          development, the tests, and the command `postkeep`
#   .venv-runtime  what Lambda's own runtime brings: its client and boto3, in a plain folder
#   .venv-sam      SAM CLI
#   .venv-checkov  checkov, whose pins fit no other environment
#   .venv-schemathesis  what tries the API against its document
#   .venv-audit    pip-audit, and what writes the bill of materials
#   .venv-fuzz     atheris, in a plain folder
#   .venv-bench    what the cleaning is measured against, in a plain folder
# It runs under the make that macOS brings (3.81).

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: help setup build demo up down test test-sam test-contract fuzz schedules soak contract texts captures bench-text bench-thumbnails bench-search bench-cost audit sbom check lint types template locks lock clean

PYTHON ?=
JOBS ?= 2

export SAM_CLI_TELEMETRY := 0
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ARCHITECTURE := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)

# Beside SAM's own .aws-sam/build, so that what was built for this machine is never what `sam deploy` takes.
BUILD := .aws-sam/local

UV := .venv/bin/uv
SAM := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv-sam/bin/sam

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---- Environments ----------------------------------------------------------------------------------------------------------

# uv installs in seconds what takes pip a minute. It does not read pip's settings: where only pip knows the way to the packages
# (a mirror in pip.conf), pip does the work.
# $(call install,ENVIRONMENT,LOCK)
install = $(UV) pip sync --quiet --require-hashes --python $(1)/bin/python $(2) || \
  .venv/bin/python -m pip --python $(1)/bin/python install --quiet --require-hashes --no-deps -r $(2)

setup: .venv/ready ## make the development environment, .venv, with the command .venv/bin/postkeep
	@:

.venv/ready: local/requirements.txt local/requirements-uv.txt pyproject.toml
	@for python in "$(PYTHON)" python3.13 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.13*/bin/python3.13; do \
	  if test -n "$$python" && "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then \
	    break; \
	  fi; \
	  python=; \
	done; \
	if test -z "$$python"; then \
	  echo "Postkeep needs Python 3.13 (with venv), as Lambda runs it, and found none." >&2; \
	  echo "Install it (brew install python@3.13; apt install python3.13-venv; pyenv install 3.13; uv python install 3.13)" >&2; \
	  echo "or name it: make setup PYTHON=/path/to/python3.13" >&2; \
	  exit 1; \
	fi; \
	echo "setup: $$("$$python" --version) → .venv"; \
	.venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null || "$$python" -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --quiet --require-hashes -r local/requirements-uv.txt
	@$(call install,.venv,local/requirements.txt)
	@.venv/bin/python -m pip install --quiet --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv-runtime/ready: local/requirements-runtime.txt .venv/ready
	@echo "setup: Lambda's runtime client → .venv-runtime"
	@rm -rf .venv-runtime
	@$(UV) pip install --quiet --require-hashes --no-deps --python .venv/bin/python --target .venv-runtime -r local/requirements-runtime.txt || \
	  .venv/bin/python -m pip install --quiet --require-hashes --no-deps --target .venv-runtime -r local/requirements-runtime.txt
	@touch $@

.venv-sam/ready: local/requirements-sam.txt .venv/ready
	@echo "setup: SAM CLI → .venv-sam"
	@test -x .venv-sam/bin/python || .venv/bin/python -m venv --without-pip .venv-sam
	@$(call install,.venv-sam,local/requirements-sam.txt)
	@touch $@

.venv-checkov/ready: local/requirements-checkov.txt .venv/ready
	@echo "setup: checkov → .venv-checkov"
	@test -x .venv-checkov/bin/python || .venv/bin/python -m venv --without-pip .venv-checkov
	@$(call install,.venv-checkov,local/requirements-checkov.txt)
	@touch $@

.venv-schemathesis/ready: local/requirements-schemathesis.txt .venv/ready
	@echo "setup: schemathesis → .venv-schemathesis"
	@test -x .venv-schemathesis/bin/python || .venv/bin/python -m venv --without-pip .venv-schemathesis
	@$(call install,.venv-schemathesis,local/requirements-schemathesis.txt)
	@touch $@

.venv-audit/ready: local/requirements-audit.txt .venv/ready
	@echo "setup: pip-audit → .venv-audit"
	@test -x .venv-audit/bin/python || .venv/bin/python -m venv --without-pip .venv-audit
	@$(call install,.venv-audit,local/requirements-audit.txt)
	@touch $@

# A plain folder, put behind .venv on the path: what is tried is what is installed there. Where atheris is not packed for the
# machine, it stays empty.
.venv-fuzz/ready: local/requirements-fuzz.txt .venv/ready
	@echo "setup: atheris → .venv-fuzz"
	@rm -rf .venv-fuzz && mkdir .venv-fuzz
	@$(UV) pip install --quiet --require-hashes --no-deps --python .venv/bin/python --target .venv-fuzz -r local/requirements-fuzz.txt || \
	  .venv/bin/python -m pip install --quiet --require-hashes --no-deps --target .venv-fuzz -r local/requirements-fuzz.txt
	@touch $@

# A plain folder too: it is put behind .venv on the path, so that all is measured in one process.
.venv-bench/ready: bench/requirements.txt .venv/ready
	@echo "setup: tools to measure against → .venv-bench"
	@rm -rf .venv-bench
	@$(UV) pip install --quiet --require-hashes --no-deps --python .venv/bin/python --target .venv-bench -r bench/requirements.txt || \
	  .venv/bin/python -m pip install --quiet --require-hashes --no-deps --target .venv-bench -r bench/requirements.txt
	@touch $@

# ---- Building and running --------------------------------------------------------------------------------------------------

build: .venv-sam/ready $(BUILD)/ready ## build the functions and the layer for this machine, in .aws-sam/local
	@:

# SAM empties the folder first, so that the mark of an unfinished or another build is gone too. Its own cache makes a rebuild
# quick; the list of files tells of deleted ones.
$(BUILD)/ready: template.yaml samconfig.toml .aws-sam/sources .venv-sam/ready $(shell find functions layers -type f ! -name '*.pyc')
	@echo "build: functions and layer for $(ARCHITECTURE) → $(BUILD)"
	@$(SAM) build --cached --parallel --build-dir $(BUILD) --parameter-overrides Architecture=$(ARCHITECTURE) \
	  > .aws-sam/build.log 2>&1 || { cat .aws-sam/build.log; exit 1; }
	@touch $@

.PHONY: always
.aws-sam/sources: always
	@mkdir -p .aws-sam
	@find functions layers -type f ! -name '*.pyc' | LC_ALL=C sort > $@.now
	@if cmp -s $@.now $@; then rm $@.now; else mv $@.now $@; fi

demo: setup build .venv-runtime/ready ## show it at work: make demo [POSTS=folder] [PICTURES=on]
	@.venv/bin/postkeep demo $(if $(POSTS),--posts "$(POSTS)") $(if $(filter on,$(PICTURES)),--pictures)

up: setup build .venv-runtime/ready ## bring the local stack up and leave it running
	@.venv/bin/postkeep up

down: setup ## stop the local stack; its posts stay
	@.venv/bin/postkeep down

# ---- Tests and checks ------------------------------------------------------------------------------------------------------

test: setup build .venv-runtime/ready .venv-audit/ready ## all tests but those in containers, with coverage
	@.venv/bin/python -m pytest -m "not sam" --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --cov --cov-report term $(ARGS)

test-sam: setup build .venv-runtime/ready ## SAM CLI and the functions in real containers (needs a Docker engine)
	@.venv/bin/python -m pytest -m sam tests/sam $(ARGS)

test-contract: setup build .venv-runtime/ready .venv-schemathesis/ready ## the API against its own document, with schemathesis
	@PYTHONPATH=tests .venv/bin/python -m support.fuzzed $(ARGS)

fuzz: setup $(if $(INPUT),,.venv-fuzz/ready) ## strangers' bytes, steered by coverage: make fuzz [TARGET=bodies] [SECONDS=10] [INPUT=file]
	@PYTHONPATH=tests .venv/bin/python -m fuzz $(TARGET) --seconds $(or $(SECONDS),10) --jobs $(JOBS) $(if $(INPUT),--again $(INPUT)) $(ARGS)

schedules: setup ## draw many schedules of the convergence test: make schedules [SCHEDULES=100000]
	@POSTKEEP_SCHEDULES=$(or $(SCHEDULES),100000) .venv/bin/python -m pytest -n0 tests/convergence $(ARGS)

soak: setup build .venv-runtime/ready ## load and faults on a local stack of its own, then nothing may be lost: make soak [MINUTES=60]
	@.venv/bin/python bench/soak.py --minutes $(or $(MINUTES),60) $(ARGS)

contract: setup ## write the API's document and its page anew: make contract [RELEASE=1]
	@PYTHONPATH=tests .venv/bin/python -m support.contract $(if $(RELEASE),--release)

texts: setup ## record what the cleaning makes of the gold; refused while RULES is what it was and a text is not
	@PYTHONPATH=tests:functions/render .venv/bin/python -m support.texts

captures: setup build .venv-runtime/ready ## type what docs/first-hour.md shows, and write down what comes
	@PYTHONPATH=tests .venv/bin/python -m support.captures

bench-text: setup .venv-bench/ready ## the cleaning beside other tools, good and fast: make bench-text [ARGS=--write]
	@.venv/bin/python bench/text.py $(ARGS)

bench-thumbnails: setup ## the thumbnails' library beside Pillow and vipsthumbnail: make bench-thumbnails [ARGS=…]
	@.venv/bin/python bench/thumbnails.py $(ARGS)

bench-search: setup ## search beside SQLite's: make bench-search [ARGS="--copies 100000"]
	@.venv/bin/python bench/search.py $(ARGS)

bench-cost: setup build .venv-runtime/ready ## what it costs at AWS, docs/cost.md: make bench-cost [ARGS=--write]
	@.venv/bin/python bench/cost.py $(ARGS)

# Not part of check, since what it says depends on the day.
audit: setup .venv-audit/ready ## known vulnerabilities of all packages: make audit [ARGS=--required]
	@PYTHONPATH=tests .venv/bin/python -m support.audit $(ARGS)

# Dated by the commit: what is shipped of one commit has one bill.
sbom: .venv-audit/ready ## the bill of materials of what is deployed, CycloneDX, in build/sbom.json
	@SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)} PYTHONPATH=tests \
	  .venv-audit/bin/python -m support.bill build/sbom.json

check: lint types template locks ## what CI demands beside the tests

lint: setup
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types: setup
	@.venv/bin/mypy

# Plain validation finds what --lint does not, and the other way round.
template: setup .venv-sam/ready .venv-checkov/ready
	@.venv/bin/cfn-lint template.yaml deploy/github-role.yaml
	@$(SAM) validate --region us-east-1
	@$(SAM) validate --region us-east-1 --lint
	@.venv-checkov/bin/checkov --file template.yaml deploy/github-role.yaml --framework cloudformation --skip-download --compact --quiet

# ---- Locks -----------------------------------------------------------------------------------------------------------------

# The development environment is resolved first, and what is shipped is then held to the same versions: what was tested is what
# runs. botocore and its own needs are left out of the layer, since Lambda's runtime brings them with boto3.
SHIPPED := functions/parse functions/render functions/thumbnail functions/query functions/search
compile = "$(CURDIR)/$(UV)" pip compile --quiet --universal --python-version 3.13 --generate-hashes \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
ROOT := .

lock: setup ## resolve every requirements.in again; UPGRADE=1 takes the newest versions
	@cd $(ROOT) && $(compile) -o local/requirements-uv.txt local/requirements-uv.in
	@cd $(ROOT) && $(compile) -o local/requirements-sam.txt local/requirements-sam.in
	@cd $(ROOT) && $(compile) -o local/requirements-checkov.txt local/requirements-checkov.in
	@cd $(ROOT) && $(compile) -o local/requirements-schemathesis.txt local/requirements-schemathesis.in
	@cd $(ROOT) && $(compile) -o local/requirements-audit.txt local/requirements-audit.in
	@cd $(ROOT) && $(compile) -o local/requirements-fuzz.txt local/requirements-fuzz.in
	@cd $(ROOT) && $(compile) -o local/requirements.txt local/requirements.in
	@cd $(ROOT) && $(compile) -c local/requirements.txt -o local/requirements-runtime.txt local/requirements-runtime.in
	@cd $(ROOT) && $(compile) -c local/requirements.txt -o bench/requirements.txt bench/requirements.in
	@cd $(ROOT) && $(compile) -c local/requirements.txt -o layers/postkeep/requirements.txt layers/postkeep/requirements.in \
	  --no-emit-package botocore --no-emit-package python-dateutil --no-emit-package six --no-emit-package urllib3
	@cd $(ROOT) && for folder in $(SHIPPED); do \
	  $(compile) -c local/requirements.txt -o $$folder/requirements.txt $$folder/requirements.in || exit 1; \
	done

# Resolve copies of the locks: nothing may change but hashes, of which an old release may get more.
locks: setup
	@rm -rf build/locks && mkdir -p build/locks
	@find local layers functions bench -name 'requirements*' | tar -cf - -T - | tar -xf - -C build/locks
	@$(MAKE) lock ROOT=build/locks UPGRADE=
	@cd build/locks && for file in $$(find . -name 'requirements*.txt'); do \
	  diff -u -I sha256: "../../$$file" "$$file" || { echo "$$file does not fit its .in file: run make lock" >&2; exit 1; }; \
	done
	@rm -rf build/locks

clean: ## remove the environments and everything built; the local stack's posts stay
	rm -rf .venv .venv-runtime .venv-sam .venv-checkov .venv-schemathesis .venv-audit .venv-fuzz .venv-bench .aws-sam build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
