"""No log shows a number or a secret, whoever logs, whatever the form."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.logs import Json, Mask, set_up
from engine.cli.masking import HIDDEN, Masking, mask_numbers
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

NUMBER = "+32470123456"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"sent to {NUMBER}.", "sent to +32…56."),
        ("tel:+32 470 12 34 56, twice", "tel:+32…56, twice"),
        ("(+32) 470", "(+32) 470"),
        ("to=%2B32470123456&text=x", "to=+32…56&text=x"),
        ("0032470123456", "003…56"),
        ("to32470123456now", "to324…56now"),
        ("+1 (202) 555-0143", "+12…43"),
        ("2026-11-22 10:04:03,123 uid 4711 offset 123456", "2026-11-22 10:04:03,123 uid 4711 offset 123456"),
        ("event 12345678-2fa1-5d23-883f-001600000042", "event 12345678-2fa1-5d23-883f-001600000042"),
        ("attempt 123456782fa15d23883f001600000042-0", "attempt 123456782fa15d23883f001600000042-0"),
        ("configuration 168380267a57 is in force", "configuration 168380267a57 is in force"),
        ("configuration 32470123456 12", "configuration 324…56 12"),
    ],
)
def test_what_could_be_a_number_is_masked_and_our_own_ids_are_not(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked


@pytest.mark.parametrize(
    ("secret", "text", "hidden"),
    [
        ("swordfish", "login anna swordfish", f"login anna {HIDDEN}"),
        ("sword fish&", "?password=sword%20fish%26", f"?password={HIDDEN}"),
        ("it's\nso", repr("it's\nso"), f'"{HIDDEN}"'),
        ("abc", "abc abcdef", f"{HIDDEN} abcdef"),
        ("", "nothing", "nothing"),
    ],
)
def test_a_secret_is_masked_in_the_forms_it_travels_in(secret: str, text: str, hidden: str) -> None:
    assert Masking([secret]).hide(text) == hidden


def test_the_longest_secret_is_masked_first() -> None:
    assert Masking(["sesame", "sesame-open-4"]).hide("sesame-open-4") == HIDDEN


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What a handler with our mask writes, of any logger."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    handler = Keep()
    handler.addFilter(Mask(Masking(["swordfish"])))
    handler.setFormatter(Json())
    logging.getLogger().addHandler(handler)
    yield lines
    logging.getLogger().removeHandler(handler)


def test_message_arguments_exception_and_stack_of_any_logger_are_masked(said: list[str]) -> None:
    log = logging.getLogger("some.foreign.thing")
    log.setLevel(logging.DEBUG)
    log.warning("calling %s with %r", NUMBER, {"password": "swordfish"}, stack_info=True)
    try:
        raise ValueError(f"bad {NUMBER} swordfish")
    except ValueError:
        log.exception("it failed")
    log.warning("two %s %s", NUMBER)
    assert len(said) == 3
    assert all("470123456" not in line and "swordfish" not in line for line in said)
    assert "ValueError: bad +32…56" in json.loads(said[1])["error"]


def test_every_form_is_set_up_for_the_whole_process(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        for form in ("text", "json"):
            set_up("info", form).masking = Masking(["swordfish"])
            logging.getLogger("x").info("%s and swordfish", NUMBER)
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)
    text, record = capsys.readouterr().err.splitlines()
    assert text.endswith(f"x  +32…56 and {HIDDEN}")
    assert json.loads(record) | {"at": ""} == {
        "at": "",
        "level": "info",
        "logger": "x",
        "message": f"+32…56 and {HIDDEN}",
    }


RULES = "version: 1\nrules: [{name: Alarm, when: {subject: alarm}, notify: {to: me, text: 'told: {subject}'}}]\n"


@pytest.mark.parametrize("form", ["text", "json"])
async def test_the_logs_of_a_whole_run_hold_no_number_no_text_and_no_password(form: str, tmp_path: Path) -> None:
    installation = Installation(tmp_path, options=("--log-level", "debug", "--log-format", form))
    person = Person("anna", NUMBER, "u1", parts=1, rules=RULES)
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone()
            installation.write([person], server)
            # A provider that is busy once, and a second message that there is no credit for.
            await installation.start_engine()
            await installation.watching(1)
            await phone.behave(do="busy", seconds=0)
            for word in ("alarm one", "alarm two", "hello three"):
                await server.deliver("u1", letter(word))
            await installation.until(lambda: installation.count("decision") == 3, "decisions")
            await installation.until(lambda: installation.count("message", "fate = 'delivered'") == 1, "a report")
            assert await installation.end_engine() == 0
        finally:
            await installation.close()
    logs = installation.log.read_text()
    assert "delivered" in logs or "accepted" in logs
    if form == "json":
        lines = [line for line in logs.splitlines() if not line.startswith(("running:", "stopped;"))]
        assert all(json.loads(line)["level"] for line in lines)
    for secret in (NUMBER, NUMBER[1:], "470123456", "alarm one", "told:", "hello three", "secret"):
        assert secret not in logs
