"""The virtual phone: a provider and the phones behind it in one small server. What it takes, it shows."""

import asyncio
import hmac
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web
from pydantic import Field, ValidationError

from engine.answer import ProviderClass
from engine.channels.pages import count_pages
from engine.demo.behaviour import Behaviour, Script
from engine.demo.journal import Did, Enclosed, Journal, Line
from engine.demo.reports import Reporter
from engine.demo.shield import serve_page
from engine.demo.stream import Stream
from engine.noun import Noun
from engine.segments import count

#: The phone's words for its no, and their statuses.
_REFUSED = {"bad_number": 422, "auth": 401, "no_credit": 402, "not_capable": 422, "refused": 400}
#: What a text is counted in: parts of SMS, mails, and else pages.
_PARTS: dict[str, Callable[[str], int]] = {
    "sms": lambda text: count(text).parts,
    **dict.fromkeys(("email", "mms", "rcs"), lambda _text: 1),
}
#: What `GET /messages` shows at most: the newest.
_SHOWN = 500


class _Request(Noun):
    """What a client sends to `POST /send`."""

    ref: str = Field(min_length=1, max_length=200)
    to: str = Field(min_length=1, max_length=200)
    channel: str = Field(default="sms", max_length=20)
    text: str = Field(max_length=100_000)
    sender: str = Field(default="", max_length=200, alias="from")
    provider_class: ProviderClass = Field(default=ProviderClass.IDEMPOTENT, alias="class")
    media: tuple[Enclosed, ...] = Field(default=(), max_length=20)


class _Written(Noun):
    """What a client sends to `POST /write`: a text from one of the phones."""

    sender: str = Field(min_length=1, max_length=40, alias="from")
    to: str = Field(default="", max_length=40)
    text: str = Field(max_length=10_000)


class Phone:
    """Every number's phone. `journal` is the truth; what is held in memory is built from it at the start."""

    def __init__(self, journal: Journal, *, callback: str = "", token: str = "") -> None:
        self._journal = journal
        self._token = token
        self._script = Script()
        self._stream = Stream()
        self._reporter = Reporter(callback, token, journal, self._show_report)
        self._taken: dict[str, Line] = {}
        self._items: dict[str, dict[str, Any]] = {}
        self._owed: dict[str, Line] = {}
        for line in journal.lines:
            self._remember(line)

    def routes(self) -> Sequence[web.RouteDef]:
        """What the server answers to."""
        return [
            web.post("/send", self._send),
            web.get("/sent/{ref}", self._look_up),
            web.get("/became/{ref}", self._tell),
            web.post("/write", self._write),
            web.post("/behave", self._behave),
            web.delete("/behave", self._behave_again),
            web.get("/messages", self._list),
            web.get("/messages/stream", self._stream.serve),
            web.get("/", serve_page("phone.html")),
            web.get("/look.css", serve_page("look.css")),
            web.get("/phone.js", serve_page("phone.js")),
            web.get("/draw.js", serve_page("draw.js")),
            web.get("/icon.svg", serve_page("icon.svg")),
        ]

    async def start(self) -> None:
        """Give the reports that were still owed when the phone was switched off."""
        for line in self._owed.values():
            self._reporter.owe(line, 0)

    def hang_up(self) -> None:
        """End the live pages, so that the server can stop."""
        self._stream.close()

    async def stop(self) -> None:
        """Stop reporting and close the journal."""
        await self._reporter.close()
        await self._journal.close()

    async def _send(self, request: web.Request) -> web.StreamResponse:
        self._check_token(request)
        try:
            asked = _Request.model_validate_json(await request.read())
        except ValidationError:
            await self._journal.append(Did.REFUSED, answer="400", reason="garbage")
            return web.json_response({"error": "garbage"}, status=400)
        behaviour = self._script.follow(asked.to, asked.channel)
        await asyncio.sleep(behaviour.delay)
        match behaviour.do:
            case "refuse":
                return await self._refuse(asked, behaviour.reason)
            case "busy" | "unavailable" as do:
                status = 429 if do == "busy" else 503
                await self._note(Did.BUSY, asked, str(status))
                return web.json_response(
                    {"error": do}, status=status, headers={"Retry-After": str(int(behaviour.seconds))}
                )
            case "fail":
                await self._note(Did.FAILED, asked, "500")
                return web.json_response({"error": "failed"}, status=500)
            case "drop_before":
                await self._note(Did.DROPPED, asked, "none")
                return _hang_up(request)
        return await self._take(request, asked, behaviour)

    async def _take(self, request: web.Request, asked: _Request, behaviour: Behaviour) -> web.StreamResponse:
        answer = {"drop_after": "none", "late": "late", "garbage": "garbage"}.get(behaviour.do, "200")
        first = self._taken.get(asked.ref)
        if first is not None and asked.provider_class is ProviderClass.IDEMPOTENT:
            if (first.to, first.text) != (asked.to, asked.text):
                return await self._refuse(asked, "refused")
            await self._note(Did.DUPLICATE, asked, answer, id=first.id)
            taken = first
        else:
            if not _is_address(asked.to, asked.channel):
                return await self._refuse(asked, "bad_number")
            taken = await self._keep(asked, answer, behaviour)
        match behaviour.do:
            case "drop_after":
                return _hang_up(request)
            case "late":
                await asyncio.sleep(behaviour.seconds)
            case "garbage":
                return web.Response(text="<html>200 OK</html>", content_type="text/html")
        return web.json_response({"id": taken.id})

    async def _keep(self, asked: _Request, answer: str, behaviour: Behaviour) -> Line:
        line = self._journal.compose(Did.TAKEN, answer=answer, report=behaviour.report, **_fields(asked))
        line = line.model_copy(update={"id": f"P{line.seq:08d}"})
        # Remembered before the disk has it: a second request that comes meanwhile is a duplicate, and its own
        # line, for which it waits, stands after this one.
        self._taken.setdefault(line.ref, line)
        await self._journal.write(line)
        self._remember(line)
        self._stream.tell(self._items[line.id])
        if behaviour.report_lost:
            self._owed.pop(line.id, None)
        elif behaviour.report != "never":
            early = behaviour.report_early and await self._reporter.report(line)
            if not early or behaviour.report_twice:
                self._reporter.owe(line, behaviour.report_after, twice=behaviour.report_twice and not early)
        return line

    async def _look_up(self, request: web.Request) -> web.Response:
        self._check_token(request)
        ref = request.match_info["ref"]
        line = self._taken.get(ref)
        found = line is not None and line.provider_class == ProviderClass.QUERYABLE
        await self._journal.append(Did.ASKED, ref=ref, answer="200" if found else "404")
        if line is None or not found:
            return web.json_response({"error": "not_found"}, status=404)
        return web.json_response({"id": line.id})

    async def _tell(self, request: web.Request) -> web.Response:
        """What became of a message, as a report would say it."""
        self._check_token(request)
        line = self._taken.get(request.match_info["ref"])
        if line is None:
            return web.json_response({"error": "not_found"}, status=404)
        known = line.report if line.report != "never" else "taken"
        return web.json_response({"ref": line.ref, "id": line.id, "status": known, "at": line.at.isoformat()})

    async def _write(self, request: web.Request) -> web.Response:
        """Somebody writes back: 200 once the engine has it, 502 when it has not."""
        self._check_token(request)
        try:
            said = _Written.model_validate_json(await request.read())
        except ValidationError:
            return web.json_response({"error": "garbage"}, status=400)
        status = await self._reporter.write(said.sender, said.to, said.text)
        return web.json_response({"status": status}, status=200 if status == 200 else 502)

    async def _behave(self, request: web.Request) -> web.Response:
        self._check_token(request)
        try:
            self._script.add(Behaviour.model_validate_json(await request.read()))
        except ValidationError as error:
            problems = [{"at": list(p["loc"]), "problem": p["msg"]} for p in error.errors()]
            return web.json_response({"error": "garbage", "problems": problems}, status=400)
        return web.json_response({})

    async def _behave_again(self, request: web.Request) -> web.Response:
        self._check_token(request)
        self._script.clear()
        return web.json_response({})

    async def _list(self, request: web.Request) -> web.Response:
        number = request.query.get("to")
        items = [item for item in self._items.values() if number in (None, item["to"])]
        return web.json_response(items[-_SHOWN:])

    def _check_token(self, request: web.Request) -> None:
        shown = request.headers.get("Authorization", "")
        if self._token and not hmac.compare_digest(shown.encode(errors="replace"), f"Bearer {self._token}".encode()):
            raise web.HTTPUnauthorized(text='{"error": "auth"}', content_type="application/json")

    async def _refuse(self, asked: _Request, reason: str) -> web.Response:
        status = _REFUSED[reason]
        await self._note(Did.REFUSED, asked, str(status), reason=reason)
        return web.json_response({"error": reason}, status=status)

    async def _note(self, did: Did, asked: _Request, answer: str, **said: str) -> None:
        await self._journal.append(did, answer=answer, **_fields(asked), **said)

    def _remember(self, line: Line) -> None:
        if line.did is Did.TAKEN:
            self._taken.setdefault(line.ref, line)
            self._items[line.id] = _show(line)
            if line.report != "never":
                self._owed[line.id] = line
        elif line.did is Did.REPORTED and line.id in self._items:
            self._items[line.id]["status"] = line.report
            self._owed.pop(line.id, None)

    def _show_report(self, taken: Line) -> None:
        self._owed.pop(taken.id, None)
        self._items[taken.id]["status"] = taken.report
        self._stream.tell(self._items[taken.id])


def _is_address(to: str, channel: str) -> bool:
    if channel == "email":
        name, _, domain = to.rpartition("@")
        return bool(name and domain) and not any(each.isspace() for each in to)
    return to.startswith("+") and to[1:].isdecimal() and 8 <= len(to) <= 16


def _fields(asked: _Request) -> dict[str, Any]:
    return {
        "ref": asked.ref,
        "to": asked.to,
        "sender": asked.sender,
        "channel": asked.channel,
        "text": asked.text,
        "provider_class": asked.provider_class.value,
        "media": asked.media,
    }


def _show(line: Line) -> dict[str, Any]:
    """A message as the page and `GET /messages` show it."""
    segments = count(line.text)
    return {
        "id": line.id,
        "ref": line.ref,
        "seq": line.seq,
        "at": line.at.isoformat(),
        "to": line.to,
        "from": line.sender,
        "channel": line.channel,
        "text": line.text,
        "parts": _PARTS.get(line.channel, count_pages)(line.text),
        "alphabet": segments.alphabet.value,
        "status": "taken",
    }


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return web.Response()  # goes nowhere: aiohttp wants something returned
