"""Fixtures that several tests share. Helper modules are in lib/."""
import collections
import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import netns
import parse
import rights
from containers import podman       # a fixture, here for the whole session
from program import BINARY, ONE_POLL, Program, environment, run_binary

if BINARY.name != "wine.py":    # the wine user owns its server
    rights.become_root()


def pytest_configure(config):
    config.addinivalue_line("markers", "windows: run under wine, too, by `make test-windows`. What Windows has of its own: tables, outputs, TLS, ends. The rest asks for "
                            "Linux's tables in files, Unix sockets or signals, or tries what is the same code.")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(call):
    outcome = yield
    if call.excinfo and call.excinfo.errisinstance(rights.NeedsRoot):
        outcome.get_result().user_properties.append(("needs root", call.excinfo.value.msg))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    for report in terminalreporter.getreports("passed"):
        for _, text in report.user_properties:
            terminalreporter.write_line(f"{report.nodeid}: {text}")
    yield
    reasons = collections.Counter(text for report in terminalreporter.getreports("skipped") for name, text in report.user_properties if name == "needs root")
    if reasons:
        terminalreporter.write_line(f"{reasons.total()} skipped for want of root: {'; '.join(f'{reason} ({count})' for reason, count in reasons.most_common())}")


def of_linux(item):
    """Returns why Windows' program cannot have this test, or None."""
    if "root" in item.fixturenames or "etc" in item.fixturenames:
        return "procfs, /etc"
    if item.originalname in ("test_auto_is_netlink", "test_backends_agree_by_port", "test_ignored_signal"):
        return "Linux's backends and signals"
    if item.originalname in ("test_check_connects", "test_check_reads", "test_the_alerts_of_the_docs"):
        return "a Unix socket, or procfs, among what it looks at"
    if item.originalname == "test_resident_memory":
        return "wine's own memory is in it"
    if getattr(item, "callspec", None) and item.callspec.params.get("backend") in ("netlink", "procfs"):
        return "Linux's backends"
    return None


def pytest_collection_modifyitems(items):
    for item in items if BINARY.name == "wine.py" else ():
        if reason := of_linux(item):
            item.add_marker(pytest.mark.skip(reason=f"not of Windows: {reason}"))


@pytest.fixture(scope="session", autouse=True)
def binary():
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"{BINARY} is not there: run `make` first", returncode=2)
    return BINARY


@pytest.fixture(scope="session")
def run():
    """run(**environment) runs the program in exactly that environment, to its end."""
    return lambda *arguments, **env: run_binary(environment({}, env), *arguments)


@pytest.fixture(scope="session")
def poll():
    """poll(**environment) runs one poll, which prints DogStatsD lines to stdout unless the test changes that."""
    return lambda **env: run_binary(environment(ONE_POLL, env))


@pytest.fixture(scope="session")
def as_root():
    """Skips the test unless it may use root's rights, if only on its own files."""
    if os.geteuid() != 0:
        rights.needs_root("the user may not become root of a user namespace")


@pytest.fixture(scope="session")
def other_users():
    """Skips the test unless it may become other users."""
    try:
        subprocess.run(["true"], user=65534, group=65534, extra_groups=(), check=True)
    except OSError as error:
        rights.needs_root(f"can't become another user: {error}")


@pytest.fixture(scope="session")
def open_binary(other_users):
    """open_binary(user=65534, **environment) polls as another user. It copies the program, because the checkout may be closed to that
    user."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        copy = shutil.copy(BINARY, place)
        os.chmod(copy, 0o755)
        yield lambda user, **env: run_binary(environment(ONE_POLL, env), binary=copy, cwd="/", user=user, group=user,
                                             extra_groups=())


@pytest.fixture
def start():
    """start(**environment) starts a program that polls ten times a second until the test ends it."""
    base = {"SOCKPUSH_TO": "stdout:", "SOCKPUSH_FORMAT": "influx", "SOCKPUSH_INTERVAL": "100ms", "SOCKPUSH_HOST": "a"}
    programs = []

    def make(popen={}, **env):
        programs.append(Program(environment(base, env), **popen))
        return programs[-1]

    yield make
    for program in programs:
        program.kill()


@pytest.fixture
def namespace():
    """Runs the test in a network namespace of its own, so that no other sockets are there."""
    with rights.namespace_or_skip():
        yield


@pytest.fixture
def etc(namespace, tmp_path):
    one = netns.Etc(tmp_path / "etc")
    try:
        subprocess.run(["true"], preexec_fn=one.enter, check=True)
    except subprocess.SubprocessError as error:
        rights.needs_root(f"can't make a mount namespace: {error}")
    one.write("resolv.conf", "nameserver 127.0.0.1\n")
    return one


@pytest.fixture
def keep():
    """Holds sockets open to the test's end."""
    with contextlib.ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture
def full(keep):
    """Returns the port of a listener with a full backlog, so that connecting never ends."""
    one = keep(socket.create_server(("127.0.0.1", 0), backlog=0))
    for _ in range(2):
        client = keep(socket.socket())
        client.setblocking(False)
        client.connect_ex(one.getsockname())
    return one.getsockname()[1]


@pytest.fixture
def listen(keep):
    def make(host, port):
        one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if ":" in host:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        one.bind((host, port))
        one.listen()
        return keep(one)
    return make


@pytest.fixture
def connect(keep):
    def make(listener, host=None):
        address = listener.getsockname()
        keep(socket.create_connection((host or address[0], address[1])))
        return keep(listener.accept()[0])
    return make


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """serve(class of servers.py, arguments…) runs a server as long as the module's tests, in one network namespace with them."""
    with rights.namespace_or_skip(), contextlib.ExitStack() as stack:
        yield lambda kind, *more: stack.enter_context(kind(tmp_path_factory.mktemp(kind.__name__), *more))


@pytest.fixture
def push(run, listen, connect):
    """push(output…, **environment) polls once, with three connections over IPv4 and two over IPv6 to port 8080. Returns the pushed points."""
    for host, n in (("127.0.0.1", 3), ("::1", 2)):
        listener = listen(host, 8080)
        for _ in range(n):
            connect(listener)

    def make(*to, **env):
        one = run(**{"to": ",".join(["influx+stdout:", *to]), "polls": 1, "host": "web1.example", "self": "off", "ports": "8080", **env})
        counts = {point.tag("ip_version"): point.fields["tcp_established"] for point in one.points if point.measurement.endswith("netstat_port")}
        assert counts == {"4": 3, "6": 2}
        return one.points
    return make
