# Windows, by mingw-w64: `make OS=windows` makes one static sockpush.exe that needs only Windows' libraries.
PROCESSORS = x86_64

CC_        = x86_64-w64-mingw32-gcc
CC_x86_64  = $(CC_)
EXE        = .exe

# posix/error.c calls no system; the rest of posix/ is left out.
POSIX      = platform/posix/error.c $(wildcard platform/other/*.c)

# The oldest versions it runs on: Windows 8 and Server 2012. The time stamp is 1970, so that two builds are the same bytes.
# Texts are formatted by format.c, not by Windows' printf.
COMMON    += -D_WIN32_WINNT=0x0602 -DWIN32_LEAN_AND_MEAN -D__printf__=__gnu_printf__
# Warnings are errors, since `make lint` does not check these files.
# There is no -fdata-sections, with which ld would put zeroed data into the file.
SMALL      = -D__USE_MINGW_ANSI_STDIO=0 -ffunction-sections -fno-unwind-tables -fno-asynchronous-unwind-tables -DCJSON_HIDE_SYMBOLS
HARDEN     = -fstack-protector-strong -Werror
LINK       = -Wl,-Map=$@.map,--gc-sections,--no-insert-timestamp,--dynamicbase,--nxcompat,--high-entropy-va,--exclude-all-symbols
STRIP      = SOURCE_DATE_EPOCH=0 $(shell $(CC) -print-prog-name=strip) -s
LIBRARIES  = -lws2_32 -liphlpapi -lbcrypt -lcrypt32 -lpthread
BINARY     = $(CC) $(RELEASE) -static $(LINK) -o $@ $(filter %.o,$^) $(LIBRARIES)

# The emulator for its programs.
WINE       = env HOME=$(CURDIR)/build/wine WINEPREFIX=$(CURDIR)/build/wine/prefix WINEDEBUG=-all WINEDLLOVERRIDES=mscoree,mshtml= wine

# Unit tests leave out those of Linux's files, of POSIX calls, and of outputs and backends by name.
PARSERS    = $(filter-out platform/linux/% platform/posix/%,$(wildcard platform/*/*_parse.c))
OF_OTHERS  = tests/unit/posix_helper.c tests/unit/count/machine_helper.c $(addprefix tests/unit/,$(patsubst %,%.c,base/test_ip base/test_log count/test_owners \
	count/test_owners_walks count/test_pods count/test_pods_ports count/test_pods_week count/test_recording config/test_config config/test_needs config/test_agent config/test_outputs input/test_listener output/test_probe output/test_walk $(DELIVERY_TESTS:%=output/%) platform/test_container_parse \
	platform/test_kernel_parse platform/test_kernel_read platform/test_local_ports_parse platform/test_netlink platform/test_netlink_filter platform/test_netlink_parse platform/test_platform platform/test_pod_files platform/test_pod_parse platform/test_pods platform/test_seccomp_filter platform/test_procfs platform/test_procfs_parse platform/test_queue platform/test_receiving platform/test_sockstat_parse platform/test_systems platform/test_tcp_counters platform/test_tcp_totals tls/test_flipped))
CMOCKA_HAS = -DHAVE_STRUCT_TIMESPEC -DHAVE__SNPRINTF -DHAVE__VSNPRINTF
