"""`tocsin doctor`: for people, for programs, and for a container's health check."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from tests.cli.test_dead import TARIFF
from tests.servers.pymap_server import free_port


def _config(folder: Path, port: int) -> Path:
    (folder / "engine.yaml").write_text(
        "version: 1\nproviders: {phone: {driver: fake, url: 'http://127.0.0.1:1'}}\n"
        f"web: {{host: 0.0.0.0, port: {port}}}\ndata: {folder}/var\n"
    )
    (folder / "tariff.yaml").write_text(TARIFF)
    return folder


@contextmanager
def _engine(status: int) -> Iterator[int]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/readyz" else 404)
            self.end_headers()
            self.wfile.write(b'{"ready": ...}')

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        yield server.server_port
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_health_check_says_what_the_engine_says(tmp_path: Path, status: int, code: int) -> None:
    with _engine(status) as port:
        done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, port)), "doctor", "--ready"])
    assert (done.exit_code, done.stdout) == (code, '{"ready": ...}\n')


def test_an_engine_that_does_not_answer_is_a_service_that_cannot_be_reached(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, free_port())), "doctor", "--ready"])
    assert done.exit_code == 3
    assert "no engine answers" in done.stderr


def test_the_findings_are_there_for_programs(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["-c", str(_config(tmp_path, free_port())), "doctor", "--json"])
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert [each["ok"] for each in found] == [True, True, False, True]
    assert found[2]["place"] == "provider phone 127.0.0.1:1"
    assert found[2]["message"].startswith("tcp: refused")
    assert found[3]["message"].startswith("reports: they come to http://0.0.0.0:")


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//tests//
BEGIN:VEVENT
UID:1
DTSTAMP:20200101T000000Z
DTSTART:20200101T090000Z
DTEND:20200101T100000Z
RRULE:FREQ=DAILY
SUMMARY:Standup
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("written", "ok", "says"),
    [
        (ICS, True, "1 appointment, 3"),
        (ICS.replace("FREQ=DAILY", "FREQ=SOMETIMES"), True, "1 cannot be read whole"),
        ("<html>", False, "calendar"),
        (None, False, "the file cannot be read"),
    ],
    ids=["well", "a bad rule", "a page of a web site", "no file"],
)
def test_each_calendar_is_fetched_once_and_read(tmp_path: Path, written: str | None, ok: bool, says: str) -> None:
    folder = _config(tmp_path, free_port())
    (folder / "accounts").mkdir()
    (folder / "accounts/anna.yaml").write_text(
        'version: 1\nid: anna\nnumbers: ["+32470000001"]\ncalendars: [{name: work, file: work.ics}]\n'
    )
    if written is not None:
        (folder / "work.ics").write_text(written)
    found = json.loads(CliRunner().invoke(main, ["-c", str(folder), "doctor", "--json"]).stdout)
    [finding] = [each for each in found if "calendar work" in each["place"]]
    assert finding["place"] == f"anna calendar work {folder}/work.ics"
    assert (finding["ok"], says in finding["message"]) == (ok, True), finding
