# `make help` lists what can be made. Everything runs in .venv, which `make setup` builds once.

PYTHON ?= python3
SPECS = $(shell find specs -name '*.diag' 2>/dev/null | sort)
KERNEL_SPECS = $(filter-out specs/learning/% specs/flow/% specs/runs/% specs/design/%,$(SPECS))
BIN = .venv/bin
# Tests start many processes, each of which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
STAMP = .venv/.complete

.DEFAULT_GOAL = help
.PHONY: help setup demo replicas test test-all golden bench scaling coverage theory lint-kernels gpu figures docs check data fmt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## build .venv with everything

# torch comes first and alone: its build decides, and the constraints keep later packages from replacing its triton.
# JAX's CUDA plugin comes last and alone: tests lower for CUDA with it, and what it asks for is needed on a GPU only.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps -c constraints.txt "jax-cuda13-plugin; platform_system=='Linux'"
	touch $@

DIGITS = data/digits_train.npz
TEACHER = out/teacher/teacher.safetensors

demo: setup data ## the main job: derive, compile, verify, train and draw
	$(BIN)/diagc derive specs/attention/attention.diag --entry causal
	$(BIN)/diagc compile specs/attention/attention.diag -o out/kernels
	$(BIN)/diagc verify specs/attention/attention.diag --target sm_90
	$(BIN)/diagc train specs/learning/teacher.diag --data $(DIGITS) --validation data/digits_test.npz --out out/teacher
	$(BIN)/diagc train specs/learning/distill.diag --data 'lab=$(DIGITS)[:100]' --data 'unl=$(DIGITS)[100:]' \
		--validation data/digits_test.npz --weights teacher=$(TEACHER) --out out/distill
	$(BIN)/diagc draw specs/attention/attention.diag -o out/figures/attention.svg
	$(BIN)/diagc draw specs/learning/distill.diag -o out/figures/distill.svg

check: setup ## style, types, layers and house rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright -p pyproject.toml
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest -q tests/unit/test_house.py

test: check ## everything that has to pass before a change goes in
	$(BIN)/pytest -q -n 2 -m 'not slow and not gpu'

test-all: check ## the same and the slow tests; those for a GPU where there is one
	$(BIN)/pytest -q -n 2

gpu: ## on a machine with a GPU: every kernel against float64, then the bench; under nine minutes, needs no .venv
	$(or $(wildcard $(BIN)/python),$(PYTHON)) -m bench.device

golden: setup ## rewrite kernels_out/, the code of specs/; read the diff before committing it
	for spec in $(KERNEL_SPECS); do $(BIN)/diagc compile $$spec -o kernels_out || exit 1; done

bench: setup ## measure every diagram of specs/ on this machine
	for spec in $(KERNEL_SPECS); do $(BIN)/diagc bench $$spec || exit 1; done

scaling: setup ## time planning over the number of leaves
	$(BIN)/python bench/scaling.py

coverage: setup ## run every entry of specs/ and write docs/coverage.md; what has not changed is not run again
	$(BIN)/python -m bench.coverage

theory: setup ## every number of docs/flow.md and docs/runs.md into bench/results, with their figures
	$(BIN)/python -m bench.theory
	$(BIN)/python -m bench.invariants

replicas: setup ## train the replicas with their seeds and write docs/replicas.md
	$(BIN)/python -m bench.replicas

lint-kernels: setup ## compile every configuration of kernels_out/ ahead of time and write the table of what came of it
	$(BIN)/diagc lint-kernels kernels_out --table bench/results/kernels_sm_90.json --write

figures: setup ## draw every diagram of specs/ into out/figures, with a contact sheet; renew those of the docs
	$(BIN)/python -m bench.figures --record

docs: setup ## build the pages of docs/ and a gallery of specs/ into out/site, without network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

data: setup ## write the data of specs/learning to data/
	$(BIN)/python -m diagc.learn.samples data

fmt: setup ## format the sources and the diagrams
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/diagc fmt $(SPECS)
