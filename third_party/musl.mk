# Builds musl for size and link-time optimisation, with only the parts that a program like this may need. The top Makefile runs this in a
# directory beside the unpacked source; musl's own Makefile does the work.
#
# "undefined reference" to a function of the C library at the link: add its directory of src/. Left out on purpose: stdio, malloc (see
# CONTRIBUTING.md), locale with iconv, qsort (sources.lock gives the reason).

override srcdir = ../musl
dirs = ctype env errno exit fcntl internal legacy linux misc mman network select signal stat stdlib string termios thread time unistd

# "override" ignores variables given to the top Makefile.
override CFLAGS = -Os -flto -fPIE -ffunction-sections -fdata-sections -fno-stack-protector $(if $(filter x86_64 i386,$(ARCH)),-fcf-protection=none) -w
# ofl.c: the end of a thread uses the list of open files.
override BASE_SRCS = $(filter-out %/qsort.c %/qsort_nr.c,$(wildcard $(dirs:%=$(srcdir)/src/%/*.c))) $(srcdir)/src/stdio/ofl.c $(srcdir)/crt/rcrt1.c
override ARCH_SRCS = $(wildcard $(dirs:%=$(srcdir)/src/%/$(ARCH)/*.[csS]))
# A static PIE's objects need no -fPIC, which musl would add if gcc makes PIEs by default.
override AOBJS = $(LIBC_OBJS)

sockpush: lib/rcrt1.o lib/libc.a include

include $(srcdir)/Makefile

# These run before musl has set itself up, or gcc adds calls to them after link-time optimisation.
obj/crt/%.o obj/src/env/%.o obj/src/string/%.o: CFLAGS_ALL += -fno-lto

# The clock is read a few times a poll, so it can ask the kernel: looking for the vDSO's function would take 0.7 KB.
obj/src/time/clock_gettime.o: CFLAGS_ALL += -include no_vdso.h
obj/src/time/clock_gettime.o: no_vdso.h
no_vdso.h:
	printf '#include "syscall.h"\n#undef VDSO_CGT_SYM\n' >$@

# The generic headers come first, because an architecture may have its own.
include: obj/include/bits/alltypes.h obj/include/bits/syscall.h
	cp -R $(srcdir)/include $(srcdir)/arch/generic/bits .
	cp -R $(srcdir)/arch/$(ARCH)/bits obj/include/bits .
	rm -rf include/bits && mv bits include

config.mak:
	CC='$(CC)' CFLAGS='$(CFLAGS)' $(srcdir)/configure --disable-shared --enable-optimize=no >configure.log 2>&1 || { cat configure.log >&2; exit 1; }
