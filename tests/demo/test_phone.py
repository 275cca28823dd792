"""The virtual phone: what it answers, what it remembers over a kill, what it reports, and what it shows."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from engine.demo.child import Child, start
from engine.demo.journal import Journal
from engine.demo.phone import Phone
from engine.demo.phone_server import run
from engine.demo.shield import shield
from engine.errors import TocsinError
from engine.net import Http, Reply
from engine.web.server import Listener

LONG = timedelta(seconds=30)
NUMBER = "+32470000001"


class Engine:
    """Where the reports go: answers with the statuses it is given, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.reports: list[dict[str, Any]] = []
        self.tokens: set[str] = set()
        app = web.Application()
        app.add_routes([web.post("/callbacks/phone", self._take), web.post("/inbound/phone", self._take)])
        self.listener = Listener(app, "127.0.0.1", 0, remedy="")

    async def _take(self, request: web.Request) -> web.Response:
        self.reports.append(await request.json())
        self.tokens.add(request.headers["Authorization"])
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    made = Engine()
    await made.listener.start()
    yield made
    await made.listener.stop()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


class Line:
    """A phone that is on, and how to speak to it."""

    def __init__(self, http: Http, path: Path, callback: str = "", token: str = "secret") -> None:
        self.http = http
        self.path = path
        self.phone = Phone(Journal(path), callback=callback, token=token)
        app = web.Application()
        app.add_routes(self.phone.routes())
        shield(app, loopback=True)
        self.listener = Listener(app, "127.0.0.1", 0, remedy="")
        self.headers = {"Authorization": f"Bearer {token}"}

    async def __aenter__(self) -> "Line":
        await self.listener.start()
        await self.phone.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.phone.hang_up()
        await self.listener.stop()
        await self.phone.stop()

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        return await self.http.request(
            method, self.listener.url + path, json=body, headers={**self.headers, **headers}, timeout=LONG
        )

    async def send(self, ref: str = "r1", text: str = "Boss: Spoed", **other: Any) -> Reply:
        return await self.call("POST", "/send", {"ref": ref, "to": NUMBER, "text": text, **other})

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

    def did(self, what: str) -> list[dict[str, Any]]:
        return [line for line in self.journal() if line["did"] == what]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


# ---- what it answers


async def test_an_instruction_is_for_the_next_requests_and_for_one_number(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        await line.call("POST", "/behave", {"do": "busy", "next": 2, "to": NUMBER})
        other = await line.call("POST", "/send", {"ref": "o", "to": "+32470000002", "text": "x"})
        assert other.status == 200
        assert [(await line.send(f"r{n}")).status for n in range(3)] == [429, 429, 200]
        await line.call("POST", "/behave", {"do": "refuse", "reason": "no_credit", "next": None})
        assert [(await line.send(f"s{n}")).status for n in range(3)] == [402, 402, 402]
        await line.call("DELETE", "/behave")
        assert (await line.send("t")).status == 200
        assert [each["did"] for each in line.journal() if each["did"] != "reported"] == [
            *("taken", "busy", "busy", "taken"),
            *("refused", "refused", "refused", "taken"),
        ]


async def test_an_instruction_that_makes_no_sense_is_answered_with_what_is_wrong(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        reply = await line.call("POST", "/behave", {"do": "dance"})
        assert reply.status == 400
        assert json.loads(reply.body)["problems"][0]["at"] == ["do"]
        assert (await line.call("POST", "/behave", {"dance": True})).status == 400


@pytest.mark.parametrize("body", [{}, [], {"ref": "", "to": NUMBER, "text": "x"}, {"ref": "r", "to": NUMBER}])
async def test_a_request_that_makes_no_sense_is_journaled_as_refused(http: Http, tmp_path: Path, body: Any) -> None:
    async with Line(http, tmp_path / "j") as line:
        assert (await line.call("POST", "/send", body)).status == 400
        assert [each["reason"] for each in line.did("refused")] == ["garbage"]


@pytest.mark.parametrize("to", ["470000001", "+32 470 00 00 01", "+3247", "anna"])
async def test_a_number_that_is_not_e164_is_a_bad_number(http: Http, tmp_path: Path, to: str) -> None:
    async with Line(http, tmp_path / "j") as line:
        reply = await line.call("POST", "/send", {"ref": "r", "to": to, "text": "x"})
        assert (reply.status, json.loads(reply.body)) == (422, {"error": "bad_number"})


async def test_without_the_token_nothing_is_taken_told_or_changed(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        wrong = {"Authorization": "Bearer wrong"}
        assert (await line.call("POST", "/send", {"ref": "r", "to": NUMBER, "text": "x"}, **wrong)).status == 401
        assert (await line.call("GET", "/sent/r", **wrong)).status == 401
        assert (await line.call("POST", "/behave", {"do": "busy"}, **wrong)).status == 401
        assert (await line.call("DELETE", "/behave", **wrong)).status == 401
        assert line.journal() == []


async def test_a_delay_that_outlasts_the_client_still_ends_in_taking(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        await line.call("POST", "/behave", {"delay": 3})
        body = {"ref": "r1", "to": NUMBER, "text": "x"}
        with pytest.raises(Exception, match="timed out"):
            await http.request(
                "POST", f"{line.listener.url}/send", json=body, headers=line.headers, timeout=timedelta(seconds=1)
            )
        assert line.did("taken") == []
        await until(lambda: line.did("taken"))


# ---- what it remembers


async def start_process(stack: contextlib.AsyncExitStack, path: Path) -> tuple[Child, str]:
    child = await stack.enter_async_context(
        start("phone", "-m", "engine", "phone", "--port", "0", "--journal", str(path))
    )
    return child, (await child.expect(r"^phone  (http://\S+)/$"))[1]


async def test_what_was_answered_stands_in_the_journal_after_kill_9_and_is_not_taken_again(
    http: Http, tmp_path: Path
) -> None:
    path = tmp_path / "j"
    body = {"to": NUMBER, "text": "x", "class": "idempotent"}
    async with contextlib.AsyncExitStack() as stack:
        child, url = await start_process(stack, path)
        answers = await asyncio.gather(
            *(http.request("POST", f"{url}/send", json={"ref": f"r{n}", **body}, timeout=LONG) for n in range(30))
        )
        child.process.send_signal(signal.SIGKILL)
        await child.process.wait()
        taken = {
            line["ref"]: line["id"]
            for line in map(json.loads, path.read_text().splitlines())
            if line["did"] == "taken"
        }
        assert taken == {f"r{n}": json.loads(answer.body)["id"] for n, answer in enumerate(answers)}
        _, url = await start_process(stack, path)
        for ref, id in taken.items():
            again = await http.request("POST", f"{url}/send", json={"ref": ref, **body}, timeout=LONG)
            assert json.loads(again.body)["id"] == id
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum(line["did"] == "taken" for line in lines) == 30
    assert sum(line["did"] == "duplicate" for line in lines) == 30
    assert [line["seq"] for line in lines] == sorted({line["seq"] for line in lines})


async def test_the_same_reference_many_times_at_once_is_taken_once(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        answers = await asyncio.gather(*(line.send("r1", **{"class": "idempotent"}) for _ in range(20)))
        assert len({answer.body for answer in answers}) == 1
        assert len(line.did("taken")) == 1
        assert len(line.did("duplicate")) == 19


# ---- what it reports


async def test_a_report_is_repeated_until_it_is_thanked_and_then_journaled(
    http: Http, tmp_path: Path, engine: Engine
) -> None:
    engine.statuses = [503, 500, 200]
    async with Line(http, tmp_path / "j", f"{engine.listener.url}/callbacks/phone") as line:
        sent = json.loads((await line.send()).body)
        await until(lambda: line.did("reported"))
        assert [(each["ref"], each["id"], each["status"]) for each in engine.reports] == [
            ("r1", sent["id"], "delivered")
        ] * 3
        assert engine.tokens == {"Bearer secret"}
        assert len(line.did("reported")) == 1


async def test_a_report_can_be_bad_twice_early_or_never(http: Http, tmp_path: Path, engine: Engine) -> None:
    async with Line(http, tmp_path / "j", f"{engine.listener.url}/callbacks/phone") as line:
        await line.call("POST", "/behave", {"report": "phone_full", "report_twice": True, "report_after": 0})
        await line.send("twice")
        await until(lambda: len(line.did("reported")) == 2)
        await line.call("POST", "/behave", {"report": "undelivered", "report_early": True, "report_after": 3600})
        await line.send("early")
        assert len(line.did("reported")) == 3  # before the answer came
        await line.call("POST", "/behave", {"report": "never"})
        await line.send("never")
        await line.send("last")
        await until(lambda: len(line.did("reported")) == 4)
        assert [(each["ref"], each["status"]) for each in engine.reports] == [
            *[("twice", "phone_full")] * 2,
            ("early", "undelivered"),
            ("last", "delivered"),
        ]


async def test_a_report_that_is_owed_is_given_after_the_next_start(
    http: Http, tmp_path: Path, engine: Engine
) -> None:
    async with Line(http, tmp_path / "j", "http://127.0.0.1:1/callbacks/phone") as line:
        await line.call("POST", "/behave", {"report": "phone_off"})
        await line.send("r1")
    async with Line(http, tmp_path / "j", f"{engine.listener.url}/callbacks/phone") as line:
        await until(lambda: line.did("reported"))
        assert [(each["ref"], each["status"]) for each in engine.reports] == [("r1", "phone_off")]
    async with Line(http, tmp_path / "j", f"{engine.listener.url}/callbacks/phone") as line:
        await line.send("r2")
        await until(lambda: len(line.did("reported")) == 2)
        assert [each["ref"] for each in engine.reports] == ["r1", "r2"]


# ---- what it shows


async def test_the_messages_are_listed_with_their_parts_and_for_one_number(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        await line.send("r1", "ş" * 71, **{"from": "Tocsin", "channel": "fax"})
        await line.call("POST", "/send", {"ref": "r2", "to": "+32470000002", "text": "x"})
        [item] = json.loads((await line.call("GET", "/messages?to=%2B32470000001")).body)
        assert (item["parts"], item["alphabet"], item["from"], item["channel"]) == (1, "ucs2", "Tocsin", "fax")
        assert len(json.loads((await line.call("GET", "/messages")).body)) == 2


async def test_an_open_page_is_told_of_a_message_and_of_its_delivery(http: Http, tmp_path: Path) -> None:
    async with (
        Line(http, tmp_path / "j") as line,
        aiohttp.ClientSession() as session,
        session.get(f"{line.listener.url}/messages/stream") as stream,
    ):
        assert stream.content_type == "text/event-stream"
        await line.send("r1", "<script>alert(1)</script>\n\ndata: x")
        seen: list[dict[str, Any]] = []
        async with asyncio.timeout(30):
            while len(seen) < 2:
                record = await stream.content.readline()
                if record.startswith(b"data: "):
                    seen.append(json.loads(record[6:]))
        assert [each["status"] for each in seen] == ["taken", "delivered"]
        assert seen[0]["text"] == "<script>alert(1)</script>\n\ndata: x"


@pytest.mark.parametrize(
    "path", ["/", "/look.css", "/phone.js", "/draw.js", "/icon.svg", "/messages", "/messages/stream"]
)
async def test_every_page_allows_no_foreign_script_style_or_frame(http: Http, tmp_path: Path, path: str) -> None:
    async with (
        Line(http, tmp_path / "j") as line,
        aiohttp.ClientSession() as session,
        session.get(line.listener.url + path) as response,
    ):
        policy = response.headers["Content-Security-Policy"]
        assert response.status == 200
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_a_foreign_host_name_or_a_foreign_page_is_turned_away(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        assert (await line.call("GET", "/messages", Host="evil.example")).status == 421
        assert (await line.call("POST", "/behave", {}, **{"Sec-Fetch-Site": "cross-site"})).status == 403
        assert (await line.call("POST", "/behave", {}, **{"Sec-Fetch-Site": "same-origin"})).status == 200


# ---- how it starts


async def refuses(running: Awaitable[None]) -> TocsinError:
    with pytest.raises(TocsinError) as raised:
        await running
    return raised.value


async def test_it_does_not_serve_strangers_without_a_token(tmp_path: Path) -> None:
    error = await refuses(run("0.0.0.0", 0, tmp_path / "j", until=asyncio.Event()))
    assert "--token-file" in error.remedy


async def test_a_journal_in_use_or_a_port_in_use_is_named(http: Http, tmp_path: Path) -> None:
    async with Line(http, tmp_path / "j") as line:
        error = await refuses(run("127.0.0.1", 0, tmp_path / "j", until=asyncio.Event()))
        assert "another phone" in error.message
        port = line.listener.port
        error = await refuses(run("127.0.0.1", port, tmp_path / "other", until=asyncio.Event()))
        assert (error.place, error.remedy) == (f"127.0.0.1:{port}", "give another port with --port")


# ---- what it writes


async def test_somebody_writes_back_and_is_told_whether_the_engine_has_it(
    http: Http, tmp_path: Path, engine: Engine
) -> None:
    async with Line(http, tmp_path / "j", f"{engine.listener.url}/callbacks/phone") as line:
        said = {"from": NUMBER, "to": "1960", "text": "STOP"}
        assert (await line.call("POST", "/write", said)).status == 200
        assert {name: engine.reports[0][name] for name in said} == said
        assert engine.tokens == {"Bearer secret"}
        engine.statuses = [503]
        assert (await line.call("POST", "/write", said)).status == 502
        assert engine.reports[0]["id"] != engine.reports[1]["id"]
        assert (await line.call("POST", "/write", {"text": "x"})).status == 400
        assert (await line.call("POST", "/write", said, Authorization="Bearer x")).status == 401
