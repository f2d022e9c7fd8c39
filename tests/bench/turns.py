"""Runs programs that count sockets by turns, on the same core, so that anything that slows the machine slows all of them.

In a turn each program polls once, at its own moment. Some poll at an interval of their own, which is the turn's length. Others poll when
they are asked, after these. CPU time is read at the end of the turn, when all of them sleep. So a whole poll of each is compared, sending
included."""

import contextlib
import re
import statistics
import time
from pathlib import Path
from typing import NamedTuple

from measure import cpu_seconds_now, sleep_until
from programs import CannotRun, Receiver, running, sockpush_environment

ROOM = 1.2           # the room of a poll in a turn: for one whose weight is 1, this many polls of the bare loop
LEAST_ROOM_SECONDS = 0.03
LEAST_TURN_SECONDS = 1.0


class Result(NamedTuple):
    cpu_seconds: list  # per turn
    resident_kib: int | None
    right: bool        # its counts were right

    def median(self):
        return statistics.median(self.cpu_seconds)

    def against(self, other):
        """Returns the median of the ratios of the same turn."""
        return statistics.median(own / others for own, others in zip(self.cpu_seconds, other.cpu_seconds))


class Skipped(Exception):
    """The reason why a program has no figures."""


class Agent:
    """One program that counts sockets."""
    name = ""
    weight = 1.0   # how long a poll may take, in polls of the bare loop
    asked = False  # it polls when it is asked, not at an interval of its own

    def __init__(self):
        self.cpu_seconds, self.cpu_before = [], 0.0

    def start(self, stack, interval):
        """Starts the program, which `stack` ends."""

    def poll(self):
        """Makes a program poll that does so when it is asked."""

    def version(self):
        """Returns its name and version, for the report."""
        return ""

    def check_alive(self):
        """Raises Skipped if the program has ended."""

    def cpu_now(self):
        return cpu_seconds_now(self.child.pid)

    def end_turn(self, polls, counted):
        self.check_alive()
        now = self.cpu_now()
        if counted:
            self.cpu_seconds.append((now - self.cpu_before) / polls)
        self.cpu_before = now

    def resident_kib(self):
        rollup = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Rss: +(\d+)", rollup, re.M)[1])

    def counts_right(self, held):
        """Compares its last counts with the sockets that are held."""
        return True


class Sockpush(Agent):
    def __init__(self, binary, name, settings, weight):
        super().__init__()
        self.binary, self.name, self.settings, self.weight = binary, name, settings, weight
        self.receiver = Receiver()

    def start(self, stack, interval):
        stack.enter_context(self.receiver)
        environment = sockpush_environment(self.receiver.url, 1000, interval, self.settings)
        # Without address randomisation: the place of a stack within its page alone moves resident memory by up to two pages.
        command = ["setpriv", "--pdeathsig", "KILL", "setarch", "-R", self.binary]
        self.child = stack.enter_context(running(command, measured=True, env=environment))

    def check_alive(self):
        """Ends the bench if it ended: without sockpush there is nothing to compare."""
        if self.child.poll() is not None:
            raise CannotRun(f"sockpush ended with status {self.child.returncode}, {self.settings}")

    def counts_right(self, held):
        counted = self.receiver.counted
        return (counted("tcp_established") == held.established and counted("tcp_established", "6") == held.ipv6
                and held.time_wait in (None, counted("tcp_time_wait")))


class BareDump(Agent):
    """The bare loop (bare.c)."""
    asked = True

    def __init__(self, name, loop, walk, weight):
        super().__init__()
        self.name, self.loop, self.walk, self.weight = name, loop, walk, weight
        self.spent = 0.0

    def poll(self):
        self.spent += self.loop.poll(self.walk)[0]

    def cpu_now(self):
        return self.spent

    def resident_kib(self):
        return None


class Turns:
    """Runs agents for some turns. `unit` is how long a poll of the bare loop takes. Figures are in `results`, agents without figures in
    `skipped`."""

    def __init__(self, agents, held, unit, uncounted, counted):
        self.results, self.skipped, self.versions = {}, {}, []
        self.agents = sorted(agents, key=lambda agent: agent.asked)
        room = [ROOM * agent.weight * unit + LEAST_ROOM_SECONDS for agent in self.agents]
        # sockpush's interval has whole milliseconds.
        self.seconds = max(LEAST_TURN_SECONDS, round(sum(room) + 0.05, 1))
        self.moment = {agent: sum(room[:i]) / sum(room) * self.seconds for i, agent in enumerate(self.agents)}
        with contextlib.ExitStack() as stack:
            self.run(stack, uncounted, counted)
            self.for_each(lambda agent: self.note(agent, held))

    def for_each(self, action):
        for agent in list(self.agents):
            try:
                action(agent)
            except (Skipped, OSError) as problem:
                self.skipped[agent.name] = str(problem)
                self.agents.remove(agent)

    def run(self, stack, uncounted, counted):
        begin = time.monotonic() + 0.1

        def start(agent):
            sleep_until(begin + self.moment[agent])
            agent.start(stack, self.seconds)

        def poll(agent):
            if agent.asked:
                sleep_until(begin + turn * self.seconds + self.moment[agent])
                agent.poll()

        def end(polls, counted):
            sleep_until(begin + (turn + 0.99) * self.seconds)
            self.for_each(lambda agent: agent.end_turn(1 if agent.asked else polls, counted))

        turn = 0
        self.for_each(start)
        end(polls=1, counted=False)
        for n in range(uncounted + counted):
            before, turn = turn, turn + 1
            self.for_each(poll)
            # On a busy machine those that are asked may take longer than the turn. Then the others have polled more than once.
            turn = max(turn, int((time.monotonic() - begin) / self.seconds + 0.01))
            end(turn - before, counted=n >= uncounted)

    def note(self, agent, held):
        resident = agent.resident_kib()
        self.results[agent.name] = Result(agent.cpu_seconds, resident, agent.counts_right(held))
        if version := agent.version():
            self.versions.append(version)
