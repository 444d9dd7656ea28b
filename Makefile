# Everything happens in .venv, made by `make setup` from the lock. All targets are safe to repeat.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help setup demo test test-all test-cluster fuzz fuzz-readers lint clean

# Nothing here asks a model hub or reports usage to anyone.
export HF_HUB_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export VLLM_NO_USAGE_STATS := 1
export DO_NOT_TRACK := 1

PY := .venv/bin/python
OUT ?= runs/demo
PYTEST_ARGS ?= -n 3 --dist loadfile --no-loadscope-reorder
FUZZ_SECONDS ?= 600

help:
	@echo "make setup   make .venv from requirements/cpu.txt"
	@echo "make demo    the main job, start to end, on this machine's CPU; writes $(OUT)"
	@echo "make test    the tests"
	@echo "make test-all   the tests and those that take minutes each, about three quarters of an hour"
	@echo "make test-cluster   kill one of two nodes of a Ray cluster in the middle of a run"
	@echo "make fuzz    ten minutes of broken files for the readers, then inputs of 100 MB and ten million rows"
	@echo "make lint    ruff and mypy"
	@echo "make clean   remove .venv, caches and runs/demo"

setup:
	@requirements/setup.sh

demo: setup
	@.venv/bin/keepwise demo --out $(OUT)

# Processes of one thread each: small models wait longer for a second thread than it saves. Three, as tests wait for
# files and for processes of their own a third of their time.
test: export OMP_NUM_THREADS := 1
test: setup
	@$(PY) -m pytest $(PYTEST_ARGS) -m "not cluster and not long"

test-all: export OMP_NUM_THREADS := 1
test-all: export KEEPWISE_HYPOTHESIS ?= whole
test-all: setup
	@$(PY) -m pytest $(PYTEST_ARGS) -m "not cluster"

test-cluster: export OMP_NUM_THREADS := 1
test-cluster: setup
	@$(PY) -m pytest tests/end_to_end/test_ray_cluster.py -m cluster

fuzz: export OMP_NUM_THREADS := 1
fuzz: fuzz-readers
	@KEEPWISE_LARGE=1 $(PY) -m pytest tests/end_to_end/test_hostile.py -k large --timeout 3600

fuzz-readers: setup
	@$(PY) -m benchmarks.fuzz_readers --seconds $(FUZZ_SECONDS)

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist runs/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
