# The processors of `make dist`, and the compiler of each: Debian's cross compilers, for the smallest machines of each. `make CPU=mips`
# builds for one of them, in build/mips.
#
# mips, mipsel: routers have no FPU, and OpenWrt's kernels do not emulate one, so the binary must not have floating-point
# instructions: tests/e2e/linux/test_processors.py checks. What computes with fractions calls src/base/double.c (NOFPU_mips).
PROCESSORS = x86_64 i386 aarch64 armv7 armv5 mipsel mips riscv64 ppc64le s390x

CC_x86_64  = x86_64-linux-gnu-gcc
CC_i386    = i686-linux-gnu-gcc
CC_aarch64 = aarch64-linux-gnu-gcc
CC_armv7   = arm-linux-gnueabihf-gcc
CC_armv5   = arm-linux-gnueabi-gcc
CC_mipsel  = mipsel-linux-gnu-gcc -msoft-float
CC_mips    = mips-linux-gnu-gcc -msoft-float
CC_riscv64 = riscv64-linux-gnu-gcc
CC_ppc64le = powerpc64le-linux-gnu-gcc -mlong-double-64
CC_s390x   = s390x-linux-gnu-gcc

# More flags of the linker, by the first word of the compiler's machine, so that they also hold where make runs on such a machine.
# arm: the function that a division by zero calls must be linked before link-time optimisation.
# mips: Debian's libgcc is marked as using an FPU, though only its shifts and divisions of 64-bit integers are linked; 64 KiB pages do not exist.
# x86_64: relocations take a tenth of the bytes; binutils support that for few others.
# riscv64: ld counts a text relocation that it later drops.
LINK_arm     = -Wl,-u,raise
LINK_mips    = -Wl,--no-warn-mismatch,-z,max-page-size=16384
LINK_mipsel  = $(LINK_mips)
LINK_riscv64 = -Wl,-z,notext
LINK_x86_64  = -Wl,-z,pack-relative-relocs

# mips: Debian's libgcc computes doubles with FPU instructions, and takes them from an FPU's registers. base/double.c gets its
# names. It is no part of link-time optimisation, after which the calls are made: the linker would link them to nothing, without an error.
NOFPU_mips   = -fno-lto -include platform/linux/nofpu.h
NOFPU_mipsel = $(NOFPU_mips)
$(OUT)/obj/src/base/double.o: RELEASE += $(NOFPU_$(FIRST))

# The layout of the file instead of ld's. Tried for all: s390x and mips fail, ppc64le warns, the others would save 4 KB or less.
LAYOUT_x86_64  = platform/linux/sockpush.ld
LAYOUT_aarch64 = platform/linux/sockpush.ld

# Flags of the assembler, those of musl's configure: link-time optimisation needs the same in all objects.
AS_arm-linux-gnueabihf = -Wa,-mimplicit-it=always -Wa,-mthumb

# Emulators for its programs.
QEMU_i386    = qemu-i386-static
QEMU_aarch64 = qemu-aarch64-static
QEMU_armv7   = qemu-arm-static
QEMU_armv5   = qemu-arm-static
QEMU_mipsel  = qemu-mipsel-static
QEMU_mips    = qemu-mips-static
QEMU_riscv64 = qemu-riscv64-static
QEMU_ppc64le = qemu-ppc64le-static
QEMU_s390x   = qemu-s390x-static

# Unit tests use musl's strncasecmp: glibc's for POWER reads past the end of a text.
UNIT_ppc64le = $(MUSL)/obj/src/string/strncasecmp.o
