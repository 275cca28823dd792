"""Ten thousand matching mails at once, the engine killed in the middle: the cap, one digest, every part paid once."""

import signal
from pathlib import Path

import pytest

from engine.store import ledger
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
rules:
  - name: Boss
    when: {from: boss@example.com}
    notify: {to: me, text: "{subject}", signature: off}
    limits: {throttle: off, daily: off}
"""
CAP = 20
#: It is ten minutes later for the one timer, and whoever died holds nothing any more.
LATER = "UPDATE due SET at = 0, lease = NULL WHERE kind = 'digest'"


@pytest.mark.parametrize(
    "mails",
    [
        pytest.param(1_000, id="a thousand"),
        pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(600)], id="ten thousand"),
    ],
)
async def test_a_storm_costs_the_cap_and_one_digest_also_when_the_engine_is_killed_in_it(
    tmp_path: Path, mails: int
) -> None:
    installation = Installation(tmp_path)
    anna = Person("anna", "+32470000001", "u1", parts=mails, cap=CAP, rules=RULES)
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone()
            installation.write([anna], server)
            await installation.start_engine()
            await installation.watching(1)
            for start in range(0, mails, 500):
                await server.deliver("u1", *(letter(f"storm {n}") for n in range(start, start + 500)))
            for share in (3, 2):  # twice, inside the window
                await installation.until(
                    lambda: installation.count("notification") >= mails // share,  # noqa: B023
                    "a part of the storm",
                    300,
                )
                await installation.end_engine(signal.SIGKILL)
                await installation.start_engine()
            await installation.until(lambda: installation.count("notification") == mails, "all of it", 300)
            installation.change(LATER)
            await installation.until(lambda: len(phone.taken()) > CAP, "the digest")
            wanted = "fate = 'delivered'"
            await installation.until(lambda: installation.count("message", wanted) == CAP + 1, "the reports")
            assert await installation.end_engine() == 0
            texts = [str(line["text"]) for line in phone.taken()]
            rest = mails - CAP
            assert len(texts) == CAP + 1
            assert texts[-1] == f"Limiet bereikt, nog {rest} berichten niet apart verstuurd: Boss ({rest})\nTocsin"
            assert installation.count("receipt", "fate = 'digested'") == rest
            with installation.store() as store:
                assert store.read(ledger.differences) == []
                credit = store.read(lambda c: ledger.credits(c, "anna"))[0]
            assert (credit.available + credit.spent, credit.held, credit.spent) == (mails, 0, CAP + 1)
        finally:
            await installation.close()
