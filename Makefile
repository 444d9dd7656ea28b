# Everything happens in .venv, made by `make setup` from the lock. All targets are safe to repeat.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint clean

# Nothing here asks a model hub or reports usage to anyone.
export HF_HUB_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export VLLM_NO_USAGE_STATS := 1
export DO_NOT_TRACK := 1

PY := .venv/bin/python
OUT ?= runs/demo
PYTEST_ARGS ?= -n 2 --dist loadgroup

help:
	@echo "make setup   make .venv from requirements/cpu.txt"
	@echo "make demo    the main job, start to end, on this machine's CPU; writes $(OUT)"
	@echo "make test    the tests"
	@echo "make lint    ruff and mypy"
	@echo "make clean   remove .venv, caches and runs/demo"

setup:
	@requirements/setup.sh

demo: setup
	@.venv/bin/keepwise demo --out $(OUT)

# Two processes of one thread each: small models wait longer for a second thread than it saves.
test: export OMP_NUM_THREADS := 1
test: setup
	@$(PY) -m pytest $(PYTEST_ARGS)

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

clean:
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist runs/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
