# The C library that the binary is linked with, unless the system's build.mk sets how to link.
#
# If the system's own is musl, that one is used. Otherwise musl is built from its pinned source, once for each compiler (musl.mk). Then
# /usr/include stays hidden except for the kernel's headers, the only links in $(OUT)/kernel. gcc's start files are not linked: they are for
# C++ and shared libraries.

ifneq ($(BINARY),)
else ifneq ($(findstring musl,$(MACHINE)),)
BINARY  = $(CC) $(RELEASE) -static-pie $(LINK) -o $@ $(filter %.o,$^)
else
FIRST   = $(firstword $(subst -, ,$(MACHINE)))
MUSL    = build/third_party/musl-$(MACHINE)-gcc$(shell $(CC) -dumpfullversion 2>/dev/null)
LIBC    = $(MUSL)/lib/libc.a
LAYOUT  = $(LAYOUT_$(FIRST))
HEADERS = -nostdinc -isystem $(MUSL)/include -isystem $(shell $(CC) -print-file-name=include) -idirafter $(OUT)/kernel
BINARY  = $(CC) $(RELEASE) -static -nostdlib -Wl,-pie,--no-dynamic-linker,-z,text $(LAYOUT:%=-T %) $(LINK) -o $@ $(MUSL)/lib/rcrt1.o $(filter %.o,$^) \
          -Wl,--start-group $(LIBC) -lgcc -Wl,--end-group $(LINK_$(FIRST))
endif

build/third_party/musl-%/lib/libc.a: third_party/musl.mk build/third_party/musl/configure
	@echo '  MAKE $@'
	$(Q)rm -rf $(MUSL); mkdir -p $(MUSL); $(MAKE) -C $(MUSL) -f ../../../third_party/musl.mk CC='$(CC)'

$(OUT)/kernel:
	$(Q)third_party/kernel_headers.sh $(MACHINE) $@
