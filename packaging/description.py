"""The one description of sockpush's packages. It needs no other package, and makes no user: the units have their own, and root becomes 65534."""
import collections

NAME = "sockpush"
SUMMARY = "Counts TCP and UDP sockets and pushes the counts"
TEXT = """\
Counts a machine's sockets by state and port, and pushes the counts as StatsD,
DogStatsD, InfluxDB line protocol, Graphite, OTLP or Prometheus remote write,
over UDP, Unix sockets, TCP, TLS or HTTP(S). It also takes an application's
StatsD and pushes it. One static binary, which needs nothing else."""
URL = "https://github.com/sockpush/sockpush"
MAINTAINER = "sockpush <sockpush@users.noreply.github.com>"
LICENSE = "MIT AND Apache-2.0"
RELEASE = 1     # of the packages of one version

# system: who starts the service, as platform/linux/service.sh and packaging/scripts name it. configuration: the files that an upgrade
# keeps. manual: whether a manual page is read there. version, file: the forms of the full version, and of the package's name.
Format = collections.namedtuple("Format", "system configuration manual version file")
FORMATS = {
    "deb": Format("systemd", ["etc/default/sockpush"], True, "{version}-{release}", "{name}_{full}_{arch}.deb"),
    "rpm": Format("systemd", ["etc/default/sockpush"], True, "{version}-{release}", "{name}-{full}.{arch}.rpm"),
    "apk": Format("openrc", ["etc/conf.d/sockpush"], True, "{version}-r{release}", "{name}-{full}.{arch}.apk"),
    "ipk": Format("openwrt", ["etc/config/sockpush"], False, "{version}-r{release}", "{name}_{full}_{arch}.ipk"),
}

# Each processor's name in each format; "-" where the system does not run on it. OpenWrt has a name for each core; these are the most used
# ones, and docs/deployment.md says how to install on the others. Alpine's armhf is an ARMv6, which runs programs of ARMv5.
PROCESSORS = {
    row[0]: dict(zip(FORMATS, row[1:])) for row in (
        # name      deb        rpm         apk        ipk
        ("x86_64",  "amd64",   "x86_64",   "x86_64",  "x86_64"),
        ("i386",    "i386",    "i686",     "x86",     "i386_pentium4"),
        ("aarch64", "arm64",   "aarch64",  "aarch64", "aarch64_cortex-a53"),
        ("armv7",   "armhf",   "armv7hl",  "armv7",   "arm_cortex-a7_neon-vfpv4"),
        ("armv5",   "armel",   "armv5tel", "armhf",   "arm_arm926ej-s"),
        ("mipsel",  "mipsel",  "mipsel",   "-",       "mipsel_24kc"),
        ("mips",    "mips",    "mips",     "-",       "mips_24kc"),
        ("riscv64", "riscv64", "riscv64",  "riscv64", "riscv64_riscv64"),
        ("ppc64le", "ppc64el", "ppc64le",  "ppc64le", "-"),
        ("s390x",   "s390x",   "s390x",    "s390x",   "-"),
    )
}
