# `make` lists what can be made. PYTHON chooses the interpreter that .venv is made of (3.11 to 3.13).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAB_ARGS ?=
ROOT_OPTION := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help lab

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

lab: ## set up once, then open the lessons in JupyterLab (LAB_ARGS="--no-browser")
	@$(PYTHON) tools/setup_environment.py $(VENV)
	@$(BIN)/jupyter lab --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/en $(ROOT_OPTION) $(LAB_ARGS)

# >>> instructors
LESSON ?=
GRADEKIT := $(BIN)/gradekit
FROM ?=
FORMAT ?=
TO ?= build/bundle
WORKERS ?=
SCHEDULER ?=
UNSAFE ?=

.PHONY: setup test lint format notebooks sample-class run run-colab release collect autograde \
        feedback grades report formgrader bundle set-repository opinions pretrain figures bench-sentinel bench-backdoor bench-capstone \
        bench-grading picture clean

setup:
	@$(PYTHON) tools/setup_environment.py $(VENV) grading dev

test: setup ## run every test (also whole lessons and the browser)
	@$(BIN)/python tools/note_browser.py
	@OMP_NUM_THREADS=1 $(BIN)/pytest -m "not alone" -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
	@$(BIN)/pytest -m alone

lint: setup ## check style
	@$(BIN)/ruff check . && $(BIN)/ruff format --check src tests tools benchmarks

format: setup ## mend style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format src tests tools benchmarks

notebooks: setup ## rebuild notebooks/ from grading/source
	@$(GRADEKIT) notebooks

sample-class: setup ## rebuild grading/sample_class from its class.toml
	@$(GRADEKIT) sample-class

run: setup need-lesson ## run a solved lesson, print seconds, memory, scores (LESSON=02)
	@$(GRADEKIT) run $(LESSON)

run-colab: setup need-lesson ## the same in an environment with Colab's versions (LESSON=02)
	@$(PYTHON) tools/colab_environment.py .venv-colab
	@$(GRADEKIT) run-colab $(LESSON)

release: setup need-lesson ## generate a lesson's release version (LESSON=02)
	@$(GRADEKIT) release $(LESSON)

collect: setup need-lesson ## take submissions from a folder, else the sample class (LESSON=02 FROM=folder)
	@$(GRADEKIT) collect $(LESSON) $(if $(FROM),--from "$(FROM)")

autograde: setup need-lesson ## grade what was collected, else the sample class (LESSON=02 WORKERS=4)
	@$(GRADEKIT) autograde $(LESSON) $(if $(WORKERS),--workers $(WORKERS)) \
	    $(if $(SCHEDULER),--scheduler "$(SCHEDULER)") $(if $(UNSAFE),--unsafe)

feedback: setup need-lesson ## write a feedback page for each student (LESSON=02)
	@$(GRADEKIT) feedback $(LESSON)

grades: setup ## print results, write them as CSV or for a platform (LESSON=02 FORMAT=canvas|moodle)
	@$(GRADEKIT) grades $(LESSON) $(if $(FORMAT),--format $(FORMAT))

report: setup need-lesson ## write the class report, a page for a first look (LESSON=02)
	@$(GRADEKIT) report $(LESSON)

formgrader: setup ## open nbgrader's formgrader
	@$(GRADEKIT) formgrader

bundle: setup ## write what students get (TO=folder)
	@$(GRADEKIT) bundle --to "$(TO)"

set-repository: setup ## change the address that badges and set-up cells use (URL=https://...)
	@test -n "$(URL)" || { echo "name the address: make set-repository URL=https://github.com/OWNER/NAME" >&2; exit 1; }
	@$(GRADEKIT) set-repository "$(URL)"

opinions: setup ## write the labelled texts of lesson 01 again
	@$(GRADEKIT) opinions

pretrain: setup ## train the tiny models of lesson 01 again and write their digests
	@$(GRADEKIT) pretrain

figures: setup ## measure again and write the tables of both READMEs (some minutes)
	@$(BIN)/python benchmarks/figures.py measure

bench-sentinel: setup ## tamper with models and see what sentinel notices; time its hashing
	@$(BIN)/python -W ignore benchmarks/tamper_corpus.py --write
	@$(BIN)/python benchmarks/hashing.py --write
	@$(BIN)/python benchmarks/figures.py render

bench-capstone: setup ## fill in sentinel's checklist for the capstone's downloads, of every kind
	@$(BIN)/python -W ignore benchmarks/capstone.py --write
	@$(BIN)/python benchmarks/figures.py render

bench-grading: setup ## time grading beside plain nbgrader, 4 to 64 submissions (some minutes)
	@$(BIN)/python benchmarks/grading.py --write
	@$(BIN)/python benchmarks/figures.py render

bench-backdoor: setup ## build clean and backdoored models, search them all (an hour or more; can be stopped and goes on)
	@for step in calibrate report encoders summary; do $(BIN)/python -m benchmarks.backdoors.measure $$step || exit 1; done
	@$(BIN)/python -m benchmarks.backdoors.picture
	@$(BIN)/python benchmarks/figures.py render

picture: setup ## take the README's picture again
	@$(BIN)/python tools/take_picture.py docs/lesson.png

clean: ## remove .venv, caches and build folders; grades and submissions stay
	rm -rf .venv .venv-colab build .pytest_cache .ruff_cache src/*.egg-info

.PHONY: need-lesson
need-lesson:
	@test -n "$(LESSON)" || { echo "name the lesson, for example: LESSON=02" >&2; exit 1; }
# <<< instructors
