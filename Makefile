# SPDX-License-Identifier: Apache-2.0
# A thin front: every target is a script of tools/ or one CMake command. JOBS sets how many at once.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
export JOBS SECURE
.DEFAULT_GOAL := help
.PHONY: help setup run test check bench models conformance format fuzz simulate clean

help:
	@printf '%s\n' \
	  'make run     build the programs and start a server with one simulated device (Ctrl-C ends both);' \
  '             SECURE=1: over DTLS with a pre-shared key' \
	  'make test    build with ASan and UBSan, run every test and each fuzz target for a minute' \
	  'make check   format, clang-tidy, module order, duplicate symbols, licence headers, conformance table, device image' \
	  'make bench   measure, and write docs/benchmarks.md (PEERS=1 adds Leshan)' \
	  'make fuzz    fuzz for long: TARGET=name (default: each in turn), LINNET_FUZZ_SECONDS=3600' \
	  'make simulate  fleets of devices on bad networks for long: SEEDS=10000, FIRST=1' \
  'make models  write models/ anew from DDF files: DDF=folder' \
	  'make format  format the C++ sources' \
	  'make conformance  write docs/conformance.md anew from the tests' \
	  'make setup   install the Debian packages of tools/packages.txt that are missing' \
	  'make clean   remove build/'

setup:
	@tools/setup

run: setup
	@tools/run

test: setup
	@tools/test

check: setup
	@tools/check

bench: setup
	@tools/bench

models: setup
	@tools/models $(DDF)

conformance: setup
	@tools/conformance.py

format: setup
	@tools/format

fuzz: setup
	@tools/fuzz $(TARGET)

simulate: setup
	@tools/simulate $(SEEDS) $(FIRST)

clean:
	rm -rf build
