# sockpush counts TCP and UDP sockets and pushes the counts. "make help" lists the targets.
#
# There is no configure step, and everything made is in build/. `make` installs nothing: it lists what is missing. `make deps` installs that
# (third_party/packages), and so do `make run` and the targets that begin with test; with NO_INSTALL=1 they only list it.

OS       = linux
CPU      =
TLS      = 1
PREFIX   = /usr/local
CC       = $(or $(CC_$(CPU)),$(if $(CPU),$(error CPU=$(CPU): accepted are $(PROCESSORS)),gcc))
CFLAGS   = -Os -g -flto -flto-partition=one
PYTHON   = /usr/bin/python3
MAX_SIZE = $(if $(filter 0,$(TLS)),256000,397312)
# The folder of the files built for OS and CPU; without CPU, for this machine or for the only processor of that system.
OUT      = build$(filter-out /linux,/$(OS))$(CPU:%=/%)
TARGET   = $(OUT)/sockpush$(EXE)
VERSION  = $(shell sed -n 's/^.define SOCKPUSH_VERSION *"\(.*\)"/\1/p' src/base/version.h)
Q        = $(if $(V),,@)
.DEFAULT_GOAL = all

# ---- sources: only this part chooses the operating system, by folder

include third_party/sources.mk
OTHER_TLS = $(if $(filter 0,$(TLS)),$(wildcard src/tls/mbedtls*.c),src/tls/none.c)
# A file of the system replaces posix/'s file of that name.
POSIX     = $(filter-out $(patsubst platform/$(OS)/%,platform/posix/%,$(wildcard platform/$(OS)/*.c)),$(wildcard platform/posix/*.c))
SRC       = $(filter-out $(OTHER_TLS),$(wildcard src/*.c src/*/*.c) $(POSIX) $(wildcard platform/$(OS)/*.c)) $(FETCHED)

# ---- flags

# -iquote, because with -I <linux/netlink.h> would be a file of platform/linux.
WARN    = -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wundef -Wformat-security -Wwrite-strings
COMMON  = -std=c11 -D_GNU_SOURCE -pthread -iquote src -iquote platform -iquote platform/$(OS) $(INCLUDES) $(WARN)
# No -fcf-protection: it needs every object to have it, and musl's do not.
HARDEN  = -fPIE -Wa,--noexecstack $(AS_$(MACHINE)) -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64% i%86%,$(MACHINE)),-fcf-protection=none)
SMALL   = -ffunction-sections -fdata-sections -fno-unwind-tables -fno-asynchronous-unwind-tables
STRIP   = $(shell $(CC) -print-prog-name=strip) -s -R .comment
RELEASE = $(CFLAGS) $(HARDEN) $(SMALL) -ffile-prefix-map=$(CURDIR)=. $(HEADERS)
LINK    = -Wl,-Map=$@.map,--gc-sections,-z,relro,-z,now,-z,noexecstack,-z,noseparate-code,--build-id=none
# A system's build.mk sets how it differs, and libc.mk how the binary is linked with its C library.
include platform/$(OS)/build.mk
MACHINE := $(shell $(CC) -dumpmachine 2>/dev/null)
include third_party/libc.mk

# ---- targets for people

JOBS  = --no-print-directory $(if $(V),,-s) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
NEEDS = build $(filter-out linux,$(OS)) $(CPU)

all: need ## build the static binary, build/sockpush; CPU=mips: build/mips/sockpush
	@$(MAKE) $(JOBS) $(TARGET)

deps: ## install what `make` needs, or another target's: FOR="build test"
	@third_party/install.sh $(or $(FOR),$(NEEDS))

run: deps ## build it and show the ports of this machine, live, until q
	@$(MAKE) $(JOBS) $(TARGET)
	@demo/run.sh $(TARGET)

demo: all ## run a load, sockpush, VictoriaMetrics and a page with charts on loopback, until Ctrl-C
	@third_party/receivers.sh demo
	@PYTHONDONTWRITEBYTECODE=1 exec $(PYTHON) demo/demo.py

dist: all ## build all processors' binaries, with and without TLS, and packages in build/dist; write their sizes into docs
	@NO_INSTALL=1 third_party/install.sh build dist $(if $(filter linux,$(OS)),rpm) $(PROCESSORS)
	@rm -rf build/dist; mkdir -p build/dist
	@$(MAKE) -j$(shell nproc) -s $(PROCESSORS:%=dist-%)
	@k8s/package.sh build/dist
	@[ $(OS) != linux ] || PYTHONDONTWRITEBYTECODE=1 $(PYTHON) packaging/dist.py build/dist
	@for key in $(wildcard packaging/keys/*.pub); do cp $$key build/dist; done
	@cd build/dist && sha256sum sockpush* >SHA256SUMS && ls -l
	@[ $(OS) != linux ] || tests/binary/sizes.sh write build/dist/sockpush-$(VERSION)-linux

image: ## build the image sockpush:latest; IMAGE_ARGS="--platform linux/arm64" go to its builder
	@docker/image.sh $(IMAGE_ARGS)

install: all ## install the binary in DESTDIR/PREFIX/bin (PREFIX=/usr/local), its manual page and its service
	install -D -m 755 $(TARGET) $(DESTDIR)$(PREFIX)/bin/sockpush$(EXE)
	install -D -m 644 docs/sockpush.8 $(DESTDIR)$(PREFIX)/share/man/man8/sockpush.8
	@[ ! -e platform/$(OS)/service.sh ] || platform/$(OS)/service.sh install '$(DESTDIR)' '$(PREFIX)'

uninstall: ## remove what install copied, except a changed configuration
	rm -f $(DESTDIR)$(PREFIX)/bin/sockpush$(EXE) $(DESTDIR)$(PREFIX)/share/man/man8/sockpush.8
	@[ ! -e platform/$(OS)/service.sh ] || platform/$(OS)/service.sh uninstall '$(DESTDIR)' '$(PREFIX)'

update: ## take newer sources of what is compiled in from Debian, build and test with them; if that fails, all stays as it was
	@mkdir -p build; cp third_party/sources.lock build/
	@{ third_party/update.sh && { cmp -s third_party/sources.lock build/sources.lock || $(MAKE) --no-print-directory all size test; }; } || \
		{ cp build/sources.lock third_party/; echo 'update: third_party/sources.lock is as it was' >&2; exit 1; }

clean: ## remove build/, except the fetched sources
	rm -rf $(filter-out build/third_party,$(wildcard build/*))

distclean: ## remove build/
	rm -rf build

help: ## print this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  \1	/p' $(MAKEFILE_LIST) | expand -t 18

need:
	@NO_INSTALL=1 third_party/install.sh $(NEEDS)
need-%:
	@NO_INSTALL=1 third_party/install.sh $(subst -, ,$*)

# ---- targets for make

$(TARGET): $(OUT)/sockpush.full
	$(Q)$(STRIP) -o $@ $<
$(OUT)/sockpush.full: $(SRC:%.c=$(OUT)/obj/%.o) $(LAYOUT) $(OUT)/obj/tls-$(TLS)
	@echo '  LINK $@'
	$(Q)$(BINARY)
$(OUT)/obj/%.o: %.c Makefile third_party/sources.mk third_party/libc.mk platform/$(OS)/build.mk $(LIBC) | $(FETCHED) $(if $(LIBC),$(OUT)/kernel)
	@echo '  CC   $<'
	$(Q)mkdir -p $(@D); $(CC) $(COMMON) $(RELEASE) -MMD -MP -c -o $@ $<
# What most programs never use is linked as it is compiled where there is a layout, which tells functions by their file: the relay, HTTP with
# what goes only over it, --check, --top; and what only the start uses.
SELDOM = $(filter src/count/pod%.o src/encode/source_pod%.o platform/linux/pod%.o src/input/%.o src/encode/%_metric.o src/encode/otlp%.o src/encode/prometheus%.o src/base/number%.o src/output/http%.o,$(SRC:%.c=%.o)) \
	src/relay.o src/encode/relayed.o src/encode/protobuf.o src/encode/table.o src/base/big.o src/base/hash_bytes.o src/output/parts.o \
	src/check.o src/top.o src/encode/page.o src/encode/top.o src/encode/top_ports.o platform/posix/terminal.o src/pods.o src/sandbox.o src/config/needs.o $(filter platform/linux/sandbox%.o platform/linux/seccomp%.o,$(SRC:%.c=%.o)) platform/posix/listen.o platform/linux/any.o platform/posix/unix_file.o platform/linux/batch.o platform/linux/queue.o
$(filter $(SELDOM:%=$(OUT)/obj/%),$(SRC:%.c=$(OUT)/obj/%.o)): RELEASE += $(if $(LAYOUT),-fno-lto)
# main.o alone has what --version reports of this build, and is built again when that changes. The commit is REVISION, or git's; sources
# without .git have none.
$(OUT)/obj/src/main.o: COMMON += -DSOCKPUSH_CPU='"$(or $(CPU),$(firstword $(subst -, ,$(MACHINE))))"' -DSOCKPUSH_COMMIT="\"$$(cat $(OUT)/obj/commit)\""
$(OUT)/obj/src/main.o: $(OUT)/obj/commit
$(OUT)/obj/commit: FORCE
	$(Q)mkdir -p $(@D); revision='$(REVISION)'; [ -n "$$revision" ] || [ ! -e .git ] || \
	revision=$$(git describe --always --dirty --exclude='*' --abbrev=40 2>/dev/null || :); \
	echo "$$revision" | sed -E 's/^([0-9a-f]{12})[0-9a-f]*/\1/' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@
# Builds with and without TLS link different files.
$(OUT)/obj/tls-$(TLS): FORCE
	$(Q)[ -e $@ ] || { mkdir -p $(@D); rm -f $(OUT)/obj/tls-*; touch $@; }

dist-%:
	$(Q)$(MAKE) -s CPU=$* TLS=0 dist-one && $(MAKE) -s CPU=$* TLS=1 dist-one
dist-one: DIST = build/dist/sockpush-$(VERSION)-$(OS)-$(CPU)$(if $(filter 0,$(TLS)),-no-tls)
dist-one: $(OUT)/sockpush
	$(Q)cp $< $(DIST); $(PYTHON) third_party/contents.py $(DIST) $<.full.map '$(VERSION)' $(MACHINE)-gcc $(shell $(CC) -dumpfullversion) build/dist/sockpush-$(VERSION).licenses

# The image and the package of OpenWrt's SDK are built without these.
-include packaging/packaging.mk tests/tests.mk $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)
FORCE:
.SECONDARY:
.DELETE_ON_ERROR:
.PHONY: FORCE all clean demo deps dist dist-one distclean help image install need run uninstall update
