"""The demo from beginning to end: set the stage, play, and take everything down again."""

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import settings
from engine.demo.configuration import AHEAD, APPOINTMENT, NUMBER, USER, add_calendar
from engine.demo.follow import Follower, Scene
from engine.demo.narrate import Narrator, clean, describe
from engine.demo.page import Page
from engine.demo.post import Letter, deliver
from engine.demo.reading import Reading
from engine.demo.stage import Stage, set_up
from engine.errors import TocsinError
from engine.web.server import Listener

URGENT = Letter.model_validate(
    {"from": "boss@acme.example", "subject": "Spoed: server down", "body": "It has been down since nine."}
)
OTHER = Letter.model_validate(
    {"from": "news@shop.example", "subject": "Aanbieding van de week", "body": "Everything must go."}
)
EXPECTED = "Boss: Spoed: server down"
REMINDER = "Tandarts over 1 min, Kerkstraat 5"
#: How far ahead the appointment is of which the phone is reminded; with `once` so near that nobody waits for long,
#: and so far that the engine has read the calendar before.
TWO_MINUTES = timedelta(minutes=2)
SOON = AHEAD + timedelta(seconds=10)
#: Seconds within which the phone has to have the text.
LIMIT = 30.0

_REAL = (
    "real: the mailbox (IMAP), the engine, its rules, store and credit; "
    "simulated: the phone, nothing leaves this machine"
)


Post = Callable[[Letter], Awaitable[None]]


async def play(*, once: bool, port: int | None) -> None:
    """Play until cancelled; with `once`, two mails, a reminder and the proof.

    Raises TocsinError when something goes wrong.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-demo-") as name:
        folder = Path(name)
        async with set_up(folder) as stage:
            performing = asyncio.create_task(_perform(stage, once=once, port=port))
            guards = [asyncio.create_task(child.live()) for child in stage.children]
            try:
                done, _ = await asyncio.wait({performing, *guards}, return_when=asyncio.FIRST_COMPLETED)
                for task in [*guards, performing]:  # a child that died explains best what else went wrong
                    if task in done:
                        task.result()
            finally:
                for task in [*guards, performing]:
                    task.cancel()
                await asyncio.gather(*guards, performing, return_exceptions=True)
        if once:
            # Judged after the engine has ended: what it would still have sent stands here too.
            _judge(folder / "phone.jsonl")
            print(f"proven: the phone took exactly two texts, {EXPECTED!r} and {REMINDER!r}")


async def _perform(stage: Stage, *, once: bool, port: int | None) -> None:
    narrator = Narrator()

    async def post(letter: Letter) -> None:
        narrator.posted(letter.subject)
        await deliver(stage.mail_port, stage.password, letter)

    page = Page(post)

    def tell(scene: Scene) -> None:
        narrator.tell(scene)
        page.tell(scene)

    async with AsyncExitStack() as stack:
        listener = await _listen(page, 0 if once else port)
        stack.push_async_callback(listener.stop)
        stack.callback(page.hang_up)
        print(f"mailbox   imap://127.0.0.1:{stage.mail_port}  {USER}")
        print(f"phone     {stage.phone}/  {NUMBER}")
        print(f"page      {listener.url}/")
        print(_REAL, flush=True)
        follower = Follower(Reading(settings.require(stage.config).store, stage.config), stage.phone, tell)
        stack.push_async_callback(follower.close)
        await asyncio.to_thread(add_calendar, stage.config, datetime.now(UTC) + (SOON if once else TWO_MINUTES))
        if once:
            await _prove(follower, narrator, post)
        else:
            print(f"calendar  {APPOINTMENT!r} is in two minutes, and the phone is reminded of it in one")
            print("mail yourself on the page; ^C ends", flush=True)
            await follower.until(lambda _: False)


async def _listen(page: Page, port: int | None) -> Listener:
    """The page on `port`; without a wish on 8080, or on a free one if that is taken."""
    wishes = [8080, 0] if port is None else [port]
    for wish in wishes:
        listener = Listener(page.application(), "127.0.0.1", wish, remedy="give another port with --port")
        try:
            await listener.start()
        except TocsinError:
            if wish == wishes[-1]:
                raise
        else:
            return listener
    raise AssertionError("unreachable")


async def _prove(follower: Follower, narrator: Narrator, post: Post) -> None:
    before = (await follower.look()).standing
    await post(URGENT)
    await post(OTHER)
    try:
        async with asyncio.timeout(LIMIT):
            await follower.until(_is_done)
    except TimeoutError:
        raise TocsinError(f"not everything had arrived after {LIMIT:.0f} s: {_missing(follower.scene)}") from None
    scene = follower.scene
    assert scene is not None
    print(f'why "{OTHER.subject}" sent nothing:')
    for mail in scene.mails:
        if mail.subject == OTHER.subject:
            for line in mail.explained:
                print(f"  {clean(line)}")
    print(f"credit    {describe(before)} → {describe(scene.standing)}")
    if narrator.seconds is not None:
        print(f"delivered in {narrator.seconds:.1f} s", flush=True)


def _is_done(scene: Scene) -> bool:
    return (
        {mail.subject for mail in scene.mails} >= {URGENT.subject, OTHER.subject, APPOINTMENT}
        and sum(message["status"] == "delivered" for message in scene.messages) >= 2
        and not scene.standing.parts_held
    )


def _missing(scene: Scene | None) -> str:
    if scene is None:
        return "nothing could be read"
    return (
        f"{len(scene.mails)} of 3 decided on (two mails, a reminder), {len(scene.messages)} of 2 texts on the phone"
    )


def _judge(journal: Path) -> None:
    lines = [json.loads(line) for line in journal.read_bytes().splitlines()]
    taken = sorted((line["to"], line["text"]) for line in lines if line["did"] == "taken")
    if taken != [(NUMBER, EXPECTED), (NUMBER, REMINDER)]:
        wanted = f"exactly two texts, {EXPECTED!r} and {REMINDER!r}"
        raise TocsinError(f"the phone should have taken {wanted}; it took {len(taken)}")
