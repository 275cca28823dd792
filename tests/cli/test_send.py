"""`tocsin send --test`: with a running engine and without, through the virtual phone, and every way it can end."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.store import ledger
from engine.store.trial import MOST_A_DAY, PAYER
from tests.contracts.provider import SECRET
from tests.servers.installation import Installation
from tests.servers.vendors.clicksend import Clicksend

NUMBER = "+32 470 00 00 01"
TEXT = "Hello ☺"


class Place(Installation):
    """An installation with a phone and nobody's mailboxes."""

    def prepare(self, *, phone: str = "phone", url: str = "") -> None:
        """Write its files."""
        for name in ("accounts", "rules/global"):
            (self.config / name).mkdir(parents=True, exist_ok=True)
        where = url or f"http://127.0.0.1:{self.phones[phone].port}"
        (self.config / "engine.yaml").write_text(
            f"version: 1\ndata: ../var\nweb: {{port: {self.web_port}}}\n"
            f"providers:\n  {phone}: {{driver: fake, url: '{where}', timeout: 30s}}\n"
        )
        (self.config / "tariff.yaml").write_text(
            f"version: 1\ncurrency: EUR\nsms:\n  - {{prefix: '+32', price: '0.08', provider: {phone}}}\n"
        )

    async def send(self, *arguments: str) -> tuple[int, str]:
        """Run the command; answers its exit code and what it printed."""
        return await asyncio.to_thread(self.run, "send", "--to", NUMBER, *arguments)

    async def record(self, *arguments: str) -> dict[str, Any]:
        """The same for programs."""
        _, said = await self.send("--text", TEXT, "--test", "--json", *arguments)
        found: dict[str, Any] = json.loads(said)
        return found


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    made = Place(tmp_path)
    await made.start_phone()
    made.prepare()
    yield made
    await made.close()


async def test_without_an_engine_it_is_sent_from_here_and_the_provider_s_yes_is_told(place: Place) -> None:
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 0, said
    assert "to +32…01 by sms through phone: 1 part, ucs2 because of '☺'" in said
    assert "would cost: EUR 0.08 by the tariff's line +32; billed to nobody" in said
    assert "sent: The provider took the message" in said
    assert "no engine runs here" in said
    assert said.endswith("accepted\n")
    [taken] = place.phones["phone"].taken()
    assert (taken["to"], taken["text"]) == ("+32470000001", f"Test: {TEXT}")
    [row] = place.rows("SELECT m.account_id, m.fate, m.price, n.scope FROM message m JOIN notification n")
    assert tuple(row) == (PAYER, "sent", 800, "test")


async def test_a_test_costs_no_account_anything_and_the_ledger_still_agrees(place: Place) -> None:
    assert (await place.send("--text", TEXT, "--test"))[0] == 0
    rows = place.rows("SELECT DISTINCT account_id FROM ledger_account")
    assert [row.account_id for row in rows] == [PAYER]
    with place.store() as store:
        assert store.read(ledger.differences) == []
    # What the operator typed is no lasting consent.
    assert place.count("consent") == 0


async def test_explain_says_that_it_was_a_test(place: Place) -> None:
    record = await place.record()
    said = place.tocsin("explain", record["id"])
    assert said.startswith("a test message")
    assert "sent: The provider took the message" in said
    told = json.loads(place.tocsin("explain", record["id"], "--json"))
    assert (told["scope"], told["messages"][0]["text"]) == ("test", f"Test: {TEXT}")


@pytest.mark.parametrize(
    ("channel", "to", "size"),
    [("email", "anna@example.org", "1 mail"), ("fax", "+32 2 234 56 78", "2 pages")],
)
async def test_each_road_can_be_tried(place: Place, channel: str, to: str, size: str) -> None:
    tariff = (place.config / "tariff.yaml").read_text()
    lines = "fax:\n  - {prefix: '+32', price: '0.10', provider: phone}\nemail: {price: '0', provider: phone}\n"
    (place.config / "tariff.yaml").write_text(tariff + lines)
    code, said = await place.send("--text", "line\n" * 61, "--test", "--channel", channel, "--to", to)
    assert code == 0, said
    assert f" by {channel} through phone: {size}\n" in said
    [taken] = place.phones["phone"].taken()
    assert taken["channel"] == channel
    assert taken["text"].startswith("Test: line")


@pytest.mark.parametrize("written", ["+0032 470 00 00 01", "32 470 000001", "0032 (0)470 00 00 01"])
async def test_a_number_is_repaired_where_that_is_safe(place: Place, written: str) -> None:
    code, said = await place.send("--text", TEXT, "--test", "--to", written)
    assert code == 0, said
    assert place.phones["phone"].taken()[0]["to"] == "+32470000001"


async def test_where_no_engine_runs_the_provider_is_asked_what_became_of_it(tmp_path: Path) -> None:
    vendor, place = Clicksend(), Place(tmp_path)
    await vendor.start()
    try:
        place.prepare(url="http://127.0.0.1:9")
        (place.config / "engine.yaml").write_text(
            f"version: 1\ndata: ../var\nweb: {{port: {place.web_port}}}\nproviders:\n  phone:\n"
            f"    {{driver: clicksend, url: '{vendor.listener.url}/v3', user: tocsin, key: {SECRET}}}\n"
        )
        code, said = await place.send("--text", TEXT, "--test")
    finally:
        await vendor.stop()
        await place.close()
    assert code == 0, said
    assert "delivered: It has arrived." in said
    with place.store() as store:
        assert store.read(ledger.differences) == []


async def test_with_a_running_engine_the_report_is_waited_for(place: Place) -> None:
    await place.start_engine()
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 0, said
    assert "delivered: It has arrived." in said
    assert len(place.phones["phone"].taken()) == 1


async def test_a_refusal_is_told_with_the_provider_s_reason(place: Place) -> None:
    await place.phones["phone"].behave(do="refuse", reason="auth")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 4, said
    assert "failed: The provider refused our user name or password: correct them." in said
    assert "HTTP 401" in said


async def test_a_provider_that_nobody_hears_is_unreachable_and_nothing_is_tried_later(place: Place) -> None:
    place.prepare(url="http://127.0.0.1:9")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 3, said
    assert "the connection was refused" in said
    assert said.endswith("unreachable\n")
    assert place.count("message", "fate = 'expired'") == 1


async def test_no_clear_answer_is_no_yes(place: Place) -> None:
    await place.phones["phone"].behave(do="drop_after")
    code, said = await place.send("--text", TEXT, "--test")
    assert code == 3, said
    assert "the connection broke" in said


async def test_after_ten_tests_a_day_the_next_is_refused(place: Place) -> None:
    assert (await place.record())["verdict"] == "accepted"
    assert place.count("limit_state", f"account_id = '{PAYER}'") == 1
    with place.store() as store:
        import sqlalchemy as sa

        store.write(lambda c: c.execute(sa.text(f"UPDATE limit_state SET count = {MOST_A_DAY}")))
    record = await place.record()
    assert (record["verdict"], record["reason"]) == ("refused", "daily_cap")
    assert len(place.phones["phone"].taken()) == 1


async def test_the_record_for_programs_has_no_number_in_it(place: Place) -> None:
    record = await place.record()
    assert record["to"] == "+32…01"
    assert (record["parts"], record["alphabet"], record["price"]) == (1, "ucs2", "EUR 0.08")
    [call] = record["calls"]
    assert call["state"] == "accepted"
    assert call["seconds"] >= 0
    assert call["ref"]
    assert "470000001" not in json.dumps(record)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", NUMBER, "--text", " ", "--test"], "the text is empty"),
        (["--to", NUMBER, "--text", "x" * 15300, "--test"], "at most 10 parts; this text has 101"),
        (["--to", "112", "--text", "x", "--test"], "nothing is sent to emergency, service and other short numbers"),
        (["--to", "8810", "--text", "x", "--test"], "this is a short number"),
        (["--to", "+32 903 12345", "--text", "x", "--test"], "this is a service number"),
        (["--to", "+32 800 12345", "--text", "x", "--test"], "this is a service number"),
        (["--to", "+32 112", "--text", "x", "--test"], "too few or too many digits"),
        (["--to", "0470 00 00 01", "--text", "x", "--test"], "country code"),
        (["--to", "", "--text", "x", "--test"], "country code"),
        (["--to", "+0032 2 234 56 78", "--text", "x", "--test"], "landline"),
        (["--to", NUMBER, "--text", "x", "--test", "--channel", "email"], "address"),
        (["--to", "anna@example.org", "--text", "x", "--test", "--channel", "email"], "no line under email covers"),
        (["--to", "+33 1 23 45 67 89", "--text", "x", "--test", "--channel", "fax"], "no line under fax covers"),
        (["--to", "+32 2 234 56 78", "--text", "x", "--test", "--channel", "pigeon"], "Invalid value"),
        (["--to", NUMBER, "--text", "x"], "add --test"),
        (["--to", "12", "--text", "x", "--test"], "country code"),
        (["--to", "+32 2 234 56 78", "--text", "x", "--test"], "landline"),
        (
            ["--to", "+33 6 12 34 56 78", "--text", "x", "--test"],
            "in tariff.yaml no line under sms covers +33…78: it would be refused, and nothing charged",
        ),
        (["--to", NUMBER, "--text", "x", "--test", "--provider", "fone"], "no provider 'fone'"),
        (["--to", NUMBER, "--text", "x" * 1530, "--test"], "at most 10 parts"),
    ],
)
def test_what_cannot_be_sent_is_said_before_anything_is_written(
    tmp_path: Path, arguments: list[str], said: str
) -> None:
    place = Place(tmp_path)
    place.prepare(url="http://127.0.0.1:9")
    done = CliRunner().invoke(main, ["-c", str(place.config), "send", *arguments])
    assert done.exit_code == 2
    assert said in done.output
    assert place.count("message") == 0
