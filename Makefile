# Everything happens in .venv, which each target makes or brings up to date by itself.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
DEMO := runs/demo
SHOP := library:online_shop

.PHONY: help demo test lint crosscheck bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    calibrate customers from a real transaction log, compare plans, write a report"
	@echo "make test    the whole test suite; ARGS=... goes to pytest"
	@echo "make lint    ruff and pyright"
	@echo "make crosscheck  estimators beside those of independent packages, in an environment of their own"
	@echo "make bench   speed, memory and precision against their targets; ARGS=--quick for a first look"
	@echo "make clean   remove what the targets have made, .venv included"
	@echo "PYTHON=python3.12 picks the interpreter (3.11 to 3.13) for a new .venv"

demo: $(READY)
	@mkdir -p $(DEMO)
	$(BIN)/regulars calibrate scenarios/library/online_shop/cdnow_sample.csv \
	  --customer customer_id --date date --amount dollars --out $(DEMO)/population.yaml
	$(BIN)/regulars compare $(SHOP)/baseline $(SHOP)/points $(SHOP)/points_and_mail --report $(DEMO)/report.html
	@echo "Customers: $(DEMO)/population.yaml. Report: $(DEMO)/report.html"

test: $(READY)
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS)

lint: $(READY)
	$(BIN)/ruff check
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright

# lifelines wants an older pandas than the locked one.
crosscheck: $(READY)
	@test -x .venv-crosscheck/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .venv-crosscheck
	@$(BIN)/uv pip install --quiet --system-certs --python .venv-crosscheck/bin/python --editable '.[crosscheck]'
	.venv-crosscheck/bin/python -m pytest -rs tests/crosscheck

bench: $(READY)
	$(BIN)/python benchmarks/run.py $(ARGS)

clean:
	rm -rf .venv .venv-crosscheck build dist runs/demo src/regulars.egg-info .pytest_cache .ruff_cache .hypothesis

# pip alone takes six times as long as uv for the same, locked and hashed set.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v < (3, 14) and \
	  "regulars needs Python 3.11 to 3.13, $(PYTHON) is %d.%d; give another: make PYTHON=python3.12" % v)'
	@test -x $(BIN)/python && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing what requirements.lock lists into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input 'uv>=0.7'
	@$(BIN)/uv pip sync --quiet --compile-bytecode --system-certs --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --system-certs --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q sim scenarios experiments analysis src/regulars
	@touch $@
