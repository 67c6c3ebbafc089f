"""The live report: it follows the search, is read-only, and is there for this machine alone."""

import json
import re
import socket
import struct
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from time import time

import pytest
from tests.result_samples import searched

from einspace.errors import RunError, SettingError
from einspace.result import Result
from einspace.result.report import LiveReport, live

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return searched(tmp_path_factory.mktemp("runs"), trials=6, report=False)


def ask(server: LiveReport, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
    """The server's answer and its text."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer, text


def test_it_follows_the_search(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stored yet, then each new state under a new version, and the same version is not sent twice."""
    monkeypatch.setattr(live, "PAUSE", 0.0)
    monkeypatch.setattr(live, "REST", 0.0)
    states: list[Result] = []

    def read() -> Result:
        if not states:
            raise RunError("the run has no settings yet")
        return states[-1]

    with LiveReport(read, "test", port=0) as server:
        assert "has not stored anything yet" in ask(server, "/")[1]
        states.append(replace(result, history=result.history[:2], others=()))
        answer, text = ask(server, "/main")
        version = answer.headers["ETag"]
        assert "All 2 trials" in text
        assert ask(server, "/main", If_None_Match=version)[0].status == 304
        states.append(result)
        answer, text = ask(server, "/main", If_None_Match=version)
        assert answer.status == 200
        assert "All 6 trials" in text
        assert "All 6 trials" in ask(server, "/")[1]


def test_what_runs_is_said(result: Result) -> None:
    """The trials that the database has as running, or the lines that the search itself gives; neither is markup or moves a cursor."""
    running = (replace(result.history[0], number=6, evaluation=None, started=time() - 75),)
    with LiveReport(lambda: replace(result, running=running), "test", port=0) as server:
        answer, text = ask(server, "/now")
        assert answer.headers["Content-Type"] == "application/json"
        (line,) = json.loads(text)
        assert re.fullmatch(r"trial 6: seed resnet8, .* parameters, for 1 min 1\d s", line)
    with LiveReport(lambda: result, "test", port=0, now=lambda: ["trial 7, epoch 2 of 8 done", "\x1b[2J"]) as server:
        assert json.loads(ask(server, "/now")[1]) == ["trial 7, epoch 2 of 8 done", "\\x1b[2J"]


def test_it_is_read_only_and_of_this_machine(result: Result) -> None:
    """Other methods, other paths and other names of the host are refused."""
    with LiveReport(lambda: result, "test", port=0) as server:
        assert server.address == f"http://127.0.0.1:{server.port}/"
        assert ask(server, "/../run.json")[0].status == 404
        assert ask(server, "/", "POST")[0].status == 501
        assert ask(server, "/", Host="elsewhere.example")[0].status == 403


@pytest.mark.parametrize("other", ["elsewhere.example", "127.0.0.1:{port}", ""])
@pytest.mark.parametrize("first", [True, False])
def test_a_request_names_one_host(result: Result, other: str, first: bool) -> None:
    """Two names of the host are refused, whichever comes first and whatever it is, and so is none."""
    with LiveReport(lambda: result, "test", port=0) as server:
        hosts = [f"127.0.0.1:{server.port}", other.format(port=server.port)]
        for named, status in ((hosts if first else hosts[::-1], 403), ([], 403), (hosts[:1], 200)):
            connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
            connection.putrequest("GET", "/", skip_host=True)
            for host in named:
                connection.putheader("Host", host)
            connection.endheaders()
            assert connection.getresponse().status == status
            connection.close()


def test_browsers_that_leave(result: Result, capfd: pytest.CaptureFixture[str]) -> None:
    """One that leaves before its answer, and one that sends no HTTP, cost no other an answer, and print nothing."""
    with LiveReport(lambda: result, "test", port=0) as server:
        for words in (b"GET / HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % server.port, b"\x16\x03\x01" * 100, b"GET /" + b"x" * 70_000):
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", server.port)) as browser:
                    browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by a reset
                    browser.sendall(words)
        assert ask(server, "/")[0].status == 200
    assert capfd.readouterr().err == ""


def test_a_used_port_is_said(result: Result) -> None:
    """One line names the port and the option."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingError, match=rf"the port {port} of 127\.0\.0\.1 is in use; --port takes another one"):
            LiveReport(lambda: result, "test", port)


@pytest.mark.parametrize(("seconds", "rest"), [(0.0, live.PAUSE), (3.0, 30.0)])
def test_looks_at_a_long_run_leave_the_search_most_of_the_time(
    result: Result, monkeypatch: pytest.MonkeyPatch, seconds: float, rest: float
) -> None:
    """After one there is none for ten times as long as it took, however often a browser asks; one that fails is soon tried again."""
    clock, looks = [0.0], [0]

    def read() -> Result:
        clock[0] += seconds
        looks[0] += 1
        if looks[0] == 1:
            raise RunError("the database is away")
        return result

    monkeypatch.setattr(live, "monotonic", lambda: clock[0])
    with LiveReport(read, "test", port=0) as server:
        for after, count in ((0.0, 1), (live.PAUSE, 2), (0.9 * rest, 2), (0.1 * rest, 3)):
            clock[0] += after
            server.latest()
            assert looks[0] == count
