"""Network namespaces of other processes, and what sockpush pushes of each: the measurement netstat_pod."""
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

import parse
import rights
import wait
from program import BINARY, children, stop

SCRIPT = pathlib.Path(__file__).with_name("pod_process.py")
INCREASES = """listen_overflows listen_drops active_opens passive_opens retrans_segs syn_retrans estab_resets out_rsts udp_in_errors
    udp_rcvbuf_errors""".split()
BY_VERSION = ["tcp_inuse", "udp_socket", "tcp_listen", "accept_queue"]
CONTAINERS = r"docker|libpod|kubepods|containerd|crio|lxc|machine"      # in a cgroup's path


# Process 1 of a pid namespace: it reaps its children, and ends with stdin.
FIRST = "import os, signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.write(1, b'x'); os.read(0, 1)"


class Machine:
    """A pid namespace with its own /proc, so that the program sees the test's processes only."""

    def __init__(self):
        if not all(map(shutil.which, ("unshare", "nsenter", "setpriv", "ss", "ip"))):
            pytest.skip("util-linux or iproute2 is not installed")
        if re.search(CONTAINERS, pathlib.Path("/proc/self/cgroup").read_text()):
            pytest.skip("the test runs in a container, and so do the processes that it starts")
        self._process = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-c", FIRST],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._place = tempfile.TemporaryDirectory()
        if not self._process.stdout.read(1):
            why = self._process.stderr.read().decode()
            self.close()
            rights.needs_root(f"can't make a pid namespace: {why[-200:]}")
        [first] = children(self._process.pid)
        self._inside = [f"--target={first}", "--pid", "--mount", "--"]
        os.chmod(self._place.name, 0o755)
        self._copy = shutil.copy(BINARY, self._place.name)      # the checkout may be closed to another user
        os.chmod(self._copy, 0o755)

    @property
    def place(self):
        """Returns a directory that the program's user can read."""
        return pathlib.Path(self._place.name)

    def namespace(self):
        return Namespace(shutil.which("nsenter"), *self._inside)

    def program(self):
        """Returns what Program needs to run there as another user, without capabilities, and without a way to get them."""
        words = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", self._copy]
        return dict(binary=shutil.which("nsenter"), arguments=[*self._inside, shutil.which("setpriv"), *words])

    def close(self):
        """Ends the first process, and with it all others."""
        if self._process.poll() is None:
            self._process.communicate()
        self._place.cleanup()


class Namespace:
    """A process in a network namespace of its own. ask() calls the functions of pod_process.py there."""

    def __init__(self, *before):
        self.process = subprocess.Popen([*before, sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.pid, self.number = self._answer()
        except AssertionError:
            self.close()
            raise

    def _answer(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read().decode()
        return json.loads(line)

    def ask(self, name, *arguments, **options):
        """Calls a function of pod_process.py there. Returns what it returns."""
        self.process.stdin.write(json.dumps([name, *arguments, options]).encode() + b"\n")
        self.process.stdin.flush()
        return self._answer()

    def succeed(self):
        """Lets a new process do all that follows. Returns the pid of the old one."""
        old, self.pid = self.pid, self.ask("succeed")
        return old

    def close(self):
        """Ends the process, and those that it forked."""
        if self.process.stdout.closed:
            return
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        for pipe in self.process.stdout, self.process.stderr:
            pipe.read()
            pipe.close()
        self.process.wait()


def reuse(machine, number, keep):
    """Makes namespaces until one has that number, which one that ended had. The kernel takes the least that is free."""
    def make():
        with contextlib.ExitStack() as others:
            for _ in range(20):
                one = machine.namespace()
                if one.number == number:
                    return one
                others.callback(one.close)

    found = wait.until(make, 20)
    if not found:
        pytest.skip("the kernel did not use the number of the namespace again")
    return keep(contextlib.closing(found))


class Pushed:
    """The points of netstat_pod that a running program pushed as influx lines. `latest` has the newest fields of each series by IP version
    (None: of both), `history` all of them. A series is named by the value of this tag, or by all tags if that is not among them."""

    def __init__(self, program, tag="netns"):
        self.program, self.tag = program, tag
        self.latest = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.history = collections.defaultdict(list)
        self.ports = collections.defaultdict(dict)          # the newest fields of netstat_pod_port, by netns, then (addr_port, version)
        self.polls = 0
        self._at, self._time = 0, None

    @property
    def pid(self):
        """Returns the program's pid, which nsenter started."""
        [pid] = children(self.program.process.pid)
        return pid

    @contextlib.contextmanager
    def stopped(self):
        """Stops the program in the block. nsenter stops itself when its child does, and lets both go on by SIGCONT."""
        stop(self.pid)
        outer = self.program.process.pid
        state = lambda: pathlib.Path(f"/proc/{outer}/stat").read_text().rpartition(")")[2].split()[0]
        assert wait.until(lambda: state() == "T")
        try:
            yield
        finally:
            os.kill(outer, signal.SIGCONT)

    def read(self):
        text = self.program.out[self._at:]
        self._at += len(text)
        for point in parse.influx(text):
            self.polls += point.time != self._time
            self._time = point.time
            if point.measurement != "netstat_pod":
                if point.tag("addr_port") and point.tag("netns"):
                    self.ports[point.tag("netns")][int(point.tag("addr_port")), int(point.tag("ip_version"))] = point.fields
                continue
            tags = {key: value for key, value in point.tags if key not in ("host", "ip_version")}
            name = tags.get(self.tag) or tuple(sorted(tags.items()))
            version = point.tag("ip_version") and int(point.tag("ip_version"))
            self.latest[name][version].update(point.fields)
            self.history[name, version].append(point.fields)
        return self

    def until(self, condition):
        """Waits until condition(latest) was true once."""
        self.program.until(lambda: condition(self.read().latest))

    def more(self, polls=3):
        """Waits for more whole polls."""
        end = self.read().polls + polls + 1
        self.program.until(lambda: self.read().polls >= end)

    def of(self, one, version=None):
        """Returns the newest fields of that namespace."""
        return self.read().latest[str(one.number)][version]

    def values(self, one, field, version=None):
        """Returns the different values of a field in the order pushed, each once per change."""
        found = []
        self.read()
        for fields in self.history[str(one.number), version]:
            if field in fields and found[-1:] != [fields[field]]:
                found.append(fields[field])
        return found


class Looks:
    """Makes the program look for processes, which it does at once when a namespace has no known process any more."""

    def __init__(self, machine, pushed):
        self._machine, self._pushed = machine, pushed
        self._one = self._seen(machine.namespace())

    def _seen(self, one):
        self._pushed.until(lambda latest: any(latest[str(one.number)].values()))
        return one

    def again(self):
        """Returns after a look that began after the call."""
        after = self._machine.namespace()
        self._one.close()
        self._one = self._seen(after)

    def close(self):
        self._one.close()


@pytest.fixture
def machine(namespace, other_users, start):
    """The pid namespace of the test's processes. It ends before `start` waits for the programs' ends."""
    with contextlib.closing(Machine()) as one:
        yield one


@pytest.fixture
def make(machine, keep):
    """make() starts a process in a new network namespace."""
    return lambda: keep(contextlib.closing(machine.namespace()))


@pytest.fixture
def watch(machine, start):
    """watch(variable=value…) starts the program as a user without rights."""
    return lambda **env: Pushed(start(machine.program(), **{"pods": "on", **env}))


# ---- control groups

def _groups():
    """Yields the directories of this process's control groups."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        for _, place, kind, options, *_ in mounts:
            if kind == ("cgroup" if names else "cgroup2") and set(names.split(",")) - {""} <= set(options.split(",")):
                yield pathlib.Path(place + path)


class Groups:
    """Control groups whose paths look like those of Kubernetes and of containers. Processes of other tests never are in them."""

    def __init__(self):
        refused = []
        for place in _groups():
            try:
                self.place = pathlib.Path(tempfile.mkdtemp(prefix="sockpush-test-", dir=place))
            except OSError as error:
                refused.append(error)
                continue
            if subprocess.run(["sh", "-c", 'echo $$ >"$0"', self.place / "cgroup.procs"], stderr=subprocess.DEVNULL).returncode == 0:
                return
            self.close()        # a cpuset, which has no processors yet
        if refused:
            rights.skip("can't make control groups", refused[0])
        pytest.skip("no control group takes processes")

    def make(self, path):
        group = self.place / path
        group.mkdir(parents=True)
        return str(group)

    def close(self):
        """Removes them once their processes have ended."""
        for folder, _, _ in os.walk(self.place, topdown=False):
            assert wait.until(lambda: _removed(folder)), f"a process is still in {folder}"


def _removed(folder):
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True


def next_tick():
    """Waits until a new process is younger than all others: the kernel tells when a process started in ticks."""
    hertz = os.sysconf("SC_CLK_TCK")
    ticks = lambda: int(time.clock_gettime(time.CLOCK_BOOTTIME) * hertz)
    start = ticks()
    assert wait.until(lambda: ticks() > start + 1)
