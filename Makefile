# Everything a person or CI does here. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.PHONY: help demo pictures results docs test test-slow test-beam check bench clean
help:            ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/  /'

.venv/zoo: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else "menagerie needs Python 3.11 to 3.13; this is %d.%d. Try: make PYTHON=python3.11 ..." % v)'
	@echo "Installing into .venv; this takes a minute or two ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) -e ".[zoo]"
	@touch $@

.venv/dev: .venv/zoo
	@$(PIP) -e ".[dev]"
	@touch $@

.venv/bench: .venv/zoo
	@$(PIP) -e ".[bench]"
	@touch $@

.venv/beam/ready: .venv/zoo
	@$(PYTHON) -m venv .venv/beam
	@.venv/beam/bin/python -m pip --disable-pip-version-check install --quiet \
		"apache-beam==2.77.*" google-crc32c ml-dtypes pytest pytest-timeout tqdm
	@.venv/beam/bin/python -m pip --disable-pip-version-check install --quiet --no-deps -e .
	@touch $@

demo: .venv/zoo ## train, export, serve, sample, explain; ends with demo/index.html
	@$(BIN)/zoo demo

pictures: demo   ## the pictures of the documents, from the demo and a small VAE
	cp demo/dcgan.png docs/samples.png
	cp demo/explanation.png docs/explanation.png
	@$(BIN)/zoo train vae latent=2 --out demo/runs/plane
	@$(BIN)/zoo export demo/runs/plane --models demo/models --name plane
	@$(BIN)/zoo latent plane --map --models demo/models --out docs/latent.png

test: .venv/dev  ## the tests, in less than 10 minutes on 2 cores
	@$(BIN)/python -m pytest -q -m "not slow" -n 2 --dist loadfile --durations=20

test-slow: .venv/dev ## the long tests
	@$(BIN)/python -m pytest -q -m slow -n 2 --dist loadfile

test-beam: .venv/beam/ready ## the tests of serving/batch/beam.py, in an environment without TensorFlow
	@.venv/beam/bin/python -m pytest -q -W default --confcutdir tests/beam tests/beam

check: .venv/dev ## ruff and mypy
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

results: .venv/zoo ## the page of results, from those stored in zoo/evaluation/results, and the README's table of models
	@$(BIN)/zoo report --store zoo/evaluation/results --pictures docs/results --out docs/results.md
	@$(BIN)/python docs/models_table.py README.md

bench: .venv/bench ## the speed ratios
	@for b in training serving client client_import explain; do $(BIN)/python -m benchmarks.$$b || exit 1; done

docs: .venv/dev  ## the API reference, from the docstrings: site/index.html
	@$(BIN)/python docs/reference.py site

clean:           ## remove the environment, the demo and the API reference
	rm -rf .venv demo site
