# SPDX-License-Identifier: GPL-3.0-or-later
# Every step prints one line with its seconds; what it printed itself is in a file below the cache folder,
# LIGHTK8S_CACHE or ~/.cache/lightk8s. `make -n` shows the plain commands.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

JOBS ?= $(shell nproc)
# Tests on nodes wait more than they work, and the molecule scenarios run beside them.
WORKERS ?= 2
STEP := tools/step
INSIDE := tools/inside
EDGE := ansible_collections/lightk8s/edge
BED := $(INSIDE) link env PYTHONPATH=tests/testbed python -m bed
PYTEST := $(INSIDE) link python -m pytest -q --durations=20 -p no:cacheprovider
SUMMARY := ^(=+ )?[0-9]+ (passed|failed|error|skipped|xfailed|deselected|warning)|^no tests ran|^=+ .* in [0-9.]+s.* =+$$

LINTS := lint-ruff lint-format lint-mypy lint-yaml lint-ansible lint-changelog
# What `make test` leaves out; each by itself, so that a part can be run again: make slow-k0s. KubeEdge's tests bear
# the names of the clusters beside it too; `slow-others` has what bears no name of these.
NAMED := k3s k0s microk8s kubeedge hub
SLOWS := $(NAMED:%=slow-%) slow-others
SANITIES := sanity-2.18 sanity-2.19 sanity-newest

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## find or install what the gates need, and make the tools' environments
	@$(STEP) setup tools/setup

.PHONY: lint $(LINTS)
lint: ## ruff, mypy, yamllint, ansible-lint, antsibull-changelog
	@$(MAKE) -k -j$(JOBS) $(LINTS)
lint-ruff:
	@$(STEP) $@ $(INSIDE) $@ ruff check .
lint-format:
	@$(STEP) $@ $(INSIDE) $@ ruff format --check --diff .
lint-mypy:
	@$(STEP) $@ $(INSIDE) --root $@ mypy --config-file $(EDGE)/pyproject.toml \
	    $(EDGE)/plugins $(EDGE)/tests $(EDGE)/tools $(EDGE)/extras \
	    $(EDGE)/extensions
lint-yaml:
	@$(STEP) $@ $(INSIDE) $@ yamllint .
lint-ansible:
	@$(STEP) $@ $(INSIDE) $@ ansible-lint --nocolor --format pep8
lint-changelog:
	@$(STEP) $@ $(INSIDE) $@ antsibull-changelog lint

.PHONY: sanity $(SANITIES)
sanity: ## ansible-test sanity on ansible-core 2.18, 2.19 and the newest
	@$(MAKE) -k -j$(JOBS) $(SANITIES)
$(SANITIES): sanity-%:
	@STEP_SHOW='^left out' $(STEP) $@ python3 tools/sanity.py $*

.PHONY: static
static: ## lint and sanity, side by side
	@$(MAKE) -k -j$(JOBS) $(SANITIES) $(LINTS)

.PHONY: unit
unit: ## tests that need no node
	@STEP_SHOW='$(SUMMARY)' $(STEP) $@ timeout 900 $(PYTEST) -n $(JOBS) tests/unit

.PHONY: testbed
testbed: ## build the test bed: node image, Kubernetes, distributions
	@STEP_SHOW='^disk: ' $(STEP) testbed-image $(BED) image
	@$(STEP) testbed-releases $(BED) releases

.PHONY: integration
integration: testbed ## tests on nodes of the test bed
	@STEP_SHOW='$(SUMMARY)' $(STEP) $@ $(PYTEST) -n $(WORKERS) --dist loadfile -m 'not slow' tests/integration

.PHONY: molecule
molecule: testbed ## molecule scenarios on nodes of the test bed
	@if compgen -G 'molecule/*/molecule.yml' >/dev/null; then \
	    MOLECULE_GLOB='molecule/*/molecule.yml' $(STEP) $@ $(INSIDE) link molecule test --all; \
	fi

.PHONY: test
test: ## all gates and tests, as CI runs them
	@rm -f "$$(python3 tools/collection_tree.py logs)/durations.tsv"
	@$(MAKE) setup
	@$(MAKE) static
	@$(MAKE) unit
	@$(MAKE) testbed
	@$(MAKE) -k -j2 integration molecule
	@tools/slowest

.PHONY: test-full
test-full: export HYPOTHESIS_PROFILE := full
test-full: test ## the same with more examples, and the slow tests of every distribution too
	@$(MAKE) -k -j$(WORKERS) $(SLOWS)

.PHONY: $(SLOWS)
$(SLOWS): slow-%: testbed
	@STEP_SHOW='$(SUMMARY)' $(STEP) $@ $(PYTEST) -m slow \
	    -k '$(if $(filter others,$*),not ($(subst $() , or ,$(NAMED))),$*$(if $(filter-out kubeedge,$*), and not kubeedge))' \
	    tests/integration

.PHONY: soak-power
soak-power: testbed ## CUTS power cuts (20) at random moments of runs
	@LIGHTK8S_POWER_CUTS=$(or $(CUTS),20) $(PYTEST) -m slow tests/integration/contract/test_power.py

.PHONY: soak-images
soak-images: testbed ## CUTS power cuts and kills (50) at random moments of bringing images
	@LIGHTK8S_IMAGE_CUTS=$(or $(CUTS),50) $(PYTEST) -m slow tests/integration/test_images_faults.py

.PHONY: bench-converge
bench-converge: testbed ## what a converge with nothing to do costs; DISTRIBUTION, BENCH="--only KEY"; the last line is JSON
	@$(INSIDE) link env PYTHONPATH=tests/testbed python -m tests.bench.converge \
	    --distribution $(or $(DISTRIBUTION),k3s) $(BENCH)

.PHONY: bench-workloads
bench-workloads: ## what 200 workloads cost that are right already, beside kubernetes.core; the last line is JSON
	@$(INSIDE) link env PYTHONPATH=tests/testbed:$$(python3 tools/collection_tree.py link) python -m \
	    ansible_collections.lightk8s.edge.tests.bench.workloads $$(python3 tools/virtualenv.py bench)

.PHONY: bench-images
bench-images: ## what updates of images cost on the way and on the node; BENCH="--only NAME"; the last line is JSON
	@PATH="$$PATH:$$(python3 tools/virtualenv.py images)/bin" \
	    $(INSIDE) link env PYTHONPATH=tests/testbed:$$(python3 tools/collection_tree.py link) python -m \
	    ansible_collections.lightk8s.edge.tests.bench.images $(BENCH)

BENCH_SYNC = $(INSIDE) link env PYTHONPATH=tests/testbed:$$(python3 tools/collection_tree.py link) python -m \
    ansible_collections.lightk8s.edge.tests.bench.sync $$(python3 tools/virtualenv.py queues)

.PHONY: bench-sync soak-sync
bench-sync: ## what it costs that a site loses nothing, in a short form; BENCH="--only wire"; the last line is JSON
	@$(BENCH_SYNC) --cuts 20 --kills 50 --events 100000 $(BENCH)
soak-sync: ## the same with 200 power cuts, 500 kills and a million events
	@$(BENCH_SYNC) $(BENCH)

.PHONY: demo demo-down
demo: ## from a bare machine to running sites, and what they look like; DISTRIBUTION=k0s, microk8s or kubeedge
	@tools/demo.sh up $(or $(DISTRIBUTION),k3s)
demo-down: ## remove what `make demo` made
	@tools/demo.sh down

.PHONY: clean
clean: ## remove what was made for this clone (environments and builds that clones share stay)
	@python3 tools/collection_tree.py remove
