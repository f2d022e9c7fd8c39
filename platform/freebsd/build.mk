# FreeBSD 12 and later, 64 bits. On FreeBSD, `gmake OS=freebsd` makes build/freebsd/sockpush with its compiler and headers. Elsewhere,
# `make OS=freebsd objects` only compiles the files that call the system, with declared.h.
PROCESSORS =

SRC    += $(wildcard platform/bsd/*.c platform/other/*.c)
COMMON += -DENODATA=ENOATTR
CFLAGS  = -Os
LINK    = -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack
STRIP   = strip -s -R .comment
BINARY  = $(CC) $(RELEASE) -static -pthread $(LINK) -o $@ $(filter %.o,$^)

ifeq ($(shell uname -s),FreeBSD)
CC_     = cc
else
# Each header is an empty file: freebsd/declared.h replaces them all.
CC_      = clang --target=x86_64-unknown-freebsd14
NAMES    = arpa/inet ctype errno fcntl limits net/if netinet/in netinet/tcp poll pthread signal string strings sys/filio sys/ioctl sys/mman \
           sys/random sys/socket sys/stat sys/sysctl sys/types sys/uio sys/un termios time unistd
EMPTY    = $(OUT)/headers
HEADERS  = -nostdlibinc -isystem $(EMPTY) -include platform/freebsd/declared.h
HARDEN   = -fPIE -fstack-protector-strong
CFLAGS  += -Werror
CHECKED  = $(filter platform/%,$(SRC))

objects: $(CHECKED:%.c=$(OUT)/obj/%.o)
$(CHECKED:%.c=$(OUT)/obj/%.o): platform/freebsd/declared.h | $(EMPTY)
$(EMPTY): platform/freebsd/build.mk
	$(Q)for name in $(NAMES); do mkdir -p $@/$$(dirname $$name) && : >$@/$$name.h || exit; done; touch $@
endif
