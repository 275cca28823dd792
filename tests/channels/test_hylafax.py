"""Fax to an hfaxd in memory: the contract of providers, the job, the queues; HylaFAX itself is in tests/live."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import pytest_asyncio
from pydantic import ValidationError

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Listening, Provider
from engine.channels.providers.hylafax.driver import HylafaxProvider
from engine.channels.providers.hylafax.settings import HylafaxSettings
from engine.net import Http
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from tests.contracts.provider import GARBAGE, LONG, NUMBER, SECRET, Callback, ProviderContract, a_message
from tests.servers.hfaxd import Hfaxd

PREFIX = "tocsin/fax/"


def a_provider(fax: Hfaxd, **settings: Any) -> HylafaxProvider:
    known = {"driver": "hylafax", "port": fax.port, **({"password": SECRET} if fax.password else {})}
    found = registry.build("fax", HylafaxSettings.model_validate(known | settings), Http())
    assert isinstance(found, HylafaxProvider)
    return found


class FaxRig:
    """An hfaxd in memory."""

    def __init__(self, fax: Hfaxd) -> None:
        self.fax = fax

    def provider(self, provider_class: ProviderClass, timeout: timedelta = LONG) -> Provider:
        assert provider_class is ProviderClass.QUERYABLE
        return a_provider(self.fax, timeout=timeout)

    async def behave(self, do: str, **how: Any) -> None:
        self.fax.next = {"do": do, **how}

    def taken(self) -> list[str]:
        return [each.parameters["JOBINFO"].removeprefix(PREFIX) for each in self.fax.jobs]

    async def switch_off(self) -> None:
        await self.fax.stop()

    def callbacks(self, ref: str) -> list[Callback]:
        return []

    def forgeries(self, ref: str) -> list[Callback]:
        return [Callback(body=body) for body in GARBAGE]

    def garbage(self, ref: str) -> list[Callback]:
        return []


@pytest_asyncio.fixture
async def fax() -> AsyncIterator[Hfaxd]:
    async with Hfaxd.running() as made:
        yield made


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[FaxRig]:
    async with Hfaxd.running(password=SECRET) as made:
        yield FaxRig(made)


class TestHylafax(ProviderContract):
    """Every promise of the contract, for a HylaFAX server."""

    classes: ClassVar = (ProviderClass.QUERYABLE,)
    refusals: ClassVar = {"auth": Reason.PROVIDER_AUTH, "refused": Reason.PROVIDER_REFUSED}
    says_when: ClassVar = False


async def test_a_job_holds_the_pages_our_reference_and_when_to_give_up(fax: Hfaxd) -> None:
    soon = a_message().model_copy(update={"not_after": datetime.now(UTC) + timedelta(minutes=91)})
    await a_provider(fax, modem="ttyS0", dial="0,00{digits}").send(soon, "r1")
    [job] = fax.jobs
    assert job.document.startswith(b"%PDF-")
    assert job.parameters["JOBINFO"] == f"{PREFIX}r1"
    assert job.parameters["DIALSTRING"] == job.parameters["EXTERNAL"] == f"0,00{NUMBER[1:]}"
    assert job.parameters["LASTTIME"] == "000130"
    assert (job.parameters["MODEM"], job.parameters["VRES"]) == ("ttyS0", "196")


async def test_nothing_is_left_on_the_server_s_word_where_contents_go(fax: Hfaxd) -> None:
    assert (await a_provider(fax).send(a_message(), "r1")).outcome is Outcome.ACCEPTED  # it names 10.0.0.1


@pytest.mark.parametrize(
    "number", ["+32 2 555", '+322"\r\nJKILL 1', "0470", "+", "", "+3247000000é", "+１２３４５６７"]
)
async def test_a_number_that_is_none_is_refused_before_anything_leaves(fax: Hfaxd, number: str) -> None:
    answer = await a_provider(fax).send(a_message(number=number), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.BAD_NUMBER)
    assert fax.said == []


@pytest.mark.parametrize("text", ["a\x00b", "\x9b", "\ud83d"])
async def test_a_text_that_is_none_is_refused_before_anything_leaves(fax: Hfaxd, text: str) -> None:
    answer = await a_provider(fax).send(a_message(text), "r1")
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.UNFIT)
    assert fax.said == []


async def test_a_text_of_too_many_pages_is_refused_before_anything_leaves(fax: Hfaxd) -> None:
    answer = await a_provider(fax, most_pages=2).send(a_message("x\n" * 121), "r1")
    assert (answer.outcome, answer.reason, answer.detail) == (Outcome.REFUSED, Reason.TOO_LONG, "not sent: 3 pages")
    assert fax.said == []


async def test_a_refusal_of_the_scheduler_is_unknown_and_the_queue_tells(fax: Hfaxd) -> None:
    fax.next = {"do": "fail"}
    provider = a_provider(fax)
    assert (await provider.send(a_message(), "r1")).outcome is Outcome.UNKNOWN
    assert (await provider.ask("r1")).outcome is Outcome.NOT_TAKEN


@pytest.mark.parametrize(
    ("state", "words", "fate", "reason"),
    [
        ("D", "", Fate.DELIVERED, Reason.DELIVERED),
        ("F", "Busy signal detected; too many attempts to dial", Fate.UNDELIVERED, Reason.LINE_BUSY),
        ("F", "No answer from remote; too many attempts to dial", Fate.UNDELIVERED, Reason.NO_PICKUP),
        ("F", "No carrier detected; too many attempts to dial", Fate.UNDELIVERED, Reason.NO_FAX),
        ("F", "Kill time expired", Fate.UNDELIVERED, Reason.UNDELIVERED),
        ("F", "REJECT: job | 1", Fate.UNDELIVERED, Reason.PROVIDER_REFUSED),
        ("F", f"to {NUMBER[1:]} said\x1b", Fate.UNDELIVERED, Reason.UNDELIVERED),
    ],
)
async def test_what_became_of_a_fax_is_told_once_with_its_reason(
    fax: Hfaxd, state: str, words: str, fate: Fate, reason: Reason
) -> None:
    provider = a_provider(fax, poll=timedelta(milliseconds=50))
    assert isinstance(provider, Listening)
    await provider.send(a_message(), "r1")
    await provider.send(a_message(), "r2")
    told: list[DeliveryReport] = []
    heard = asyncio.Event()

    async def publish(reports: Any) -> None:
        told.extend(reports)
        if len(told) == 1:
            heard.set()
            raise ConnectionError("the stream is away")  # then it is told again

    fax.finish("r1", state, words)
    await provider.listen(publish)
    await heard.wait()
    seen = len(fax.said)
    async with asyncio.timeout(10):
        while sum(line == "LIST doneq" for line in fax.said[seen:]) < 3:
            await asyncio.sleep(0.01)
    await provider.close()
    assert len(told) == 2
    for report in told:
        assert (report.client_ref, report.fate, report.reason) == ("r1", fate, reason)
        assert NUMBER[1:] not in report.detail


@pytest.mark.parametrize(
    "talk",
    [
        [b""],
        [b"hello\r\n"],
        [b"220 ok\r\n", b"230 in\r\n", b"200 ok\r\n", b"227 nowhere\r\n"],
        [b"220 ok\r\n", b"230 in\r\n", b"200 ok\r\n", b"227 (1,2,3,4,0,1)\r\n"],
        [b"220 ok\r\n", b"230 in\r\n", b"200 ok\r\n", b"227 (1,2,3,4,999,999)\r\n"],
        [b"220-" + b"x" * 100_000],
        [b"220-x\r\n" * 500],
        [b"220 ok\r\n", b"\xff\xfe\r\n" * 3],
    ],
)
async def test_nonsense_before_the_last_command_is_known_not_to_be_taken(talk: list[bytes]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for each in talk:
            writer.write(each)
            await reader.readline()
        writer.close()
        gone.set()

    gone = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        provider = a_provider(Hfaxd(port=server.sockets[0].getsockname()[1]), timeout="1s")
        answer = await provider.send(a_message(), "r1")
        assert (answer.outcome, answer.reason) == (Outcome.NOT_TAKEN, Reason.PROVIDER_UNREACHABLE)
        await gone.wait()
        gone.clear()
        assert (await provider.ask("r1")).outcome is Outcome.UNKNOWN
        await gone.wait()


@pytest.mark.parametrize(
    "wrong",
    [
        {"dial": "911"},
        {"dial": '{number}"'},
        {"modem": 'x" JKILL'},
        {"user": 'a"b'},
        {"user": "a\nb"},
        {"sender": "a\nb"},
        {"password": "x", "password_file": "y"},
        {"poll": "10m", "kept": "15m"},
        {"host": "a b"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        HylafaxSettings.model_validate({"driver": "hylafax", **wrong})
