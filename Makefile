# sockpush counts TCP and UDP sockets and pushes the counts. "make help" lists the targets.
#
# No configure step. What is generated lies in build/. A target that needs a package which is missing says so and installs it
# (third_party/packages; NO_INSTALL=1: only says so), and nothing else outside of the tree is changed but by "make install".

OS           = linux
NEED         = $(filter-out -linux,-$(OS))
CPU          =
PREFIX       = /usr/local
CC           = $(or $(CC_$(CPU)),$(if $(CPU),$(error CPU=$(CPU): accepted are $(PROCESSORS)),gcc))
# Where what is built for OS and CPU lies; without CPU, for this machine or for the one there is.
OUT          = build$(filter-out /linux,/$(OS))$(CPU:%=/%)
TARGET       = $(OUT)/sockpush$(EXE)
CFLAGS       = -Os -g -flto -flto-partition=one
FUZZ_SECONDS = 10
# Those that the tests try besides this machine's own, where there are compilers for them.
CPUS         = $(if $(shell command -v apt-get),aarch64 mips)
OTHER_CPUS   = $(filter-out $(CPUS) x86_64,$(PROCESSORS))
TLS          = 1
MAX_SIZE     = $(if $(filter 0,$(TLS)),114688,327680)
PYTHON       = /usr/bin/python3
VERSION      = $(shell sed -n 's/^.define SOCKPUSH_VERSION "\(.*\)"/\1/p' src/base/version.h)
Q            = $(if $(V),,@)
SPACE        = $(subst x,,x x)

# ---- sources: the operating system is chosen here, by folder, and by nothing else

CJSON    = build/third_party/cjson/cJSON.c
CMOCKA   = build/third_party/cmocka/src/cmocka.c
include third_party/mbedtls.mk
ifeq ($(TLS),0)
OTHER    = $(wildcard src/tls/mbedtls*.c)
OF_TLS   = $(wildcard tests/unit/tls/test_*.c tests/fuzz/tls/fuzz_*.c)
else
OTHER    = src/tls/none.c
TLS_SRC  = $(MBEDTLS_FILES:%=$(MBEDTLS)/library/%.c)
endif
FETCHED  = $(CJSON) $(TLS_SRC)
# A file of the system's own takes the place of posix/'s of that name.
POSIX    = $(filter-out $(patsubst platform/$(OS)/%,platform/posix/%,$(wildcard platform/$(OS)/*.c)),$(wildcard platform/posix/*.c))
SRC      = $(filter-out $(OTHER),$(wildcard src/*.c src/*/*.c) $(POSIX) $(wildcard platform/$(OS)/*.c)) $(FETCHED)
PARSERS  = $(wildcard platform/*/*_parse.c)
# Tests also get the parsers of every other system: those take bytes, so they run here.
# Their arena allocates each piece apart, for the sanitizers (tests/unit/arena.c).
LIB_SRC  = $(sort $(filter-out src/main.c src/base/arena.c,$(SRC)) $(PARSERS))
TESTS    = $(patsubst tests/unit/%.c,$(OUT)/unit/%$(EXE),$(filter-out $(OF_TLS) $(OF_OTHERS),$(wildcard tests/unit/test_*.c tests/unit/*/test_*.c)))
OF_OTHERS = tests/unit/windows_helper.c
TEST_SRC = $(filter-out $(OF_OTHERS) $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c),$(wildcard tests/unit/*.c tests/unit/*/*.c)) $(CMOCKA)
FUZZERS  = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(filter-out $(OF_TLS),$(wildcard tests/fuzz/*/fuzz_*.c)))
FUZZ_SRC = $(filter-out $(wildcard tests/fuzz/*/fuzz_*.c),$(wildcard tests/fuzz/*.c tests/fuzz/*/*.c)) tests/unit/arena.c

# ---- flags

# -iquote: with -I, <linux/netlink.h> would be ours in platform/linux. third_party: its mbedtls/mbedtls_config.h, instead of mbedTLS's own.
WARN    = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wformat-security -Wwrite-strings
COMMON  = -std=c11 -D_GNU_SOURCE -pthread -iquote src -iquote platform -iquote platform/$(OS) -iquote tests -isystem $(dir $(CJSON)) \
          -isystem $(MBEDTLS)/include -isystem $(dir $(CMOCKA))../include -iquote third_party $(WARN)
# No -fcf-protection: it takes effect only where every object has it, and musl's have not.
HARDEN  = -fPIE -Wa,--noexecstack $(AS_$(MACHINE)) -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64% i%86%,$(MACHINE)),-fcf-protection=none)
SMALL   = -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
STRIP   = $(shell $(CC) -print-prog-name=strip) -s -R .comment
RELEASE = $(CFLAGS) $(HARDEN) $(SMALL) -ffile-prefix-map=$(CURDIR)=. $(HEADERS)
LINK    = -Wl,-Map=$@.map,--gc-sections,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code,--build-id=none

CMOCKA_HAS = -DHAVE_SIGNAL_H -DHAVE_STRSIGNAL -DHAVE_SIGLONGJMP -DHAVE_STRUCT_TIMESPEC -DHAVE_CLOCK_REALTIME

# What of all this another system has otherwise.
include platform/$(OS)/build.mk
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq ($(BINARY),)
else ifneq ($(findstring musl,$(MACHINE)),)
# The system's own C library is musl.
BINARY  = $(CC) $(RELEASE) -static-pie $(LINK) -o $@ $(filter %.o,$^)
else
# Beside another C library: musl of its pinned source, once for each compiler (third_party/musl.mk). /usr/include stays hidden, but
# for the kernel's headers: $(OUT)/kernel links to those alone. None of gcc's start files, which are for C++ and shared libraries.
MUSL    = build/third_party/musl-$(MACHINE)-gcc$(shell $(CC) -dumpfullversion 2>/dev/null)
LIBC    = $(MUSL)/lib/libc.a
LAYOUT  = $(LAYOUT_$(firstword $(subst -, ,$(MACHINE))))
HEADERS = -nostdinc -isystem $(MUSL)/include -isystem $(shell $(CC) -print-file-name=include) -idirafter $(OUT)/kernel
BINARY  = $(CC) $(RELEASE) -static -nostdlib -Wl,-pie,--no-dynamic-linker,-z,text $(LAYOUT:%=-T %) $(LINK) -o $@ $(MUSL)/lib/rcrt1.o $(filter %.o,$^) \
          -Wl,--start-group $(LIBC) -lgcc -Wl,--end-group $(LINK_$(firstword $(subst -, ,$(MACHINE))))
endif

# Unit tests run under the sanitizers here; those of another processor under qemu, without, and with its glibc and that one's FPU; Windows' under wine.
ifeq ($(OUT),build)
UNIT_CC     = gcc
UNIT_CFLAGS = -DSOCKPUSH_SANITIZED -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN        = build/asan
else
UNIT_CC     = $(firstword $(CC))
UNIT_CFLAGS = -O1 -g -static -DONE_IN=7 -ffunction-sections -Wl,--gc-sections
ASAN        = $(OUT)/plain
RUN         = $(or $(WINE),$(QEMU_$(CPU)))
endif
FUZZ_CFLAGS = -DSOCKPUSH_SANITIZED -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# ---- what a person calls. Each installs what it lacks, then calls make again, which by then finds the compiler.

JOBS = --no-print-directory $(if $(V),,-s) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

all: need-build$(NEED)$(CPU:%=-%) ## the static binary, build/sockpush; CPU=mips: for that processor, build/mips/sockpush
	@$(MAKE) $(JOBS) $(TARGET)

run: all ## build it, then show live counts of this machine until Ctrl-C
	@echo 'Counting the sockets of this machine; Ctrl-C ends it.'
	@trap : INT; \
	SOCKPUSH_TO=stdout: SOCKPUSH_FORMAT=table SOCKPUSH_INTERVAL=$${SOCKPUSH_INTERVAL:-2s} build/sockpush || exit; \
	echo; echo 'To push these counts to an aggregator, say where it is:'; \
	echo '    SOCKPUSH_TO=udp://HOST:8125 build/sockpush                  StatsD with tags (DogStatsD)'; \
	echo '    SOCKPUSH_TO=influx+udp://HOST:8089 build/sockpush           InfluxDB line protocol'; \
	echo '    SOCKPUSH_TO=influx+tls://HOST:6514 build/sockpush           the same over TLS; or tcp://'; \
	echo "    SOCKPUSH_TO='http://HOST:8086/write?db=NAME' build/sockpush   the same by HTTP; or https://"; \
	echo '    SOCKPUSH_TO=unix:///run/datadog/dsd.socket build/sockpush   a Unix socket, as the Datadog agent has'; \
	echo 'SOCKPUSH_PORTS=80,443 adds series for these ports. build/sockpush --help and README.md tell the rest.'

demo: all ## a load, sockpush, VictoriaMetrics and a page that draws what is stored, on loopback, until Ctrl-C
	@third_party/receivers.sh demo
	@PYTHONDONTWRITEBYTECODE=1 exec $(PYTHON) demo/demo.py

test: ## unit tests, then end-to-end tests; of two other processors, too, under qemu: CPUS="aarch64 mips"
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory unit-cpus
	@$(MAKE) --no-print-directory e2e

unit: need-build-test$(NEED)$(if $(WINE),-wine)$(CPU:%=-%-emulate) ## unit tests under ASan and UBSan; CPU=mips: for that processor, under qemu
	@$(MAKE) $(JOBS) $(or $(TESTS),$(error no tests/unit/*/test_*.c))
	@$(if $(WINE),mkdir -p build/wine; $(WINE) cmd /c exit >/dev/null 2>&1 </dev/null)
	@rm -f $(OUT)/unit/failed; printf '%s\n' $(TESTS) | xargs -P$(shell nproc) -I{} sh -c '$(RUN) {} >{}.log 2>&1 || echo {} >>$(OUT)/unit/failed; echo {}; cat {}.log'
	@[ ! -e $(OUT)/unit/failed ] || { echo unit tests failed: $$(cat $(OUT)/unit/failed) >&2; exit 1; }

unit-cpus:
	@for cpu in $(CPUS); do $(MAKE) --no-print-directory CPU=$$cpu unit || exit; done

cpus: need-build-emulate
	@for cpu in $(CPUS); do $(MAKE) --no-print-directory CPU=$$cpu all || exit; done

e2e: need-build-test all cpus receivers ## end-to-end tests; PYTEST_ARGS="-k NAME" chooses, -n0: one at a time
	@$(MAKE) $(JOBS) build/asan/sockpush
	@PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=build/hypothesis SOCKPUSH_TEST_CPUS='$(CPUS)' \
		$(PYTHON) -m pytest -p no:cacheprovider -rs -n3 --dist loadgroup tests/e2e $(PYTEST_ARGS)

test-appliance: ## what `make test` leaves out: test-cpus, then test-boots
	@$(MAKE) --no-print-directory test-cpus
	@$(MAKE) --no-print-directory test-boots

test-cpus: ## unit tests and end-to-end tests of the other processors, under qemu-user
	@$(MAKE) --no-print-directory unit-cpus CPUS='$(OTHER_CPUS)'
	@$(MAKE) --no-print-directory e2e CPUS='$(OTHER_CPUS)' PYTEST_ARGS='-k test_processors'

test-boots: need-build-test-appliance-aarch64-s390x-mipsel ## the binary as process 1 of emulated machines; PYTEST_ARGS as of e2e
	@for cpu in aarch64 s390x mipsel; do $(MAKE) $(JOBS) CPU=$$cpu build/$$cpu/sockpush build/$$cpu/appliance && third_party/kernels.sh $$cpu || exit; done
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -p no:cacheprovider -rs -n2 tests/appliance $(PYTEST_ARGS)

# What Windows has of its own: tables, outputs, TLS, ends. The rest asks for Linux's tables in files, Unix sockets or signals, or tries what is the same code.
OF_WINDOWS = $(foreach test,windows hosted states end arguments http_posts http_receivers receiver_influxdb receiver_victoriametrics receiver_stunnel \
	stream_delivery stream_failover tls_peers tls_refused,$(wildcard tests/e2e/*/test_$(test).py))

test-windows: need-build-test-windows-wine receivers ## unit tests and end-to-end tests of sockpush.exe, under wine
	@$(MAKE) --no-print-directory OS=windows unit
	@$(MAKE) --no-print-directory OS=windows all
	@SOCKPUSH_TEST_BINARY=tests/e2e/lib/wine.py PYTHONDONTWRITEBYTECODE=1 HYPOTHESIS_STORAGE_DIRECTORY=build/hypothesis \
		$(PYTHON) -m pytest -p no:cacheprovider -rs $(OF_WINDOWS) $(PYTEST_ARGS); status=$$?; tests/e2e/lib/wine.py end; exit $$status

receivers: ## the servers that the end-to-end tests push to, unpacked, not installed
	@for purpose in receivers k8s demo release; do third_party/receivers.sh $$purpose; done

fuzz: need-build-fuzz ## each fuzzer for FUZZ_SECONDS=10
	@$(MAKE) $(JOBS) $(or $(FUZZERS),$(error no tests/fuzz/*/fuzz_*.c))
	@for f in $(FUZZERS); do \
		name=$${f##*/fuzz_}; corpus=build/fuzz/corpus/$$name; mkdir -p $$corpus; \
		[ ! -d tests/fuzz/corpus/$$name ] || cp tests/fuzz/corpus/$$name/* $$corpus/; \
		echo "fuzz $$name: $(FUZZ_SECONDS) s"; \
		$$f -max_total_time=$(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 -artifact_prefix=build/fuzz/$$name- $$corpus || exit; \
	done

lint: need-build-test-lint ## warnings of two compilers, headers, scripts, README against --help
	@$(MAKE) $(JOBS) build/sockpush $(CMOCKA)
	@CC='$(CC)' COMMON='$(COMMON)' RELEASE='$(RELEASE)' tests/lint/all.sh

compile-others: ## that it builds for macOS, and what of it asks the system, for FreeBSD
	@$(MAKE) --no-print-directory OS=darwin CPU=arm64 all
	@$(MAKE) --no-print-directory OS=darwin CPU=x86_64 TLS=0 all
	@third_party/install.sh freebsd
	@$(MAKE) $(JOBS) OS=freebsd objects

bench: need-build-bench all ## what a poll costs, beside other tools
	@third_party/receivers.sh peers
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/bench/bench.py

size: all ## what the binary is made of; fails above MAX_SIZE=327680 bytes, without TLS 114688
	@size $(TARGET); size -A -d $(TARGET) | awk '$$2 > 0'
	@echo 'bytes of code by source file, the ten largest (inlined code counts where it ended up):'
	@nm -S --radix=d $(OUT)/sockpush.full | awk 'NF == 4 && $$3 ~ /[tT]/ { print $$2 }' >build/size
	@nm -S --radix=x $(OUT)/sockpush.full | awk 'NF == 4 && $$3 ~ /[tT]/ { print "0x" $$1 }' | addr2line -e $(OUT)/sockpush.full | paste -d ' ' build/size - | \
		awk '{ sub(/:.*/, "", $$2); bytes[$$2] += $$1 } END { for (file in bytes) printf "%8d %s\n", bytes[file], file }' | sort -rn | head -n 10
	@echo 'largest symbols:'; nm -S --size-sort --radix=d $(OUT)/sockpush.full | tail -n 10 | awk '{ printf "%8d %s\n", $$2, $$4 }'
	@bytes=$$(wc -c <$(TARGET)); echo "$(TARGET): $$bytes bytes, allowed: $(MAX_SIZE)"; [ "$$bytes" -le $(MAX_SIZE) ]

twice: all ## build it again in another directory: the same bytes? CPU=mips, OS=windows: of those
	@rm -rf build/twice; mkdir -p build/twice/build/third_party; cp -R Makefile src platform third_party build/twice; cp build/third_party/*.tarball build/twice/build/third_party
	@$(MAKE) $(JOBS) -C build/twice $(TARGET)
	@cmp $(TARGET) build/twice/$(TARGET) && echo 'two builds, the same bytes'

dist: need-build-dist-$(subst $(SPACE),-,$(PROCESSORS)) all ## the binaries for all processors, with TLS and without, sums, contents and licences, in build/dist
	@rm -rf build/dist; mkdir -p build/dist
	@printf '%s\n' $(PROCESSORS) | xargs -P$(shell nproc) -I{} sh -c 'for tls in 0 1; do $(MAKE) -s CPU={} TLS=$$tls dist-one || exit; done'
	@cd build/dist && sha256sum sockpush* >SHA256SUMS && ls -l

image: ## the container image sockpush:latest; IMAGE_ARGS="--platform linux/arm64" are its builder's
	@docker/image.sh $(IMAGE_ARGS)

install: all ## the binary to DESTDIR/PREFIX/bin, PREFIX=/usr/local, and the files that make it a service
	install -D -m 755 $(TARGET) $(DESTDIR)$(PREFIX)/bin/sockpush$(EXE)
	@[ ! -e platform/$(OS)/service.sh ] || platform/$(OS)/service.sh install '$(DESTDIR)' '$(PREFIX)'

uninstall: ## remove what install copied, but for a configuration
	rm -f $(DESTDIR)$(PREFIX)/bin/sockpush$(EXE)
	@[ ! -e platform/$(OS)/service.sh ] || platform/$(OS)/service.sh uninstall '$(DESTDIR)' '$(PREFIX)'

clean: ## remove build/, but for the fetched sources
	rm -rf $(filter-out build/third_party,$(wildcard build/*))

distclean: ## remove build/
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  \1	/p' Makefile | expand -t 18

need-%:
	@third_party/install.sh $(subst -, ,$*)

# ---- what make builds: three trees of objects (release, unit tests, fuzzers) of the same sources

$(TARGET): $(OUT)/sockpush.full
	$(Q)$(STRIP) -o $@ $<
$(OUT)/sockpush.full: $(SRC:%.c=$(OUT)/obj/%.o) $(LAYOUT) $(OUT)/obj/tls-$(TLS)
	@echo '  LINK $@'
	$(Q)$(BINARY)

dist-one: DIST = build/dist/sockpush-$(VERSION)-$(OS)-$(CPU)$(if $(filter 0,$(TLS)),-no-tls)
dist-one: $(OUT)/sockpush
	$(Q)cp $< $(DIST); $(PYTHON) third_party/contents.py $(DIST) $<.full.map '$(VERSION)' $(MACHINE)-gcc $(shell $(CC) -dumpfullversion) build/dist/sockpush-$(VERSION).licenses

$(OUT)/unit/%$(EXE): $(ASAN)/tests/unit/%.o $(TEST_SRC:%.c=$(ASAN)/%.o) $(ASAN)/sockpush.a | $(if $(UNIT_$(CPU)),$(LIBC))
	$(Q)mkdir -p $(@D); $(UNIT_CC) $(UNIT_CFLAGS) -pthread -o $@ $^ $(UNIT_$(CPU)) $(LIBRARIES)
# For test_clock.py, and for all end-to-end tests under the sanitizers: SOCKPUSH_TEST_BINARY=build/asan/sockpush make e2e
build/asan/sockpush: build/asan/src/main.o build/asan/src/base/arena.o build/asan/sockpush.a
	$(Q)gcc $(UNIT_CFLAGS) -pthread -o $@ $^
$(FUZZERS): build/fuzz/%: build/fuzz/tests/fuzz/%.o $(FUZZ_SRC:%.c=build/fuzz/%.o) build/fuzz/sockpush.a
	$(Q)mkdir -p $(@D); clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -pthread -o $@ $^
# With the program's own objects, compiler and libraries, for it measures them.
build/bench/encode: $(OUT)/obj/tests/bench/encode.o $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out src/main.c,$(SRC))) $(LAYOUT)
	$(Q)mkdir -p $(@D); $(BINARY)
# The helper of the appliance's tests, which is process 1 before sockpush is.
build/$(CPU)/appliance: build/$(CPU)/obj/tests/appliance/helper.o
	$(Q)$(BINARY)
build/bench/%: tests/bench/%.c
	$(Q)mkdir -p $(@D); gcc -std=c11 -D_GNU_SOURCE -O2 -pthread $(WARN) -o $@ $<

$(ASAN)/sockpush.a: $(LIB_SRC:%.c=$(ASAN)/%.o)
build/fuzz/sockpush.a: $(LIB_SRC:%.c=build/fuzz/%.o)
build/%/sockpush.a:
	$(Q)rm -f $@; ar rcs $@ $^

$(OUT)/obj/%.o: %.c Makefile platform/$(OS)/build.mk $(LIBC) | $(FETCHED) $(if $(LIBC),$(OUT)/kernel)
	@echo '  CC   $<'
	$(Q)mkdir -p $(@D); $(CC) $(COMMON) $(RELEASE) -MMD -MP -c -o $@ $<
$(ASAN)/%.o: %.c Makefile | $(FETCHED) $(CMOCKA)
	@echo '  TEST $<'
	$(Q)mkdir -p $(@D); $(UNIT_CC) $(COMMON) $(UNIT_CFLAGS) -MMD -MP -c -o $@ $<
build/fuzz/%.o: %.c Makefile | $(FETCHED)
	@echo '  FUZZ $<'
	$(Q)mkdir -p $(@D); clang $(COMMON) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<
%/cJSON.o: WARN = -w -include third_party/cjson_config.h
%/cmocka.o: WARN = -w -DHAVE_MALLOC_H -DHAVE_STRINGS_H -DHAVE_INTTYPES_H -DHAVE_UINTPTR_T -DHAVE_SNPRINTF -DHAVE_VSNPRINTF -DHAVE_GCC_THREAD_LOCAL_STORAGE \
	$(CMOCKA_HAS)
$(OUT)/obj/$(MBEDTLS)/library/%.o $(ASAN)/$(MBEDTLS)/library/%.o build/fuzz/$(MBEDTLS)/library/%.o: WARN = -w
# It compares nothing at NULL with nothing at NULL, where a certificate's name is empty.
$(ASAN)/$(MBEDTLS)/library/%.o: UNIT_CFLAGS += -fno-sanitize=nonnull-attribute
build/fuzz/$(MBEDTLS)/library/%.o: FUZZ_CFLAGS += -fno-sanitize=nonnull-attribute
# Its assembly has labels that the link-time optimiser would tear apart.
$(OUT)/obj/$(MBEDTLS)/library/aesni.o: RELEASE += -fno-lto

# A build with TLS and one without differ in what is linked.
$(OUT)/obj/tls-$(TLS): FORCE
	$(Q)[ -e $@ ] || { mkdir -p $(@D); rm -f $(OUT)/obj/tls-*; touch $@; }
FORCE:

$(CJSON): third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh cjson
$(CMOCKA): third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh cmocka
$(TLS_SRC) &: third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh mbedtls
build/third_party/musl/configure: third_party/sources.lock third_party/fetch.sh
	@third_party/fetch.sh musl

build/third_party/musl-%/lib/libc.a: third_party/musl.mk build/third_party/musl/configure
	@echo '  MAKE $@'
	$(Q)rm -rf $(MUSL); mkdir -p $(MUSL); $(MAKE) -C $(MUSL) -f ../../../third_party/musl.mk CC='$(CC)'

$(OUT)/kernel:
	$(Q)mkdir -p $@; for d in linux asm-generic asm; do \
		for from in /usr/$(MACHINE)/include/$$d /usr/include/$(MACHINE)/$$d /usr/include/$$d; do [ ! -d $$from ] || { ln -sfn $$from $@/$$d; break; }; done; done

-include $(shell find $(OUT)/obj $(ASAN) build/fuzz -name '*.d' 2>/dev/null)
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: FORCE all compile-others cpus demo objects image dist dist-one run test test-appliance test-boots test-cpus test-windows unit-cpus unit e2e receivers fuzz lint bench size twice install uninstall clean distclean help
