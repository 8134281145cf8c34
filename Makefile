# Everything that developers and CI run. Each target makes the virtual environments it needs, and
# makes nothing again that is up to date. PYTHON chooses the interpreter; ARGS go to the program,
# PYTEST_ARGS to pytest.

PYTHON ?= python3
ARGS ?=
PYTEST_ARGS ?=

EXTRAS := [cli,credentials,blspy,nym]
VENV := .venv
BIN := $(VENV)/bin
VERSION := $(shell sed -n 's/^VERSION = "\(.*\)"$$/\1/p' sphinxcore/_version.py)
SDIST := dist/sphinxcore-$(VERSION).tar.gz
PURE_WHEEL := dist/sphinxcore-$(VERSION)-py3-none-any.whl
BUILDER := .venv-build
PEERS := vectors/peers/Cargo.toml
NYM_PEERS := vectors/peers/nym/Cargo.toml

C_SOURCES := $(wildcard sphinxcore/kernels/*.[ch] sphinxcore/pipeline/*.[ch])
C_TESTS := $(wildcard tests/*/*.[ch] tests/*/*/*.[ch])
NATIVE_SOURCES := setup.py $(wildcard sphinxcore/*.pyx sphinxcore/*.pxd) $(C_SOURCES)
SDIST_SOURCES := pyproject.toml MANIFEST.in README.md LICENSE CHANGELOG.md Makefile .clang-format .gitignore .ci/run .ci/backends \
  $(NATIVE_SOURCES) $(shell find .github -type f) $(shell find sphinxcore credentials tests vectors benches \( -name target -o -name '.*' \) -prune -o -type f \
    ! -name '*.pyc' ! -name '*.so' -print)

.DELETE_ON_ERROR:
.NOTPARALLEL:
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

# The two commands

.PHONY: run test
run: $(VENV)/native-if-possible ## The main job, `sphinxcore demo`, on the best backend there is.
	@$(BIN)/sphinxcore demo $(ARGS)
	@$(BIN)/credentials demo $(filter --json,$(ARGS))

test: $(VENV)/native $(VENV)/group-test $(VENV)/group-bench ## Everything quick, on every backend that this CPU runs.
	$(BIN)/python vectors/generate.py --check
	$(BIN)/python vectors/generate_credentials.py --check
	$(BIN)/python benches/bench_primitives.py --benchmark-disable --quiet
	$(BIN)/pytest $(PYTEST_ARGS)

# Quality gates

.PHONY: lint format vectors check-isa ct bounds wipe memory failures timing differential emulated asan \
  dist native-wheel wheels dist-check no-native no-compiler
lint: $(VENV)/native $(VENV)/group-lint ## Style, types, and the stub of the native module.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH=$(BIN):$$PATH cython-lint --max-line-length 100 sphinxcore
	$(BIN)/clang-format --dry-run --Werror $(C_SOURCES) $(C_TESTS)
	$(BIN)/mypy
	$(BIN)/mypy tests/typing/api.py
	$(BIN)/python -m mypy.stubtest sphinxcore._native
	$(BIN)/python benches/compare.py --check

format: $(VENV)/group-lint ## Format Python and C as lint wants it.
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(C_SOURCES) $(C_TESTS)

vectors: $(VENV)/base ## Our vectors are what vectors/generate.py makes.
	$(BIN)/python vectors/generate.py --check
	$(BIN)/python vectors/generate_credentials.py --check

check-isa: $(VENV)/native ## No object has instructions or symbols that it must not have.
	$(BIN)/python tests/check_isa.py

ct: $(VENV)/native ## No branch and no address depends on a secret, says Valgrind (portable, avx2).
	$(BIN)/python tests/ct/run.py

bounds: $(VENV)/native $(VENV)/group-test ## Field functions at the limits of their limbs, with UBSan, too.
	$(BIN)/pytest --slow tests/sphinx/test_field_bounds.py

wipe: $(VENV)/native ## The C leaves nothing secret on the stack, in registers or in freed memory.
	$(BIN)/python tests/c/wipe.py

memory: $(VENV)/native $(VENV)/group-test ## Nothing secret is left in a process that used the library and dropped it.
	$(BIN)/python tests/memory/scan.py $(ARGS)

failures: $(VENV)/native $(VENV)/group-test ## Each allocation fails once: MemoryError, no crash, nothing left behind.
	$(BIN)/python tests/memory/failures.py $(ARGS)

timing: $(VENV)/native ## The time of kernels that Valgrind cannot run does not depend on secrets.
	$(BIN)/python tests/c/timing.py $(ARGS)

differential: $(VENV)/native ## 10^6 X25519 against libsodium, 10^5 packets backend against backend.
	$(BIN)/python tests/differential.py $(ARGS)

emulated: $(VENV)/native $(VENV)/group-test ## The vectors on emulated CPUs: Haswell, Nehalem, ARM (needs QEMU).
	$(BIN)/python tests/emulated/run.py

# Python's own allocator hides overflows, and Python itself leaks.
asan: .venv-asan/installed ## The suite under AddressSanitizer and UndefinedBehaviorSanitizer.
	LD_PRELOAD=$$($(CC) -print-file-name=libasan.so) PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
	  .venv-asan/bin/pytest $(PYTEST_ARGS)

.PHONY: ubsan
ubsan: asan ## The same: one build has both sanitizers.

.PHONY: fuzz fuzz-c mutants mutmut
fuzz: $(VENV)/native $(VENV)/group-fuzz ## Fuzz every parser, and packets on all backends, 2 minutes each; ARGS="--jobs 2".
	$(BIN)/python tests/fuzz/run.py $(ARGS)

fuzz-c: $(VENV)/base ## Fuzz the C under sanitizers, backends against each other (needs clang).
	$(BIN)/python tests/fuzz/c/run.py $(ARGS)

mutants: $(VENV)/native $(VENV)/group-test ## The suite notices mistakes in the C, one at a time (an hour or more).
	$(BIN)/python tests/mutants/run.py $(ARGS)

# It takes stale copies for good otherwise.
mutmut: $(VENV)/native $(VENV)/group-mutmut ## Mistakes in the Python of the packet layer (an hour or two); lists what nobody notices.
	rm -rf mutants
	$(BIN)/mutmut run --max-children 2 $(ARGS)

# The suite runs where no sources are, so that it cannot meet a package that is not installed.
dist: $(SDIST) native-wheel no-native ## Build sdist and wheels; run the sdist's tests on each wheel, installed.
	$(PYTHON) tests/check_dist.py dist/*

# A free-threaded Python runs the tests without its lock where PYTHON_GIL=0 says so.
native-wheel: $(SDIST) $(BUILDER)/created ## Build the wheel of PYTHON; run the sdist's tests on it, installed.
	rm -rf build/native .venv-dist
	$(BUILDER)/bin/python tests/build_dist.py native $(SDIST) build/native
	$(PYTHON) tests/check_dist.py $(SDIST) build/native/*.whl
	cp build/native/*.whl dist
	$(call unpack,dist)
	$(call new_venv,.venv-dist)
	.venv-dist/bin/python -m pip install --quiet "$$(echo build/native/*.whl)$(EXTRAS)" --group test
	$(call must_have,.venv-dist,"portable" in backends)
	.venv-dist/bin/sphinxcore info
	cd build && ../.venv-dist/bin/pytest --quiet dist/tests $(PYTEST_ARGS)

PYTHONS ?= $(PYTHON)
wheels: $(SDIST) $(PURE_WHEEL) ## native-wheel for each of PYTHONS="python3.11 python3.14 ...".
	for python in $(PYTHONS); do \
	  name=$$($$python -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))') && \
	  $(MAKE) native-wheel PYTHON=$$python BUILDER=.venv-build-$$name || exit 1; \
	done
	$(PYTHON) tests/check_dist.py dist/*

dist-check: $(SDIST) $(BUILDER)/created ## Build sdist and wheels twice, in different folders: the same bytes.
	$(BUILDER)/bin/python tests/build_dist.py twice $(SDIST)

no-native: .venv-no-native/installed ## The suite on the wheel without the native module, installed.
	$(call unpack,no-native)
	cd build && SPHINXCORE_TEST_BACKENDS=python ../.venv-no-native/bin/pytest --quiet no-native/tests $(PYTEST_ARGS)

no-compiler: .venv-no-compiler/installed ## Without a compiler `auto` installs, and `require` fails.
	$(call unpack,no-compiler)
	! CC=/nonexistent SPHINXCORE_NATIVE=require .venv-no-compiler/bin/python -m pip install --quiet \
	  --force-reinstall --no-deps build/no-compiler 2>/dev/null

# Peers; these need cargo, and go

.PHONY: peer-vectors interop interop-packets interop-messages
peer-vectors: ## Make the peers' vectors anew with their own programs, and show what differs.
	@new=$$(mktemp -d) && trap 'rm -rf "$$new"' EXIT && \
	  cargo run --release --locked --quiet --manifest-path $(PEERS) --bin write_vectors -- "$$new" && \
	  cargo run --release --locked --quiet --manifest-path $(NYM_PEERS) --bin write_nym_vectors -- "$$new" && \
	  go run -C vectors/peers/circl . "$$new" && \
	  $(PYTHON) tests/compare_folders.py "$$new" vectors

interop: interop-packets interop-messages ## Packets and messages between the library and the Rust crates.

interop-packets: $(VENV)/native ## 10,000 packets each way.
	$(BIN)/python tests/interop.py $(ARGS)

interop-messages: $(VENV)/native ## 1,000 messages each way, with each release of Nym's crates.
	$(BIN)/python tests/interop_nym.py $(ARGS)

# Figures; peers are left out where there is no cargo

BENCHES := peers stages x25519 batches threads primitives compilers credentials frames messages
.PHONY: bench $(addprefix bench-,$(BENCHES)) bench-table
bench: $(addprefix bench-,$(BENCHES)) ## Run all benches; ARGS=--save keeps what they measure.

$(addprefix bench-,$(BENCHES)): bench-%: $(VENV)/native $(VENV)/group-bench
	$(BIN)/python benches/bench_$*.py $(ARGS)

bench-table: $(VENV)/base ## Write the READMEs' speed tables and the picture from what was saved; list the goals.
	$(BIN)/python benches/compare.py
	$(BIN)/python benches/compare.py --goals

RESULTS ?= benches/results
REPORT ?= build/report.html
.PHONY: bench-report bench-gate bench-store
bench-report: $(VENV)/base ## Write what is in RESULTS as a page, REPORT.
	mkdir -p $(dir $(REPORT))
	$(BIN)/python benches/compare.py --stored $(RESULTS) report $(REPORT)

bench-gate: $(VENV)/base ## Fail if RESULTS=<file or folder> are over 10 % slower than stored ones.
	$(BIN)/python benches/compare.py gate $(RESULTS)

bench-store: $(VENV)/base ## Take RESULTS over into benches/results.
	$(BIN)/python benches/compare.py store $(RESULTS)

# Documents, and what everything is made of

.PHONY: docs links requirements sbom
docs: $(VENV)/group-docs ## Build the API reference, build/docs; every public name is there, with a docstring.
	rm -rf build/docs
	$(BIN)/python -W error .github/docs/build.py build/docs

links: $(VENV)/native-if-possible $(VENV)/group-test ## The documents' links to other sites still lead somewhere.
	$(BIN)/pytest --slow -k external tests/test_readme.py

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes \
  --custom-compile-command 'make requirements' $(ARGS) pyproject.toml
requirements: $(VENV)/group-lock ## Write .github/requirements/ from pyproject.toml; ARGS=--upgrade takes new versions.
	$(COMPILE) --group dev --output-file .github/requirements/development.txt
	$(COMPILE) --constraints .github/requirements/development.txt --output-file .github/requirements/package.txt

sbom: $(VENV)/group-lock ## Write build/sbom.json: the package's dependencies as CycloneDX.
	$(BIN)/python .github/sbom.py build/sbom.json

.PHONY: clean
clean: ## Remove everything that git ignores here.
	rm -rf .venv* build dist *.egg-info sphinxcore/*.so vectors/peers/target vectors/peers/nym/target benches/peers/target benches/credential_peers/target
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks mutants
	find sphinxcore credentials tests vectors benches -name __pycache__ -prune -exec rm -rf {} +

# Environments. A stamp stands for what was installed. The package is installed from this folder,
# so that changes of Python files need nothing; the native module is built in place, incrementally.

define new_venv
@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("sphinxcore needs \
Python >= 3.11, and $(PYTHON) is %d.%d: set PYTHON=python3.x" % v[:2])'
$(PYTHON) -m venv $(1)
$(1)/bin/python -m pip install --quiet $(if $(LOCKED),--require-hashes --requirement .github/requirements/development.txt,--upgrade 'pip>=25.1')
endef

define unpack
rm -rf build/$(1)
mkdir -p build/$(1)
tar -xzf $(SDIST) -C build/$(1) --strip-components=1
endef

# What the package installed there says of its backends; -P: not the one in this folder.
must_have = $(1)/bin/python -P -c 'import sphinxcore as sx, sys; \
  backends = sx.available_backends(); sys.exit(0 if $(2) else f"it has {backends}")'

$(VENV)/created:
	$(call new_venv,$(VENV))
	touch $@

$(VENV)/base: $(VENV)/created pyproject.toml
	$(BIN)/python -m pip install --quiet --group build
	PYTHONWARNINGS=ignore SPHINXCORE_NATIVE=off \
	  $(BIN)/python -m pip install --quiet --no-build-isolation --editable '.$(EXTRAS)'
	touch $@

GROUPS := $(addprefix $(VENV)/group-,test bench lint docs lock fuzz mutmut)
$(GROUPS): $(VENV)/group-%: $(VENV)/base
	$(BIN)/python -m pip install --quiet --group $*
	touch $@

$(VENV)/native: $(VENV)/base $(NATIVE_SOURCES)
	SPHINXCORE_NATIVE=require $(BIN)/python setup.py --quiet build_ext --inplace
	touch $@

$(VENV)/native-if-possible: $(VENV)/base $(NATIVE_SOURCES)
	SPHINXCORE_NATIVE=auto $(BIN)/python setup.py --quiet build_ext --inplace
	@ls sphinxcore/_native.*.so >/dev/null 2>&1 && touch $@ || echo "Going on without the native module."

# Others hold the package as users install it, from the sdist or the pure wheel.

.venv-no-native/installed: $(PURE_WHEEL)
	rm -rf .venv-no-native
	$(call new_venv,.venv-no-native)
	.venv-no-native/bin/python -m pip install --quiet '$(PURE_WHEEL)$(EXTRAS)' --group test
	$(call must_have,.venv-no-native,backends == ("python",))
	touch $@

.venv-no-compiler/installed: $(SDIST)
	rm -rf .venv-no-compiler
	$(call new_venv,.venv-no-compiler)
	$(call unpack,no-compiler)
	CC=/nonexistent SPHINXCORE_NATIVE=auto .venv-no-compiler/bin/python -m pip install --quiet build/no-compiler
	$(call must_have,.venv-no-compiler,backends == ("python",))
	touch $@

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
.venv-asan/installed: $(SDIST)
	rm -rf .venv-asan
	$(call new_venv,.venv-asan)
	$(call unpack,asan)
	CFLAGS='$(SANITIZE)' LDFLAGS='$(SANITIZE)' SPHINXCORE_NATIVE=require \
	  .venv-asan/bin/python -m pip install --quiet 'build/asan$(EXTRAS)' --group test
	nm -D .venv-asan/lib/python*/site-packages/sphinxcore/_native.*.so | grep -q __asan_init
	touch $@

# What is published. All that is in dist/ was made from the sdist there.

$(BUILDER)/created: pyproject.toml
	rm -rf $(BUILDER)
	$(call new_venv,$(BUILDER))
	$(BUILDER)/bin/python -m pip install --quiet --group build --group dist
	touch $@

$(SDIST): $(SDIST_SOURCES) | $(BUILDER)/created
	rm -rf dist
	$(BUILDER)/bin/python tests/build_dist.py sdist . dist

$(PURE_WHEEL): $(SDIST) | $(BUILDER)/created
	$(BUILDER)/bin/python tests/build_dist.py pure $(SDIST) dist
