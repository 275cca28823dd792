"""A real T.30 call between two soft modems: Debian's HylaFAX takes a fax, sends it, and its twin receives it."""

import asyncio
import io
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw, ImageSequence

from engine.answer import Outcome
from engine.channels import registry
from engine.channels.providers.hylafax.driver import HylafaxProvider
from engine.channels.providers.hylafax.settings import HylafaxSettings
from engine.medium import Medium
from engine.net import Http
from engine.notification import Channel
from engine.reason import Reason
from engine.receipt import DeliveryReport, Fate
from tests.contracts.provider import SECRET, a_message
from tests.servers.hylafax import HylafaxServer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

RINGS, BUSY, NOBODY = "+31205557777", "+31205550000", "+31205550001"
LETTER = """Beste Anna,

Het alarm van de koelcel staat op 9 °C; de waarde was om 14:05 nog 4 °C.
Larmet från kylrummet: åtgärda före kl. 18, annars går varor för 1 250 € förlorade.
L'alarme a été déclenchée à 14 h 05 ; veuillez vérifier la porte nº 3.
Größere Störung: bitte prüfen Sie die Kühlung.

"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[HylafaxServer]:
    async with HylafaxServer.started(SECRET) as made:
        yield made


def a_provider(server: HylafaxServer, **settings: Any) -> HylafaxProvider:
    known = {"driver": "hylafax", "port": server.port, "password": SECRET, "modem": server.modems[0], "poll": "1s"}
    known |= {"dial": "00{digits}", "dials": 1, "tries": 1, "sender": "Tocsin, Example & Co", **settings}
    made = registry.build("fax", HylafaxSettings.model_validate(known), Http())
    assert isinstance(made, HylafaxProvider)
    return made


async def report_on(provider: HylafaxProvider, ref: str) -> DeliveryReport:
    """What the provider tells by itself."""
    told: asyncio.Queue[DeliveryReport] = asyncio.Queue()

    async def publish(reports: Any) -> None:
        for each in reports:
            told.put_nowait(each)

    await provider.listen(publish)
    try:
        async with asyncio.timeout(240):
            while True:
                report = await told.get()
                if report.client_ref == ref:
                    return report
    finally:
        await provider.close()


def a_ref() -> str:
    return f"{uuid4().hex}-1"


def ink(image: Image.Image) -> list[int]:
    """How black each band of a page is."""
    small = image.convert("L").resize((64, 96), Image.Resampling.BOX)
    return [255 - pixel for pixel in small.tobytes()]


def likeness(one: list[int], other: list[int]) -> float:
    """1 for the same distribution of ink, 0 for none in common."""
    both = sum(map(min, one, other))
    return both / max(sum(one), sum(other))


def a_picture() -> Medium:
    """A file of the mail: a dial with its hand in the red."""
    image = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((250, 100, 950, 800), outline="black", width=24)
    draw.pieslice((300, 150, 900, 750), -60, 0, fill="black")
    draw.line((600, 450, 830, 250), fill="white", width=20)
    out = io.BytesIO()
    image.save(out, "PNG")
    return Medium(id=UUID(int=1), name="koelcel.png", media_type="image/png", body=out.getvalue())


async def test_a_fax_is_received_by_a_real_machine_as_it_was_drawn(server: HylafaxServer, tmp_path: Path) -> None:
    provider = a_provider(server)
    ref = a_ref()
    drawn = tmp_path / "drawn-%d.png"
    message = a_message(LETTER * 6, RINGS).model_copy(update={"channel": Channel.FAX, "media": (a_picture(),)})
    answer = await provider.send(message, ref)
    assert (answer.outcome, answer.detail) == (Outcome.ACCEPTED, f"job {answer.provider_ref}, 2 pages")
    report = await report_on(provider, ref)
    assert (report.fate, report.reason, report.detail) == (Fate.DELIVERED, Reason.DELIVERED, "2 pages")

    document = next((server.folder / "docq").glob("doc*.ps*"), None)
    assert document is not None
    page_of = ["gs", "-q", "-dNOPAUSE", "-dBATCH", "-sDEVICE=png16m", "-r102", f"-sOutputFile={drawn}", str(document)]
    await asyncio.to_thread(subprocess.run, page_of, check=True)
    [received] = server.received()
    with Image.open(received) as fax:
        pages = [page.convert("L") for page in ImageSequence.Iterator(fax)]
    assert len(pages) == 2
    for number, page in enumerate(pages, 1):
        assert page.width == 1728  # A4, as T.4 has it
        with Image.open(tmp_path / f"drawn-{number}.png") as original:
            assert likeness(ink(page), ink(original)) > 0.6
    if pictures := os.environ.get("TOCSIN_PICTURES"):
        both = Image.new("L", (1740, 1200), 128)
        for number, page in enumerate(pages):
            both.paste(page.resize((864, 1200), Image.Resampling.LANCZOS), (number * 876, 0))
        both.save(Path(pictures, "received-fax.png"), optimize=True)


@pytest.mark.parametrize(("number", "reason"), [(BUSY, Reason.LINE_BUSY), (NOBODY, Reason.NO_PICKUP)])
async def test_a_call_that_fails_says_why(server: HylafaxServer, number: str, reason: Reason) -> None:
    provider = a_provider(server)
    ref = a_ref()
    assert (await provider.send(a_message("x", number), ref)).outcome is Outcome.ACCEPTED
    report = await report_on(provider, ref)
    assert (report.fate, report.reason) == (Fate.UNDELIVERED, reason)


async def test_a_wrong_password_is_refused(server: HylafaxServer) -> None:
    provider = a_provider(server, password="another")
    answer = await provider.send(a_message("x", RINGS), a_ref())
    assert (answer.outcome, answer.reason) == (Outcome.REFUSED, Reason.PROVIDER_AUTH)
    assert (await provider.ask(a_ref())).outcome is Outcome.UNKNOWN


async def test_signing_in_shows_whether_the_password_is_right(server: HylafaxServer) -> None:
    assert (await a_provider(server).sign_in()).outcome is Outcome.ACCEPTED
    assert (await a_provider(server, password="another").sign_in()).reason is Reason.PROVIDER_AUTH


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "not heard"])
async def test_when_the_answer_is_lost_the_queue_tells_whether_it_was_heard(
    server: HylafaxServer, heard: bool
) -> None:
    async def gate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Everything passes, until the last command: then one side hangs up."""
        up, down = await asyncio.open_connection("127.0.0.1", server.port)

        async def back() -> None:
            while said := await up.readline():
                writer.write(said)

        answering = asyncio.create_task(back())
        while (line := await reader.readline()) and line.strip() != b"JSUBM":
            down.write(line)
        if line and heard:
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            down.write(line)
            assert (await up.readline()).startswith(b"200")
        answering.cancel()
        for each in (writer, down):
            each.close()
            await asyncio.gather(each.wait_closed(), answering, return_exceptions=True)
        done.set()

    done = asyncio.Event()

    ref = a_ref()
    async with await asyncio.start_server(gate, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        answer = await a_provider(server, port=port).send(a_message("x", BUSY), ref)
        await done.wait()
    assert answer.outcome is Outcome.UNKNOWN
    asked = await a_provider(server).ask(ref)
    assert asked.outcome is (Outcome.ACCEPTED if heard else Outcome.NOT_TAKEN)


async def test_a_no_to_the_last_command_is_unknown_and_the_queue_tells_that_it_was_not_kept(
    server: HylafaxServer,
) -> None:
    await server.stop("faxq")
    provider = a_provider(server)
    ref = a_ref()
    answer = await provider.send(a_message("x", BUSY), ref)
    found = await provider.ask(ref)
    kept = [path for path in (server.folder / "sendq").glob("q*") if ref in path.read_text()]
    server.start_scheduler()
    assert answer.outcome is Outcome.UNKNOWN
    assert (found.outcome, kept) == (Outcome.NOT_TAKEN, [])
