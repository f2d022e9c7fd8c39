"""The files for running as a service: the unit under systemd itself, in namespaces; procd's script and package by busybox and make."""
import contextlib
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import pytest

import parse
import wait
from program import BINARY, ONE_POLL, ROOT, children, environment, run_binary
from systemd import Systemd, control_groups

LINUX = ROOT / "platform" / "linux"
SYSTEMD = pathlib.Path("/lib/systemd/systemd")
# Nothing of this machine is changed, and none of its units is started: all is read-only except one control group, and systemd sees only the
# units in /run. The first argument is the folder that the script reads and runs from.
BOOT = r"""
set -e
mount --make-rprivate /
mount -t tmpfs none /run
cp -R "$1" /run/test
mount -t cgroup2 none /sys/fs/cgroup
mount --bind /proc/sys /proc/sys
for place in / /sys /proc/sys; do mount -o remount,bind,ro $place; done
for place in tmp var etc/default usr/local; do mount -t tmpfs none /$place; done
cp -R /run/test/default/. /etc/default
cp -R /run/test/local/. /usr/local
mkdir -p /run/lock /run/systemd /var/tmp
cp -R /run/test/units /run/systemd/system
printf '[Unit]\nWants=sockpush.service\n' >/run/systemd/system/default.target
for name in sysinit basic shutdown network; do printf '[Unit]\nDefaultDependencies=no\n' >/run/systemd/system/$name.target; done
export container=test SYSTEMD_UNIT_PATH=/run/systemd/system SYSTEMD_GENERATOR_PATH=/nowhere
exec /lib/systemd/systemd --system --unit=default.target --log-target=null --show-status=no
"""


def install(root, *words):
    """Installs the binary that is built already, because tests run at the same time."""
    return subprocess.run(["make", "-s", "-o", "all", *words, f"DESTDIR={root}"], cwd=ROOT, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("installed")
    install(root, "install")
    return root


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_unit_is_sound(installed, record_property):
    """systemd scores its exposure from 0, the least, to 10."""
    unit = installed / "usr/local/lib/systemd/system/sockpush.service"
    copy = installed / "sockpush.service"       # with the path of the built binary
    copy.write_text(unit.read_text().replace("ExecStart=/usr/local", f"ExecStart={installed}/usr/local"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", copy], capture_output=True, text=True)
    score = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1])
    record_property("score", f"systemd's score of the unit's exposure: {score}")
    assert score < 2


# --- under systemd

class Service(Systemd):
    """The unit that `make install` installed, under this machine's systemd."""

    def __init__(self, place, installed, environment, drop_in):
        place.mkdir(exist_ok=True)
        shutil.copytree(installed / "usr/local", place / "local")
        shutil.copytree(installed / "usr/local/lib/systemd/system", place / "units")
        (place / "default").mkdir()
        settings = "".join(f"{name}={value}\n" for name, value in environment.items())
        (place / "default/sockpush").write_text((installed / "etc/default/sockpush").read_text() + settings)
        (place / "units/sockpush.service.d").mkdir()
        (place / "units/sockpush.service.d/test.conf").write_text(f"[Service]\nStandardError=append:/run/log\n{drop_in}")
        place.chmod(0o755)
        super().__init__(BOOT, place)

    def started(self):
        """Returns whether systemd runs, or has ended."""
        return self.ended or self.init and "Active:" in self.systemctl("status", "sockpush").stdout

    @property
    def log(self):
        with contextlib.suppress(OSError):
            return self.path("/run/log").read_text()
        return ""

    @property
    def pid(self):
        """Returns the service's pid, as this process sees it."""
        for pid in children(self.init):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe") == "/usr/local/bin/sockpush":
                    return pid


@pytest.fixture
def systemd(namespace, installed, tmp_path):
    """systemd(environment, drop_in) runs the unit that `make install` installed."""
    if not SYSTEMD.exists() or not control_groups():
        pytest.skip("neither systemd nor control groups of version 2 are on this machine")
    with contextlib.ExitStack() as stack:
        def make(drop_in="", **env):
            one = Service(tmp_path / "systemd", installed, environment({}, env), drop_in)
            stack.callback(one.close)
            assert wait.until(one.started), "systemd does not know the unit"
            if one.ended:
                pytest.skip(f"systemd does not run here: {one.reason}")
            return one
        yield make


@pytest.fixture
def receiver(namespace, keep):
    one = keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    one.bind(("127.0.0.1", 0))
    one.settimeout(wait.DEADLINE)
    return one


def to(receiver):
    return f"udp://127.0.0.1:{receiver.getsockname()[1]}"


def first_points(receiver):
    return parse.dogstatsd(receiver.recv(65536).decode() + "\n")


def status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)


@pytest.mark.parametrize("backend", ["netlink", "procfs"])
def test_counts_as_a_service(systemd, receiver, listen, backend):
    """Both backends count without any right and under the filter of system calls. The service ends in time, and logs how."""
    listen("127.0.0.1", 80)
    one = systemd(to=to(receiver), host="a", interval="500ms", backend=backend, ports="80")
    points = []

    def listeners():
        """Returns {(None, all TCP listeners), ("80", those at the port)}, by IPv4."""
        points.extend(first_points(receiver))
        return {(point.tag("addr_port"), point.fields["tcp_listen"]) for point in points if "tcp_listen" in point.fields and point.tag("ip_version") == "4"}

    assert wait.until(lambda: len(listeners()) > 1) and listeners() == {(None, 1), ("80", 1)}
    assert parse.journal(one.log) and "warn" not in one.log, one.log
    found = status(one.pid)
    assert found["Uid"].split()[0] != "0" and int(found["CapEff"], 16) == int(found["CapBnd"], 16) == 0
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert one.show("ActiveState") == "active"
    assert one.systemctl("stop", "sockpush").returncode == 0
    assert one.show("Result") == "success" and "ends after " in one.log and "; 0 lines were not sent" in one.log, one.log


def test_is_started_again(systemd, receiver):
    one = systemd(to=to(receiver), drop_in="RestartSec=100ms\n")
    first_points(receiver)
    pid = one.pid
    os.kill(pid, 9)
    assert wait.until(lambda: one.pid not in (None, pid)), one.log
    assert one.show("NRestarts") == "1"


def test_is_started_once_it_polled(systemd, receiver):
    """The first poll's lines are on their way then. The environment's file replaces the form of the log."""
    one = systemd(to=to(receiver), interval="1h", log="json", drop_in="WatchdogSec=1\n")
    assert one.systemctl("start", "sockpush").returncode == 0
    assert [json.loads(line) for line in one.log.splitlines() if "pushing " in line]
    assert (one.show("Type"), one.show("NotifyAccess"), one.show("ActiveState")) == ("notify", "main", "active")
    assert re.fullmatch(rf"{to(receiver)} (nothing was delivered yet|works); 0 lines wait; 0 dropped", one.show("StatusText"))
    assert one.show("WatchdogUSec") == "3h"         # so nothing wakes up in between
    assert first_points(receiver) and one.show("NRestarts") == "0"


def test_status_is_of_the_outputs(systemd, keep):
    server = keep(socket.create_server(("127.0.0.1", 0)))
    name = f"tcp://127.0.0.1:{server.getsockname()[1]}"
    one = systemd(to=f"influx+{name}", interval="300ms")
    peer = keep(server.accept()[0])
    assert wait.until(lambda: one.show("StatusText") == f"{name} works; 0 lines wait; 0 dropped"), one.show("StatusText")
    server.close()
    peer.close()
    pattern = re.compile(re.escape(name) + r" in trouble for \d+ s: [^;]+; \d+ lines wait, the oldest for [1-9]\d* s; 0 dropped")
    assert wait.until(lambda: pattern.fullmatch(one.show("StatusText"))), one.show("StatusText")


def test_is_started_again_when_it_is_stuck(systemd, receiver):
    one = systemd(to=to(receiver), interval="300ms", drop_in="WatchdogSec=2\nRestartSec=100ms\n")
    first_points(receiver)
    assert wait.until(lambda: one.show("ActiveState") == "active")
    pid = one.pid
    os.kill(pid, signal.SIGSTOP)
    assert wait.until(lambda: one.pid not in (None, pid) and one.show("ActiveState") == "active"), one.log
    assert int(one.show("NRestarts")) >= 1


def test_a_bad_configuration_is_not(systemd):
    one = systemd(interval="soon")
    assert wait.until(lambda: one.show("ActiveState") == "failed"), one.show("ActiveState")
    assert one.show("ExecMainStatus") == "2" and one.show("NRestarts") == "0" and "SOCKPUSH_INTERVAL" in one.log


def drop_in(about):
    """Returns a drop-in from the unit's own comments, without its section's name."""
    text = (LINUX / "sockpush.service").read_text()
    return "".join(f"{line}\n" for line in re.search(rf"# {about}.*?:\n#   \[Service\]\n((?:#   .*\n)+)", text)[1].replace("#   ", "").splitlines())


@pytest.mark.parametrize("about", ["pid", "A private key"])
def test_drop_ins_are_documented(about):
    assert f"```ini\n[Service]\n{drop_in(about)}```" in (ROOT / "docs/deployment.md").read_text()


def test_drop_in_that_finds_owners(systemd, receiver):
    """The owner is another service's process, which is root's."""
    one = systemd(to=to(receiver), ports="80", interval="500ms", drop_in=drop_in("pid"))
    other = "import signal, socket; one = socket.create_server(('127.0.0.1', 80)); signal.pause()"
    process = subprocess.Popen(["nsenter", "-t", str(one.init), "-p", "-m", "/usr/bin/python3", "-c", other])
    try:
        found = wait.until(lambda: [point.fields["pid"] for point in first_points(receiver) if point.fields.get("pid")])
        assert found, one.log
        [inner] = {int(status(pid)["NSpid"].split()[-1]) for pid in children(process.pid)}
        assert set(found) == {inner} and "warn" not in one.log, one.log
    finally:
        process.kill()
        process.wait()


def test_drop_in_for_a_key(systemd, receiver, tmp_path):
    """Only root may read the key's file."""
    place = tmp_path / "systemd"
    place.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a",
                    "-keyout", place / "key.pem", "-out", place / "cert.pem"], check=True, capture_output=True)
    (place / "key.pem").chmod(0o400)
    directives = drop_in("A private key").replace("/etc/sockpush/key.pem", "/run/test/key.pem")
    one = systemd(to=f"{to(receiver)},influx+tls://127.0.0.1:9", tls_cert="/run/test/cert.pem", drop_in=directives)
    assert wait.until(lambda: "Connection refused" in one.log or one.show("ActiveState") == "failed")
    assert one.show("ActiveState") == "active" and "key.pem" not in one.log, one.log
    assert first_points(receiver)


def test_values_are_kept_as_they_are(systemd, receiver):
    """JSON needs no quotes around it in /etc/default/sockpush."""
    one = systemd(to=to(receiver), interval="500ms", ports='[{"ports": ["80"], "tags": {"service": "web"}}]')
    points = []
    assert wait.until(lambda: points.extend(first_points(receiver)) or "web" in {point.tag("service") for point in points}), one.log
    assert "warn" not in one.log, one.log


SEND = """import os, socket, sys
os.setgid(1000)
os.setuid(1000)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hits:1|c", "/run/sockpush/dsd.sock")"""


def test_relay_as_a_service(systemd, receiver):
    """Another user sends to the socket, which sockpush makes in the unit's directory. Both are gone after its end."""
    one = systemd(to=f"influx+{to(receiver)}", listen="unix:///run/sockpush/dsd.sock,udp://127.0.0.1:8125", interval="1h", backend="off", self="off")
    assert wait.until(lambda: one.log.count("taking StatsD") == 2 or one.show("ActiveState") == "failed") and "warn" not in one.log, one.log
    words = ["nsenter", "-t", str(one.init), "-m", "/usr/bin/python3", "-c", SEND]
    assert (done := subprocess.run(words, capture_output=True, text=True)).returncode == 0, done.stderr
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"hits:2|c", ("127.0.0.1", 8125))
    assert one.systemctl("stop", "sockpush").returncode == 0 and one.show("Result") == "success", one.log
    assert re.search(r"^hits,.* value=3 ", receiver.recv(65536).decode(), re.M), one.log
    assert wait.until(lambda: not os.path.exists(f"/proc/{one.init}/root/run/sockpush"))


# --- make install

def files(root):
    return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file() or path.is_symlink()}


@pytest.mark.parametrize("prefix,place", [("/usr", "usr"), ("/usr/local", "usr/local"), ("/opt", "usr/local"), ("/opt/x", "usr/local")])
def test_systemd_finds_the_unit(tmp_path, prefix, place):
    """Whatever the prefix is, the unit is where systemd looks, and `systemctl enable` finds it."""
    unit = f"{place}/lib/systemd/system/sockpush.service"
    install(tmp_path, "install", f"PREFIX={prefix}")
    assert set(files(tmp_path)) == {f"{prefix[1:]}/bin/sockpush", f"{prefix[1:]}/share/man/man8/sockpush.8", f"{prefix[1:]}/share/doc/sockpush/variables", unit,
                                    "etc/default/sockpush"}
    assert f"\nExecStart={prefix}/bin/sockpush\n" in (tmp_path / unit).read_text()
    assert (tmp_path / prefix[1:] / "bin/sockpush").read_bytes() == BINARY.read_bytes()
    if shutil.which("systemd-analyze"):
        paths = subprocess.run(["systemd-analyze", "unit-paths"], check=True, capture_output=True, text=True).stdout.split()
        assert f"/{place}/lib/systemd/system" in paths
        subprocess.run(["systemctl", f"--root={tmp_path}", "enable", "sockpush"], check=True, capture_output=True)
        link = tmp_path / "etc/systemd/system/multi-user.target.wants/sockpush.service"
        assert os.readlink(link) == f"/{unit}"
        link.unlink()
    install(tmp_path, "uninstall", f"PREFIX={prefix}")
    assert not files(tmp_path)


def test_openrc_is_found(tmp_path):
    (tmp_path / "sbin").mkdir()
    (tmp_path / "sbin/openrc-run").touch()
    before = set(files(tmp_path))
    install(tmp_path, "install", "PREFIX=/usr")
    assert set(files(tmp_path)) > {"etc/init.d/sockpush", "etc/conf.d/sockpush"}
    script = tmp_path / "etc/init.d/sockpush"
    assert "\ncommand=/usr/bin/sockpush\n" in script.read_text() and os.access(script, os.X_OK)
    assert (tmp_path / "etc/conf.d/sockpush").stat().st_mode & 0o777 == 0o600
    install(tmp_path, "uninstall", "PREFIX=/usr")
    assert set(files(tmp_path)) == before


def test_a_changed_configuration_is_kept(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/rc.common").touch()
    install(tmp_path, "install", "PREFIX=/opt/x")
    openwrt = {"etc/rc.common", "etc/init.d/sockpush", "etc/config/sockpush"}
    names = {"opt/x/bin/sockpush", "opt/x/share/man/man8/sockpush.8", "opt/x/share/doc/sockpush/variables",
             "usr/local/lib/systemd/system/sockpush.service", "etc/default/sockpush"}
    assert set(files(tmp_path)) == openwrt | names
    script = tmp_path / "etc/init.d/sockpush"
    assert "command /opt/x/bin/sockpush\n" in script.read_text() and os.access(script, os.X_OK)
    configurations = [tmp_path / "etc/default/sockpush", tmp_path / "etc/config/sockpush"]
    for path in configurations:
        assert path.stat().st_mode & 0o777 == 0o600, "a token may be in it"
        path.write_text("mine")
    for words in (["install"], ["uninstall"]):
        output = install(tmp_path, *words, "PREFIX=/opt/x")
        assert all(f"kept {path}\n" in output and path.read_text() == "mine" for path in configurations)
    assert set(files(tmp_path)) == {"etc/rc.common", "etc/default/sockpush", "etc/config/sockpush"}


def test_install_for_another_processor(tmp_path):
    assert " build/mips/sockpush " in install(tmp_path, "-n", "install", "CPU=mips")


def test_install_without_root(other_users):
    """To a user's own prefix only the program is installed, because the service's places are root's."""
    with tempfile.TemporaryDirectory() as place:        # the checkout may be closed to that user
        os.chmod(place, 0o755)
        script = shutil.copy(LINUX / "service.sh", place)
        words = [script, "install", "", f"{place}/home"]
        done = subprocess.run(words, user=1000, group=1000, extra_groups=(), cwd=place, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "not a service: /etc cannot be written to\n")


def test_variables_are_written_from_the_help():
    written = subprocess.run([LINUX / "variables.sh"], input=run_binary({}, "--help").out, check=True, capture_output=True, text=True).stdout
    assert (LINUX / "sockpush.variables").read_text() == written, "build/sockpush --help | platform/linux/variables.sh >platform/linux/sockpush.variables"


@pytest.mark.parametrize("name", ["sockpush.default", "openrc/sockpush.conf"])
def test_the_configuration_names_one_variable(name):
    """An upgrade asks a user who has changed the file about any new text in it. So it has nothing that a next version changes."""
    text = (LINUX / name).read_text()
    assert all(line.startswith("#") for line in text.splitlines()) and re.findall(r"SOCKPUSH_\w+=", text) == ["SOCKPUSH_TO="]


def test_the_list_has_each_variable(run):
    """Each variable is a comment after its meaning. Without the # its line is accepted."""
    text = (LINUX / "sockpush.variables").read_text()
    assert all(line.startswith("#") for line in text.splitlines() if line)
    pairs = re.findall(r"^# [^\n]+\n#(SOCKPUSH_[A-Z_]+)=(.*)$", text, re.M)
    env = dict(pairs)
    help = run_binary({}, "--help").out.split("Names of other programs")[0]
    assert len(env) == len(pairs) and set(env) == set(re.findall(r"^  (SOCKPUSH_[A-Z_]+) ", help, re.M))
    one = run(**{**{name.removeprefix("SOCKPUSH_").lower(): value for name, value in pairs}, "to": "stdout:", "polls": 1})
    assert one.status == 0 and "warn" not in one.log, one.log
    assert env["SOCKPUSH_TO"] == "udp://127.0.0.1" and env["SOCKPUSH_INTERVAL"] == "10s" and env["SOCKPUSH_TAGS"] == ""


# --- OpenWrt

# Stands for rc.common, procd.sh and uci's functions.sh, as documented: https://openwrt.org/docs/guide-developer/procd-init-scripts
RC_COMMON = r"""
reset_cb() { config_cb() { :; }; option_cb() { :; }; list_cb() { :; }; }
reset_cb
config() { section=$2; config_cb "$@"; }
option() { eval "CONFIG_${section}_$1=\$2"; option_cb "$1" "$2"; }
list() { list_cb "$1" "$2"; }
config_load() { . "$CONFIG_DIR/$1"; }
config_get_bool() { eval "value=\${CONFIG_$2_$3:-$4}"; case $value in 1|on|true|yes|enabled) value=1 ;; *) value=0 ;; esac; eval "$1=$value"; }
procd_open_instance() { echo open; }
procd_close_instance() { echo close; }
procd_set_param() { for word; do echo "set:$word"; done; }
procd_append_param() { for word; do echo "append:$word"; done; }
procd_add_reload_trigger() { echo "trigger:$*"; }
mkdir() { echo "mkdir:$*"; }
chown() { echo "chown:$*"; }
. "$1"
"$2"
"""


def call_script(config, function="start_service"):
    if not shutil.which("busybox"):
        pytest.skip("busybox is not on this machine")
    done = subprocess.run(["busybox", "sh", "-ec", RC_COMMON, "sh", LINUX / "openwrt" / "sockpush.init", function], env={"CONFIG_DIR": str(config)}, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_procd_script(tmp_path, run):
    """Under OpenWrt's shell each option becomes a variable, whatever its text is. The program accepts the example's options as they are."""
    example = (LINUX / "openwrt" / "sockpush.config").read_text()
    (tmp_path / "sockpush").write_text(example)
    assert call_script(tmp_path) == []
    (tmp_path / "sockpush").write_text(example.replace("enabled '0'", "enabled '1'") + "\toption tags 'a=b c,d=$e'\n\toption max_series '10'\n\tlist ports '80'\n\tlist ports '*:443'\n")
    called = call_script(tmp_path)
    assert called[:3] == ["mkdir:-p /var/run/sockpush", "chown:nobody /var/run/sockpush", "open"] and called[-1] == "close"
    assert "set:/usr/bin/sockpush" in called and "set:nobody" in called
    env = [line.removeprefix("append:") for line in called if line.startswith("append:") and line != "append:env"]
    assert env[-3:] == ["SOCKPUSH_TAGS=a=b c,d=$e", "SOCKPUSH_MAX_SERIES=10", "SOCKPUSH_PORTS=80,*:443"]
    one = run(**{**{name.removeprefix("SOCKPUSH_").lower(): value for name, value in (pair.split("=", 1) for pair in env)}, "to": "stdout:", "polls": 1})
    assert one.status == 0 and "warn" not in one.log
    assert call_script(tmp_path, "service_triggers") == ["trigger:sockpush"]


def test_procd_script_of_a_relay(tmp_path, namespace, start):
    """Addresses to listen at are a list, one of them in the directory that the script makes. `start` has no such directory."""
    (tmp_path / "sockpush").write_text(openwrt_example())
    env = dict(line.removeprefix("append:").split("=", 1) for line in call_script(tmp_path) if line.startswith("append:SOCKPUSH_"))
    assert env["SOCKPUSH_LISTEN"] == "udp://127.0.0.1:8125,unix:///var/run/sockpush/dsd.sock"
    program = start(**{**env, "SOCKPUSH_LISTEN": env["SOCKPUSH_LISTEN"].replace("/var/run/sockpush", str(tmp_path)), "to": "influx+stdout:", "self": "off"})
    program.until(lambda: program.log.count("taking StatsD") == 2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"hits:1|c", str(tmp_path / "dsd.sock"))
    assert program.end() == 0 and re.search("^hits,.* value=1 ", program.out, re.M) and "warn" not in program.log


def openwrt_example():
    """Returns the configuration that the document shows for a relay."""
    text = (ROOT / "docs/deployment.md").read_text()
    return re.search(r"```text\n(config sockpush 'main'\n(?:\t.*\n)*?\tlist listen (?:.*\n)+?)```", text)[1]


# Stands for OpenWrt's SDK, as far as the package uses it.
RULES = r"""
INCLUDE_DIR := $(TOPDIR)
DL_DIR := $(TOPDIR)/dl
PKG_BUILD_DIR := $(TOPDIR)/build
TARGET_CC := gcc
TARGET_CFLAGS := -Os
INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
INSTALL_CONF := install -m0600
define Download
downloads += $(1)
$(eval $(Download/$(1)))
$(1)-row := $(1) $(URL)/$(or $(URL_FILE),$(FILE)) $(HASH) $(FILE)
URL_FILE :=
endef
# As OpenWrt's package.mk does before it looks at anything of the package.
define Package/Default
SOURCE := package/sockpush
SECTION := opt
VERSION := $(PKG_VERSION)-r$(PKG_RELEASE)
TITLE :=
URL :=
endef
define BuildPackage
$(eval $(Package/Default))
$(eval $(Package/$(1)))
rows: ; @$$(foreach name,$$(downloads),echo $$($$(name)-row);)
version: ; @echo $$(PKG_VERSION)
package: ; $$(call steps)
endef
define steps
$(Build/Prepare)
$(Build/Compile)
$(call Package/sockpush/install,$(TOPDIR)/root)
endef
"""


def openwrt_make(top, *words, **env):
    (top / "rules.mk").write_text(RULES)
    (top / "package.mk").touch()
    done = subprocess.run(["make", "-s", "--no-print-directory", "-C", LINUX / "openwrt", f"TOPDIR={top}", *words], env={**os.environ, **env, "MAKEFLAGS": ""}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def downloads(top):
    return [line.split() for line in openwrt_make(top, "rows").splitlines()]


def test_openwrt_package_is_of_the_same_sources(tmp_path):
    rows = [line.split() for line in (ROOT / "third_party/sources.lock").read_text().splitlines() if not line.startswith("#")]
    locked = {(words[0], words[5], words[2]) for words in rows if words}
    found = downloads(tmp_path)
    assert {(name, url, sum) for name, url, sum, _ in found} <= locked and {name for name, *_ in found} == {"cjson", "mbedtls"}
    assert openwrt_make(tmp_path, "version").split() == [run_binary({}, "--version").out.split()[1]]


def test_openwrt_package(tmp_path):
    """The package's steps run with this machine's compiler, without TLS."""
    (tmp_path / "dl").mkdir()
    for name, _, sum, file in downloads(tmp_path):
        for path in (ROOT / "build/third_party").glob(f"{name}-*.tarball"):
            if hashlib.sha256(path.read_bytes()).hexdigest() == sum:
                shutil.copy(path, tmp_path / "dl" / file)
        if not (tmp_path / "dl" / file).exists():
            pytest.skip(f"of {name} another accepted version than the package's was to be had here")
    [musl] = (ROOT / "build/third_party").glob("musl-*.tarball")        # OpenWrt's compiler brings it
    openwrt_make(tmp_path, "package", MUSL_TARBALL=str(musl))
    root = tmp_path / "root"
    assert {str(path.relative_to(root)): path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()} == {
        "usr/bin/sockpush": 0o755, "etc/init.d/sockpush": 0o755, "etc/config/sockpush": 0o600}
    run = run_binary(ONE_POLL, binary=root / "usr/bin/sockpush")
    assert run.totals and "built without TLS" in run_binary({"SOCKPUSH_TO": "tls://a:1"}, binary=root / "usr/bin/sockpush").log
