# FreeBSD 12 and later, of 64 bits: `gmake OS=freebsd` on it makes build/freebsd/sockpush with its own compiler and headers. Elsewhere there
# are none, so `make OS=freebsd objects` only compiles what asks the system, against declarations of our own.
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
# A file of each name that is empty: freebsd/declared.h stands for all of them.
CC_      = clang --target=x86_64-unknown-freebsd14
NAMES    = arpa/inet ctype errno fcntl limits net/if netinet/in netinet/tcp poll pthread signal string strings sys/filio sys/ioctl sys/mman \
           sys/random sys/socket sys/sysctl sys/types sys/un time unistd
EMPTY    = $(OUT)/headers
HEADERS  = -nostdlibinc -isystem $(EMPTY) -include platform/freebsd/declared.h
HARDEN   = -fPIE -fstack-protector-strong
CFLAGS  += -Werror
CHECKED  = $(filter platform/%,$(SRC))

objects: $(CHECKED:%.c=$(OUT)/obj/%.o)
$(CHECKED:%.c=$(OUT)/obj/%.o): platform/freebsd/declared.h | $(EMPTY)
$(EMPTY):
	$(Q)for name in $(NAMES); do mkdir -p $@/$$(dirname $$name) && : >$@/$$name.h || exit; done
endif
