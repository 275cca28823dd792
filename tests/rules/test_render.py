"""Texts: a closed list of fields, and nothing in a mail that can break a message."""

import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Address, MailArrived
from engine.rules.render import FIELDS, Reader, clean, parse
from tests.builders import a_mail

BRUSSELS = Reader("en", ZoneInfo("Europe/Brussels"))


def render(text: str, mail: MailArrived | None = None) -> str:
    template, flaws = parse(text)
    assert flaws == []
    return template.render(mail or a_mail(), BRUSSELS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{subject}", "Spoed: server down"),
        ("{subject|5}!", "Spoed!"),
        ("{ subject | 5 }", "Spoed"),
        ("{from}", "The Boss"),
        ("{from.name}", "The Boss"),
        ("{from.address|4}", "boss"),
        ("{received|HH:mm}", "11:04"),
        ("{received}", "21/11/2026, 11:04"),
        ("{received|d/M/yy H.mm:ss}", "21/11/26 11.04:00"),
        ("{{a}} {subject|1}", "{a} S"),
        ("no fields", "no fields"),
        ("two\nlines\n", "two\nlines"),
    ],
)
def test_fields_are_filled_in(text: str, expected: str) -> None:
    assert render(text) == expected


def test_a_sender_without_a_name_is_known_by_the_address() -> None:
    assert render("{from}", a_mail(sender=Address(name="  ", address="x@y.example"))) == "x@y.example"
    assert render("{from.name}", a_mail(sender=Address(name="  ", address="x@y.example"))) == "x@y.example"


@pytest.mark.parametrize(
    ("text", "part", "said"),
    [
        ("{subjet}", "subjet", "did you mean 'subject'?"),
        ("{from.adress}", "from.adress", "did you mean 'from.address'?"),
        ("{bdy}", "bdy", "did you mean 'body'?"),
        ("{}", "{}", "like {subject}"),
        ("{subject|}", "{subject|}", "like {subject|80}"),
        ("{subject|0}", "0", "like {subject|80}"),
        ("{subject|-1}", "-1", "like {subject|80}"),
        ("{subject|99999}", "99999", "like {subject|80}"),
        ("{received|hh:mm}", "hh:mm", "did you mean 'HH:mm'?"),
        ("{received|}", "{received|}", ""),
        ("{received|%H:%M}", "%H:%M", "did you mean 'HH:mm'?"),
        ("a { b", "{", "write '{{' for a brace"),
        ("a } b", "}", "write '}}' for a brace"),
        ("{subject.__class__}", "{subject.__class__}", "did you mean '{subject}'?"),
        ("{subject!r}", "{subject!r}", "did you mean '{subject}'?"),
        ("{from[0]}", "{from[0]}", "did you mean '{from}'?"),
    ],
)
def test_what_is_no_field_is_a_flaw(text: str, part: str, said: str) -> None:
    [flaw] = parse(text)[1]
    assert (flaw.part, flaw.label) == (part, said)


def test_all_flaws_are_told() -> None:
    assert len(parse("{a} { {subject|x} }")[1]) == 4


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("a\x00\x1b[2Jb", "a [2Jb"),
        ("a\u2028b\u2029c", "a b c"),
        ("pay\u202egpj.exe", "pay gpj.exe"),
        ("half \ud83d", "half"),
        ("\t tabs \t", "tabs"),
    ],
)
def test_what_could_forge_a_line_becomes_a_space(written: str, safe: str) -> None:
    assert clean(written) == safe


@given(st.text(max_size=100))
def test_no_template_raises(text: str) -> None:
    template, flaws = parse(text)
    if not flaws:
        template.render(a_mail(), BRUSSELS)


@given(
    st.text(max_size=300),
    st.text(max_size=50),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Brussels"]),
)
def test_no_mail_makes_a_text_raise_or_break_its_line(subject: str, name: str, at: datetime, zone: str) -> None:
    mail = a_mail().model_copy(
        update={"subject": subject, "sender": Address.model_construct(name=name, address="a@b"), "arrived_at": at}
    )
    template, _ = parse(" ".join(f"{{{field}}}" for field in FIELDS) + "{subject|7}{received|dd.MM.yyyy}")
    text = template.render(mail, Reader("en", ZoneInfo(zone)))
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
    text.encode()


def test_the_longest_text_counts_only_what_has_a_length() -> None:
    assert parse("Boss: {subject|80} {from}{received|HH:mm}")[0].longest == 6 + 80 + 1 + 5
