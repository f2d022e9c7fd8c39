# musl for size and for link-time optimisation, and of it only what a program like this may need. The top Makefile runs this in a
# directory beside the unpacked source; musl's own Makefile does the work.
#
# "undefined reference" to a function of the C library at the link: add the directory of src/ it lies in. Left out on purpose:
# stdio, malloc (see CONTRIBUTING.md), locale with iconv, qsort (sources.lock says why).

override srcdir = ../musl
dirs = ctype env errno exit fcntl internal legacy linux misc mman network select signal stdlib string thread time unistd

# "override": not what somebody gives the top Makefile.
override CFLAGS = -Os -flto -fPIE -ffunction-sections -fdata-sections -fno-stack-protector $(if $(filter x86_64 i386,$(ARCH)),-fcf-protection=none) -w
# ofl.c: a thread's end asks for the list of open files.
override BASE_SRCS = $(filter-out %/qsort.c %/qsort_nr.c,$(wildcard $(dirs:%=$(srcdir)/src/%/*.c))) $(srcdir)/src/stdio/ofl.c $(srcdir)/crt/rcrt1.c
override ARCH_SRCS = $(wildcard $(dirs:%=$(srcdir)/src/%/$(ARCH)/*.[csS]))
# The objects of a static PIE need no -fPIC, which musl would add where gcc makes PIEs by default.
override AOBJS = $(LIBC_OBJS)

sockpush: lib/rcrt1.o lib/libc.a include

include $(srcdir)/Makefile

# What runs before musl has set itself up, and what gcc calls by itself when all else is already optimised.
obj/crt/%.o obj/src/env/%.o obj/src/string/%.o: CFLAGS_ALL += -fno-lto

# A clock that is read a few times a poll can ask the kernel: looking for the vDSO's function would be 0.7 KB.
obj/src/time/clock_gettime.o: CFLAGS_ALL += -include no_vdso.h
obj/src/time/clock_gettime.o: no_vdso.h
no_vdso.h:
	printf '#include "syscall.h"\n#undef VDSO_CGT_SYM\n' >$@

# The generic headers first: an architecture may have its own.
include: obj/include/bits/alltypes.h obj/include/bits/syscall.h
	cp -R $(srcdir)/include $(srcdir)/arch/generic/bits .
	cp -R $(srcdir)/arch/$(ARCH)/bits obj/include/bits .
	rm -rf include/bits && mv bits include

config.mak:
	CC='$(CC)' CFLAGS='$(CFLAGS)' $(srcdir)/configure --disable-shared --enable-optimize=no >configure.log 2>&1 || { cat configure.log >&2; exit 1; }
