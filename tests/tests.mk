# Checks of the program: unit tests, end-to-end tests, fuzzers, lint, size, benchmark.

FUZZ_SECONDS = 60
# The processors of test-cpus, if their compilers can be installed.
CPUS = $(if $(shell command -v apt-get),$(filter-out x86_64,$(PROCESSORS)))

# ---- sources

# Tests also get the parsers of all other systems, which take bytes and so run here. Their arena allocates each piece apart, for the
# sanitizers (tests/unit/arena.c).
PARSERS  ?= $(wildcard platform/*/*_parse.c)
LIB_SRC   = $(sort $(filter-out src/main.c src/base/arena.c,$(SRC)) $(PARSERS))
OF_OTHERS ?= tests/unit/windows_helper.c
OF_TLS    = $(if $(filter 0,$(TLS)),$(wildcard tests/unit/tls/test_*.c tests/fuzz/tls/fuzz_*.c))
ALL_TESTS = $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c)
TESTS     = $(patsubst tests/unit/%.c,$(UNIT)/%$(EXE),$(filter-out $(OF_TLS) $(OF_OTHERS),$(ALL_TESTS)))
# Tests of delivery also get a clock of their own, in place of platform/posix/clock.c. Time passes when the test lets it (clock.h).
DELIVERY  = $(addprefix tests/unit/output/,clock.c delivery_helper.c fake_transport.c tcp_receiver.c)
DELIVERY_TESTS = $(addprefix test_,failover limits names output passing pauses reconnects state waits)
# Tests of pods get processes of their own, in place of platform/linux/pods.c.
PODS_MACHINE = tests/unit/count/pods_machine.c
TEST_SRC  = $(filter-out $(ALL_TESTS) $(OF_OTHERS) $(DELIVERY) $(PODS_MACHINE),$(wildcard tests/unit/*.c tests/unit/*/*.c)) $(CMOCKA)
ALL_FUZZERS = $(wildcard tests/fuzz/*/fuzz_*.c)
# The fleet is the code of outputs, with tests/fleet in place of the platform.
FLEET_SRC = $(wildcard tests/fleet/*.c src/base/*.c) $(filter-out %/stdout.c %/unix.c %/url.c %/tls.c,$(wildcard src/output/*.c)) \
            src/tls/none.c src/encode/record.c
FUZZERS   = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(filter-out $(OF_TLS),$(ALL_FUZZERS)))
FUZZ_SRC  = $(filter-out $(ALL_FUZZERS) tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c tests/fuzz/*/*.c)) tests/unit/arena.c

# ---- flags

# Unit tests run under the sanitizers here; TREE=tsan, gcov or plain is another tree of objects, below build/. Those of another
# processor run under qemu, without sanitizers, with its glibc and its FPU; Windows' run under wine.
ifeq ($(OUT),build)
UNIT_CC     = gcc
TREE        = asan
UNIT_asan   = -DSOCKPUSH_SANITIZED -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_tsan   = -DSOCKPUSH_SANITIZED -DONE_IN=7 -O1 -g -fsanitize=thread -fno-omit-frame-pointer
UNIT_gcov   = -DONE_IN=7 -O0 -g --coverage -fprofile-update=atomic
UNIT_plain  = -DONE_IN=7 -O1 -g
UNIT_CFLAGS = $(UNIT_$(TREE))
WRAP_gcov   = -Wl,--wrap=_exit
ASAN        = build/$(TREE)
UNIT        = $(if $(filter asan,$(TREE)),build,$(ASAN))/unit
else
UNIT_CC     = $(firstword $(CC))
UNIT_CFLAGS = -O1 -g -static -DONE_IN=7 -ffunction-sections -Wl,--gc-sections
ASAN        = $(OUT)/plain
UNIT        = $(OUT)/unit
RUN         = $(or $(WINE),$(QEMU_$(CPU)))
endif
FUZZ_CFLAGS = -DSOCKPUSH_SANITIZED -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
OF_TESTS    = -iquote tests -isystem $(dir $(CMOCKA))../include
# mbedTLS compares zero bytes at NULL with zero bytes at NULL if a certificate's name is empty.
$(OF_MBEDTLS): UNIT_CFLAGS += $(if $(filter build,$(OUT)),-fno-sanitize=nonnull-attribute)
$(OF_MBEDTLS): FUZZ_CFLAGS += -fno-sanitize=nonnull-attribute

# ---- targets for people

# End-to-end tests mostly wait, so three run at a time for each processor.
WORKERS = $(shell expr 3 \* $$(nproc))
PYTEST = PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=build/hypothesis $(PYTHON) -m pytest -p no:cacheprovider -rs

test: ## run unit tests, then end-to-end tests; install what they need
	@third_party/install.sh build test node
	@echo 'make test: about 7 minutes from nothing with two processors, later 5; 1 GB in build/'
	@$(MAKE) -j$(shell expr $$(nproc) + 1) --no-print-directory $(if $(V),,-s) receivers $(TARGET) $(TESTS) build/asan/sockpush build/asan/answers
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory fleet FLEET=500
	@$(MAKE) --no-print-directory e2e

unit: need-build-test$(filter-out -linux,-$(OS))$(if $(WINE),-wine)$(CPU:%=-%-emulate) ## run unit tests under ASan and UBSan; CPU=mips: under qemu, for that processor
	@$(MAKE) $(JOBS) $(or $(TESTS),$(error no tests/unit/*/test_*.c))
	@$(if $(WINE),mkdir -p build/wine; $(WINE) cmd /c exit >/dev/null 2>&1 </dev/null)
	@RUN='$(RUN)' tests/unit/run.sh $(TESTS)

E2E = tests/e2e tests/packages
e2e: need-build-test receivers ## run end-to-end tests; E2E=tests/e2e/http or PYTEST_ARGS="-k NAME" chooses, -n0: one at a time
	@$(MAKE) $(JOBS) $(TARGET) build/asan/sockpush build/asan/answers build/bench/lines
	@$(PYTEST) -n$(WORKERS) --dist loadgroup --durations=15 --durations-min=1 $(E2E) $(PYTEST_ARGS)

test-appliance: ## run what `make test` leaves out: test-cpus, then test-boots
	@$(MAKE) --no-print-directory test-cpus
	@$(MAKE) --no-print-directory test-boots

THREADED = $(patsubst tests/unit/%.c,build/tsan/unit/%,$(wildcard tests/unit/output/test_*.c) tests/unit/input/test_listener.c \
	tests/unit/platform/test_platform.c $(if $(filter 0,$(TLS)),,tests/unit/tls/test_memory.c tests/unit/tls/test_flipped.c))
test-threads: need-build-test-threads receivers ## run the tests of what has threads under TSan, and a short run under valgrind
	@$(MAKE) $(JOBS) TREE=tsan build/tsan/sockpush $(THREADED)
	@$(MAKE) $(JOBS) TREE=plain build/plain/sockpush
	@PYTEST='$(PYTEST) -n$(WORKERS) --dist loadgroup' tests/threads.sh $(THREADED)

test-cpus: ## run unit and end-to-end tests of other processors, under qemu-user: CPUS="aarch64 mips"
	@third_party/install.sh build test emulate $(CPUS)
	@$(MAKE) --no-print-directory $(CPUS:%=unit-%) $(CPUS:%=built-%) all
	@SOCKPUSH_TEST_CPUS='$(CPUS)' $(PYTEST) -n$(WORKERS) --dist loadgroup tests/e2e/linux/test_processors.py $(PYTEST_ARGS)
unit-%:
	@$(MAKE) --no-print-directory CPU=$* unit
built-%:
	@$(MAKE) --no-print-directory CPU=$* all

BOOTED = aarch64 s390x mipsel
test-boots: ## boot emulated machines with the binary; PYTEST_ARGS as for e2e
	@third_party/install.sh build test appliance $(BOOTED)
	@$(MAKE) --no-print-directory $(BOOTED:%=appliance-%)
	@$(PYTEST) -n2 tests/appliance $(PYTEST_ARGS)
appliance-%:
	@$(MAKE) $(JOBS) CPU=$* build/$*/sockpush build/$*/appliance && third_party/kernels.sh $*

test-windows: ## run unit and end-to-end tests of sockpush.exe, under wine
	@third_party/install.sh build test node windows wine
	@$(MAKE) --no-print-directory receivers
	@$(MAKE) --no-print-directory OS=windows unit
	@$(MAKE) --no-print-directory OS=windows all
	@SOCKPUSH_TEST_BINARY=tests/e2e/lib/wine.py $(PYTEST) -m windows tests/e2e $(PYTEST_ARGS); status=$$?; tests/e2e/lib/wine.py end; exit $$status

test-packages: ## install packages in fresh trees of Debian 12 and 13, run them under systemd, and remove them
	@third_party/install.sh build test packages
	@$(MAKE) --no-print-directory all
	@SOCKPUSH_TEST_SLOW=1 $(PYTEST) -n$(WORKERS) --dist loadgroup --durations=5 tests/packages $(PYTEST_ARGS)

SOAK_SECONDS = 600
soak: need-build-test receivers ## run all at once for SOAK_SECONDS=600, and check that nothing grows and each line is accounted for
	@$(MAKE) $(JOBS) $(TARGET)
	@SOCKPUSH_TEST_SOAK=$(SOAK_SECONDS) $(PYTEST) -n0 tests/e2e/program/test_soak.py $(PYTEST_ARGS)

FLEET = 10000
fleet: need-build-test ## simulate FLEET=10000 machines and an aggregator that restarts, moves or refuses, in virtual time
	@$(MAKE) $(JOBS) build/fleet/fleet
	@build/fleet/fleet $(FLEET)

receivers: ## unpack the servers that the end-to-end tests push to, without installing them
	@third_party/receivers.sh receivers trixie otlp clients k8s demo release

fuzz: need-build-fuzz ## run each fuzzer for FUZZ_SECONDS=60
	@$(MAKE) $(JOBS) $(or $(FUZZERS),$(error no tests/fuzz/*/fuzz_*.c))
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)
	@[ -z '$(FUZZ_KEEP)' ] || tests/fuzz/keep.sh $(FUZZERS)

tidy: need-build-tidy ## run clang-tidy, as .clang-tidy says: 3 minutes
	@$(MAKE) $(JOBS) build/sockpush
	@COMMON='$(COMMON)' tests/lint/tidy.sh

# All unit tests, and all fuzzers as programs that run files.
COUNTED = $(patsubst build/%,build/gcov/%,$(patsubst $(UNIT)/%,build/unit/%,$(TESTS)) $(FUZZERS))
coverage: need-build-test receivers ## print by file which lines and branches the tests run; END_TO_END=0: unit tests and corpora alone
	@$(MAKE) $(JOBS) TREE=gcov build/gcov/sockpush $(COUNTED)
	@PYTEST='$(PYTEST) -n$(WORKERS) --dist loadgroup' PYTHON='$(PYTHON)' tests/coverage.sh $(COUNTED)

# Tests of all that is pure, by their names below tests/unit.
PURE_TESTS = $(filter-out output/test_reconnects,$(patsubst tests/unit/%.c,%,$(wildcard $(foreach room,base count encode input output platform,tests/unit/$(room)/test_*.c))))
mutants: need-build-test ## change the pure parts in MUTANTS=200 ways by SEED=1, and print what no unit test finds; MUTATE=src/output/ring.c chooses
	@$(MAKE) $(JOBS) TREE=gcov $(PURE_TESTS:%=build/gcov/unit/%)
	@$(MAKE) $(JOBS) TREE=plain $(PURE_TESTS:%=build/plain/unit/%)
	@COMPILE='$(UNIT_CC) $(COMMON) $(OF_TESTS) $(UNIT_plain)' $(PYTHON) tests/mutants.py $(PURE_TESTS)

lint: need-build-test-lint ## check warnings of two compilers, headers, layers, layout, scripts and documents
	@$(MAKE) $(JOBS) build/sockpush $(CMOCKA)
	@CC='$(CC)' COMMON='$(COMMON) $(OF_TESTS)' RELEASE='$(RELEASE)' tests/lint/all.sh

compile-others: need-build-darwin-freebsd ## build for macOS, and compile FreeBSD's part
	@$(MAKE) --no-print-directory OS=darwin CPU=arm64 all
	@$(MAKE) --no-print-directory OS=darwin CPU=x86_64 TLS=0 all
	@$(MAKE) $(JOBS) OS=freebsd objects

bench: need-build-bench all ## write docs/benchmark.md and .svg: the cost of a poll, beside other tools; BENCH=short: print a quick look
	@[ '$(BENCH)' = short ] || third_party/receivers.sh peers receivers
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/bench.py

size: all ## check the binary's size (MAX_SIZE=397312 bytes, 256000 without TLS) and the sizes in docs
	@tests/binary/size.sh $(TARGET) $(OUT)/sockpush.full $(MAX_SIZE)
	@[ $(OS) != linux ] || tests/binary/sizes.sh check $(TARGET) $(FOR_CPU) $(TLS)

twice: all ## build twice, in two directories, and compare the bytes; also with CPU=mips, OS=windows
	@MAKE='$(MAKE) $(JOBS)' tests/binary/twice.sh $(TARGET) "$$(cat $(OUT)/obj/commit)"

# ---- targets for make: two more trees of objects (unit tests, fuzzers) of the same sources

$(DELIVERY_TESTS:%=$(UNIT)/output/%): $(DELIVERY:%.c=$(ASAN)/%.o)
$(addprefix $(UNIT)/count/,test_pods test_pods_ports test_pods_week): $(PODS_MACHINE:%.c=$(ASAN)/%.o)
$(UNIT)/%$(EXE): $(ASAN)/tests/unit/%.o $(TEST_SRC:%.c=$(ASAN)/%.o) $(ASAN)/sockpush.a | $(if $(UNIT_$(CPU)),$(LIBC))
	$(Q)mkdir -p $(@D); $(UNIT_CC) $(UNIT_CFLAGS) -pthread -o $@ $(filter %.o,$^) $(filter %.a,$^) $(UNIT_$(CPU)) $(LIBRARIES) -lm
# test_clock.py runs this program. All end-to-end tests can: SOCKPUSH_TEST_BINARY=build/asan/sockpush make e2e
$(ASAN)/sockpush: $(ASAN)/src/main.o $(ASAN)/src/base/arena.o $(ASAN)/sockpush.a $(if $(filter gcov,$(TREE)),build/gcov/tests/counted_exit.o)
	$(Q)gcc $(UNIT_CFLAGS) $(WRAP_$(TREE)) -pthread -o $@ $^
# The tests of tests/e2e/answers run this one.
build/asan/answers: build/asan/tests/e2e/lib/answers.o build/asan/src/base/arena.o build/asan/sockpush.a
	$(Q)gcc $(UNIT_CFLAGS) -pthread -o $@ $^
$(FUZZERS): build/fuzz/%: build/fuzz/tests/fuzz/%.o $(FUZZ_SRC:%.c=build/fuzz/%.o) build/fuzz/sockpush.a
	$(Q)mkdir -p $(@D); clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -pthread -o $@ $^
# The fuzzers' functions run on the files of their corpora.
$(ASAN)/fuzz/%: $(ASAN)/tests/fuzz/%.o $(FUZZ_SRC:%.c=$(ASAN)/%.o) $(ASAN)/tests/fuzz/replay.o $(ASAN)/sockpush.a
	$(Q)mkdir -p $(@D); $(UNIT_CC) $(UNIT_CFLAGS) -pthread -o $@ $^ -lm
# With the program's own objects, compiler and libraries, which it measures.
build/bench/encode: $(OUT)/obj/tests/bench/encode.o $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out src/main.c,$(SRC))) $(LAYOUT)
	$(Q)mkdir -p $(@D); $(BINARY)
# The helper of the appliance's tests, which is process 1 before sockpush is.
build/$(CPU)/appliance: $(patsubst %.c,build/$(CPU)/obj/%.o,$(wildcard tests/appliance/*.c) $(addprefix src/base/,format.c buf.c arena.c))
	$(Q)$(BINARY)
build/fleet/fleet: $(FLEET_SRC:%.c=build/fleet/%.o)
	$(Q)gcc -pthread -Wl,--gc-sections -o $@ $^ -lm
build/bench/%: tests/bench/%.c
	$(Q)mkdir -p $(@D); gcc -std=c11 -D_GNU_SOURCE -O2 -pthread $(WARN) -o $@ $<

$(ASAN)/sockpush.a: $(LIB_SRC:%.c=$(ASAN)/%.o)
build/fuzz/sockpush.a: $(LIB_SRC:%.c=build/fuzz/%.o)
# --thin: the archive only names its objects.
build/%/sockpush.a:
	$(Q)rm -f $@; ar rcs --thin $@ $^

$(ASAN)/%.o: %.c Makefile tests/tests.mk third_party/sources.mk | $(FETCHED) $(CMOCKA)
	@echo '  TEST $<'
	$(Q)mkdir -p $(@D); $(UNIT_CC) $(COMMON) $(OF_TESTS) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<
# Without the sanitizers, for speed.
build/fleet/%.o: %.c Makefile tests/tests.mk
	@echo '  FLEET $<'
	$(Q)mkdir -p $(@D); gcc $(COMMON) $(OF_TESTS) -O2 -g -ffunction-sections -fdata-sections -MMD -MP -c -o $@ $<
build/fuzz/%.o: %.c Makefile tests/tests.mk third_party/sources.mk | $(FETCHED)
	@echo '  FUZZ $<'
	$(Q)mkdir -p $(@D); clang $(COMMON) $(OF_TESTS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(ASAN) build/fuzz build/fleet -name '*.d' 2>/dev/null)
.PHONY: bench compile-others coverage e2e fleet fuzz lint mutants receivers size soak test test-appliance test-boots test-cpus test-packages test-threads test-windows tidy twice unit
