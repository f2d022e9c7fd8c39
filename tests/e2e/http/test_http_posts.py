"""POSTs: their form, their lines, and their times."""
import re

import pytest

import parse
import ports
import posts
import receivers
from program import version
from posts import answer, post      # the latter a fixture
from tls_pki import pki             # a fixture

pytestmark = pytest.mark.windows


def test_one_post_a_snapshot_over_one_connection(post):
    with posts.Receiver() as receiver:
        program = post(receiver.port)
        program.until(lambda: sum(len(one.times) == 1 for one in receiver.posts) >= 5)     # one that was late may have two
        assert program.end() == 0
        assert {one.connection for one in receiver.posts} == {0}
        times = [time for one in receiver.posts for time in one.times]
        assert len(set(times)) == len(times)
        assert receiver.lines() == program.out.splitlines()
        first = receiver.posts[0]
        assert first.target == "/write?db=x"
        assert first.headers == {"host": f"127.0.0.1:{receiver.port}", "user-agent": f"sockpush/{version()}",
                                 "content-type": "text/plain; charset=utf-8", "content-length": str(len(first.body))}


def test_https(post, pki):
    with posts.Receiver(pki=pki.leaf_p256) as receiver:
        program = post(receiver.port, scheme="https", tls_ca=pki.ca, ports="1-100,*:1-100")
        program.until(lambda: len(receiver.posts) >= 3)
        assert program.end() == 0
        assert {one.connection for one in receiver.posts} == {0}
        assert receiver.lines() == program.out.splitlines()


def test_not_a_byte_to_a_receiver_that_is_not_trusted(post, pki):
    with posts.Receiver(pki=pki.leaf_p256) as receiver:
        program = post(receiver.port, scheme="https", tls_ca=pki.other_ca, http_token="topsecrettoken")
        program.until(lambda: "SOCKPUSH_TLS_CA" in program.log)
        assert not receiver.posts


@pytest.mark.parametrize("target", ["/api/v2/write?org=o&bucket=b%20c", "/v1/write/metric?token=tkn_abc%2Cdef", "/a/../b//c", "", "?db=x"])
def test_path_and_query_are_passed_as_they_are(run, target):
    with posts.Receiver() as receiver:
        one = run(to=f"http://127.0.0.1:{receiver.port}{target}", polls=1)
        assert one.status == 0, one.log
        assert [one.target for one in receiver.posts] == [target if target.startswith("/") else "/" + target]


@pytest.mark.parametrize("token,sent", [("abc=", "Token abc="), ("Bearer abc.d-e", "Bearer abc.d-e"), ("Basic dTpw", "Basic dTpw")])
def test_token(run, token, sent):
    with posts.Receiver() as receiver:
        assert run(to=f"http://127.0.0.1:{receiver.port}/", polls=1, http_token=token).status == 0
        assert receiver.posts[0].headers["authorization"] == sent


def test_headers(run):
    with posts.Receiver() as receiver:
        headers = "X-Scope-OrgID=a%2Cb, content-type=application/x-lines ,Authorization=Api-Token a=b"
        assert run(to=f"http://127.0.0.1:{receiver.port}/", polls=1, http_headers=headers).status == 0
        headers = receiver.posts[0].headers
        assert [headers[name] for name in ("x-scope-orgid", "content-type", "authorization")] == ["a,b", "application/x-lines", "Api-Token a=b"]


@pytest.mark.parametrize("word,unit", [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9), ("m", 60 * 10**9)])
def test_precision(run, word, unit):
    """Other outputs of the same format keep their unit."""
    with posts.Receiver() as receiver:
        to = f"http://127.0.0.1:{receiver.port}/write?precision={word},influx+stdout:"
        one = run(to=to, polls=1, interval="1m", self="off")
        times = {int(line.rsplit(" ", 1)[1]) for line in receiver.posts[0].body.splitlines()}
        assert times == {one.points[0].time // unit}


@pytest.mark.parametrize("env,sent", [({}, parse.influx), ({"format": "graphite", "interval": "1s"}, parse.graphite)])
def test_format(run, env, sent):
    """The format is influx unless SOCKPUSH_FORMAT is set."""
    with posts.Receiver() as receiver:
        assert run(to=f"http://127.0.0.1:{receiver.port}/", polls=1, **env).status == 0
        assert sent(receiver.posts[0].body)


def test_several_snapshots_are_one_post_after_an_outage(post):
    """During it a POST holds a part of one snapshot, but the first, for which several may wait; then up to 64 KiB of snapshots. All are sent
    once, in their order."""
    programs, taken = [], []

    def answers(one):
        polls = {line.rsplit(" ", 1)[1] for program in programs for line in program.out[:program.out.rfind("\n") + 1].splitlines()}
        taken.append(any(taken) or len(polls) >= 8)
        return answer() if taken[-1] else answer(503)

    with posts.Receiver(answers) as receiver:
        program = post(receiver.port, ports="1-200,*:1", buffer="4MiB")
        programs.append(program)
        program.until(lambda: len(receiver.bodies()) >= 4)
        assert program.end() == 0
        first = taken.index(True)
        bodies = [one.body for one in receiver.posts[:first + 1]]
        assert first and set(bodies[1:]) == {bodies[-1]} and bodies[0].startswith(bodies[-1])
        assert len(receiver.posts[first].times) == 1 and len(receiver.posts[first + 1].times) >= 5
        assert all(len(one.body) <= 65536 for one in receiver.posts)
        assert receiver.lines() == program.out.splitlines()


def test_snapshot_larger_than_64_kib(post):
    with posts.Receiver() as receiver:
        program = post(receiver.port, ports=",".join(map(str, range(1, 601))), interval="1s")
        program.until(lambda: len(receiver.posts) >= 4)
        assert program.end() == 0
        assert 60000 < max(len(one.body) for one in receiver.posts) <= 65536
        assert receiver.lines() == program.out.splitlines()


def test_what_waited_longer_than_the_buffer_holds_is_dropped_and_counted(post):
    first = []

    def answers(one):
        first[:] = first or [min(one.times)]
        return answer(503) if first[0] in one.times else answer()

    with posts.Receiver(answers) as receiver:
        program = post(receiver.port, ports=",".join(map(str, range(1, 41))), buffer="16KiB", self="on")
        program.until(lambda: len(receiver.bodies()) > 4)
        assert program.end() == 0
        points = parse.influx(program.out)
        dropped = max(point.fields.get("dropped_lines", 0) for point in points if dict(point.tags).get("output", "").startswith("http"))
        posted, polled = len(receiver.lines()), len(points)
        assert dropped and posted + dropped <= polled <= posted + dropped + 3 * len(parse.by_poll(points)[-1])


def test_statsd_kinds_send_the_newest_gauges_and_no_increment_twice(start):
    """The first answer takes so long that newer gauges are there by then."""
    programs = []

    def answers(one):
        if one.n >= 2:
            return answer()
        posts.wait.until(lambda: programs and programs[0].out.count("poll_us:") > 5)
        return answer(503)

    with posts.Receiver(answers) as receiver:
        programs.append(start(to=f"dogstatsd+http://127.0.0.1:{receiver.port}/,dogstatsd+stdout:", format=None))
        program = programs[0]
        program.until(lambda: len(receiver.posts) > 5)
        assert program.end() == 0
        sent = [point for body in receiver.bodies() for point in parse.dogstatsd(body)]
        increments = lambda name: sum(point.fields.get(name, 0) for point in sent if (point.tag("output") or "").startswith("http"))
        assert increments("send_errors") == 2 and increments("dropped_lines") > 0


def test_receiver_may_end_each_connection(post):
    """The end of a connection is not an error, and nothing is sent twice."""
    with posts.Receiver(lambda post: answer(connection="close") if post.n % 2 else [answer(), None]) as receiver:
        program = post(receiver.port, self="on")
        program.until(lambda: len(receiver.posts) > 6)
        assert program.end() == 0
        assert [one.connection for one in receiver.posts] == list(range(len(receiver.posts)))
        times = [at for one in receiver.posts for at in one.times]
        assert len(set(times)) == len(times)
        assert "warn" not in program.log, program.log
        assert max(point.fields.get("send_errors", 0) for point in parse.influx(program.out)) == 0


@pytest.mark.parametrize("flag", ["info", "debug"])
def test_secrets_are_never_shown(run, flag):
    """Secrets appear neither in the log, nor in --check's output, nor in a tag, though the receiver repeats them."""
    secrets = ["tokenABCDEF", "headerABCDEF", "queryABCDEF", "pathABCDEF0123456789x"]
    refusal = answer(403, f"no {' and '.join(secrets)}, db=metrics01")
    with posts.Receiver(lambda post: refusal) as receiver:
        env = {"to": f"http://127.0.0.1:{receiver.port}/{secrets[3]}/write?db=metrics01&p={secrets[2]},influx+stdout:", "polls": 2, "interval": "100ms",
               "log_level": flag, "http_token": secrets[0], "http_headers": f"X-Key={secrets[1]}"}
        one, checked = run(**env), run("--check", **env)
        assert receiver.posts and "403" in one.log and "db=metrics01" in one.log
        for text in (one.log, one.out, checked.log, checked.out):
            assert not [secret for secret in secrets if secret in text], text
        assert f"output=http://127.0.0.1:{receiver.port}/***/write?db\\=metrics01&p\\=***" in one.out


@pytest.mark.parametrize("words", [r'{"error":"unauthorized \\"%s\\""}', "Token %s.", "Bad: %s!", "|%s|", "x%s", "p=%s&", "Bearer realm=%s"])
@pytest.mark.parametrize("secret", ["token-sesame-1", "header-sesame-2", "query+sesame-3"])
def test_however_they_are_repeated(run, words, secret):
    with posts.Receiver(lambda post: answer(403, words % secret)) as receiver:
        one = run(to=f"http://127.0.0.1:{receiver.port}/write?p=query%2Bsesame-3", polls=1, http_token="Bearer token-sesame-1", http_headers="X-Scope-Key=header-sesame-2")
        assert "answers 403" in one.log and "sesame" not in one.log, one.log
        assert ("Bearer realm=" in one.log) == ("Bearer" in words)


def test_credentials_in_the_place_of_a_name(run):
    """The variable holds a header in curl's form."""
    one = run(to="http://127.0.0.1/", http_headers="Authorization: Basic dTpzZXNhbWU=")
    assert one.status == 2 and "SOCKPUSH_HTTP_HEADERS" in one.log and "Name=value" in one.log
    assert "dTpzZXNhbWU" not in one.log


def test_long_path_beside_another_output(run):
    """An output's name is a tag of its series, which must not become too long for the other outputs."""
    with posts.Receiver() as receiver, receivers.udp() as udp:
        one = run(to=f"http://127.0.0.1:{receiver.port}/{'long-part/' * 180},udp://127.0.0.1:{udp.port}", polls=2, interval="300ms")
        assert one.status == 0 and "0 lines were not sent" in one.log, one.log


def test_end_of_an_idle_connection(post):
    """All was answered, so the program does not wait for the receiver's end of the connection, which does not come."""
    with posts.Receiver(lambda one: [answer(), 600]) as receiver:
        program = post(receiver.port, interval="1h", log_level="debug")
        program.until(lambda: " bytes posted: 204" in program.log)
        assert program.end() == 0
        assert "0 lines were not sent" in program.log
        assert parse.ended_by_itself(program.log) and "did not end the connection" not in program.log, program.log


def test_secrets_are_not_shown_where_the_url_is_refused(run):
    for bad in ("https://user:sesame@h/w", "http://h/w?token=sesame#x", "http://h:0/?p=sesame", "http://h/w?token=sesame&q=a b", "htp://h/?token=sesame"):
        one = run(to=bad)
        assert one.status == 2 and "sesame" not in one.log and "SOCKPUSH_TO" in one.log, one.log


def check(run, receiver, status, target="/write?db=x", **env):
    """Returns --check's text about a POST to this receiver. Asserts the status."""
    one = run("--check", to=f"http://127.0.0.1:{receiver.port}{target}", **env)
    assert one.status == status, one.out + one.log
    return " ".join(re.search(rf" \(influx\): (\w+) at 127\.0\.0\.1:{receiver.port}: an empty POST: the receiver (.*)$", one.out, re.M).groups())


def test_check_posts_no_line(run):
    """The request is that of a snapshot, but without lines."""
    with posts.Receiver(lambda post: answer(reason="No Content")) as receiver:
        assert check(run, receiver, 0, http_token="sesame") == "ok answers 204 No Content"
        assert posts.wait.until(lambda: receiver.ended)
        [post] = receiver.posts
        assert (post.target, post.body, post.headers["content-length"], post.headers["authorization"]) == ("/write?db=x", "", "0", "Token sesame")


@pytest.mark.parametrize("status,words", [(401, "unauthorized access"), (403, "no"), (404, "database not found"), (405, ""), (500, "broken"), (503, "later")])
def test_check_where_lines_would_be_refused(run, status, words):
    with posts.Receiver(lambda post: answer(status, words)) as receiver:
        hint = ": set SOCKPUSH_HTTP_TOKEN to a token that it accepts" if status == 401 else ""
        assert check(run, receiver, 1) == f"failed answers {status}" + (f': "{words}"' if words else "") + hint


@pytest.mark.parametrize("status", [400, 422])
def test_check_where_a_post_needs_lines(run, status):
    """InfluxDB 2 and DataKit refuse an empty POST, others answer 400 to a wrong path: the result is unknown."""
    with posts.Receiver(lambda post: answer(status, "writing requires points")) as receiver:
        assert check(run, receiver, 0) == f'unknown answers {status}: "writing requires points"; with lines it may answer otherwise'


def test_check_of_a_token(run):
    """The token is not shown, though the receiver repeats it."""
    with posts.Receiver(lambda post: answer() if post.headers.get("authorization") == "Token sesame-1" else answer(401, f"unknown: {post.headers['authorization']}")) as receiver:
        assert check(run, receiver, 0, http_token="sesame-1") == "ok answers 204"
        assert check(run, receiver, 1, http_token="sesame-2") == 'failed answers 401: "unknown: Token ********": set SOCKPUSH_HTTP_TOKEN to a token that it accepts'


def test_check_of_what_is_no_http(run):
    with posts.Receiver(lambda post: b"220 mail.test ESMTP\r\n") as receiver:
        assert check(run, receiver, 1) == "failed does not answer with HTTP/1.1"


def test_fail_over(post):
    """Path and query apply to all hosts of an output."""
    with posts.Receiver() as receiver:
        gone = ports.unused()
        program = post(gone, target=f"/write?db=x,127.0.0.1:{receiver.port}")
        program.until(lambda: len(receiver.posts) > 2)
        assert program.end() == 0
        assert {one.target for one in receiver.posts} == {"/write?db=x"}
