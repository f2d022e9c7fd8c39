# The processors that "make dist" builds for, and the compiler of each: Debian's cross compilers, and what the kind's smallest
# machines have. `make CPU=mips` builds for one of them, in build/mips.
#
# mips, mipsel: routers have no FPU, and OpenWrt's kernels do not pretend to be one. Nothing here computes with fractions (rules_json.c),
# so no instruction of one may be in the binary: tests/e2e/linux/test_processors.py looks.
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

# What the linker is told besides, by the first word of the compiler's machine; so also where make runs on such a machine.
# arm: what a division by zero calls must be there before link-time optimisation.
# mips: Debian's libgcc says that it wants an FPU, though of it only divisions of 64-bit integers are linked; 64 KiB pages do not exist.
# x86_64: relocations in a tenth of the bytes; binutils have it for few others.
# riscv64: ld counts a relocation of the text that in the end is none.
LINK_arm     = -Wl,-u,raise
LINK_mips    = -Wl,--no-warn-mismatch,-z,max-page-size=16384
LINK_mipsel  = $(LINK_mips)
LINK_riscv64 = -Wl,-z,notext
LINK_x86_64  = -Wl,-z,pack-relative-relocs

# Its layout of the file in place of ld's own. Tried for all: s390x and mips refuse it, ppc64le warns, the others would save 4 KB or less.
LAYOUT_x86_64  = platform/linux/sockpush.ld
LAYOUT_aarch64 = platform/linux/sockpush.ld

# The assembler, as musl's configure chooses: link-time optimisation wants the same in all objects.
AS_arm-linux-gnueabihf = -Wa,-mimplicit-it=always -Wa,-mthumb

# What runs its programs here.
QEMU_i386    = qemu-i386-static
QEMU_aarch64 = qemu-aarch64-static
QEMU_armv7   = qemu-arm-static
QEMU_armv5   = qemu-arm-static
QEMU_mipsel  = qemu-mipsel-static
QEMU_mips    = qemu-mips-static
QEMU_riscv64 = qemu-riscv64-static
QEMU_ppc64le = qemu-ppc64le-static
QEMU_s390x   = qemu-s390x-static

# For unit tests, in place of their C library's: glibc's for POWER reads behind the end of a text.
UNIT_ppc64le = $(MUSL)/obj/src/string/strncasecmp.o
