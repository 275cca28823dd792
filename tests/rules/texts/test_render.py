"""Texts: a closed list of fields, and nothing in a mail that can break a message."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Address, MailArrived
from engine.rules.texts.render import FIELDS, Kind, Reader, check, clean, parse
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


def flaws_of(text: str, kind: Kind = "mail") -> list[tuple[str, str]]:
    return [(flaw.part, flaw.label) for flaw in parse(text, kind)[1]]


@pytest.mark.parametrize(
    ("text", "part", "label"),
    [
        ("{{ subject }}", "{{ subject }}", "did you mean '{subject}'?"),
        ("{{ subject|upper }}", "{{ subject|upper }}", "did you mean '{subject|upper}'?"),
        ("{{ 7*7 }}", "{{ 7*7 }}", ""),
        ("{{ cycler.__init__.__globals__ }}", "{{ cycler.__init__.__globals__ }}", ""),
        ("{% for x in range(9) %}", "{% for x in range(9) %}", ""),
        ("{# hidden #}", "{# hidden #}", ""),
        ("{0.__class__}", "0.__class__", ""),
        ("{x!r}", "x!r", ""),
        ("{x:>1000000000}", "x:>1000000000", ""),
        ("{subject:>1000000000}", "{subject:>1000000000}", "did you mean '{subject|80}'?"),
        ("{subject[:60]}", "{subject[:60]}", "did you mean '{subject|60}'?"),
        ("{subject,60}", "{subject,60}", "did you mean '{subject|60}'?"),
        ("{subject.upper()}", "{subject.upper()}", "did you mean '{subject|upper}'?"),
        ("{subject * 1000}", "{subject * 1000}", "did you mean '{subject}'?"),
        ("{9**9**9}", "9**9**9", ""),
        ("{for x in y}", "{for x in y}", ""),
        ("{subject or 'x'}", "{subject or 'x'}", "did you mean '{subject|or \"x\"}'?"),
        ("{subject|default('x')}", "default('x')", "did you mean 'or \"x\"'?"),
        ("{subject|or x}", "or x", "did you mean 'or \"x\"'?"),
        ("{subject|or “x”}", "or “x”", "did you mean 'or \"x\"'?"),
        ("{subject|truncate(80)}", "truncate(80)", "did you mean '80'?"),
        ("{subject|upper()}", "upper()", "did you mean 'upper'?"),
        ("{subject|uper|80}", "uper", "did you mean 'upper'?"),
        ("{subject|first line}", "first line", "did you mean 'first_line'?"),
        ("{subject|HH:mm}", "HH:mm", ""),
        ("{subject|80|90}", "90", ""),
        ("{subject|upper|lower}", "lower", ""),
        ("{received|HH:mm|long}", "long", ""),
        ("{received|shrt}", "shrt", "did you mean 'short'?"),
        ("{received|80}", "80", ""),
        ('{cc|or ""}', 'or ""', "write {if cc}…{end} around what is to be left out"),
        ('{cc|or "x}', '{cc|or "x}', 'write the text as in {subject|or "none"}'),
        ("{Subject}", "Subject", "did you mean 'subject'?"),
        ("{sender}", "sender", "did you mean 'from'?"),
        ("{header['X-Foo']}", "header['X-Foo']", "did you mean 'header.X-Foo'?"),
        ("{title}", "title", "did you mean 'subject'?"),
        ("{mail}", "{mail}", "write {if mail}…{end}"),
        ("{if cc == 'x'}a{end}", "{if cc == 'x'}", "did you mean '{if cc}'?"),
        ("{if not cc and to}a{end}", "{if not cc and to}", "did you mean '{if not cc}'?"),
        ("{if}a{end}", "{if}", "like {if cc}…{else}…{end}"),
        ("{if subjet}a{end}", "subjet", "did you mean 'subject'?"),
        ("{iff cc}a{end}", "{iff cc}", "did you mean '{if cc}'?"),
        ("{if cc}a{esle}b{end}", "esle", "did you mean 'else'?"),
        ("{if cc}a{endif}", "{endif}", "did you mean '{end}'?"),
        ("{if cc}a{ende}", "ende", "did you mean 'end'?"),
        ("{if cc}a{elif to}b{end}", "{elif to}", "write {else}{if …}…{end}{end}"),
        ("{if cc}a", "{if cc}", "write {end} where it ends"),
        ("a{end}", "{end}", "remove it"),
        ("a{else}b", "{else}", "remove it"),
        ("{if cc}a{else}b{else}c{end}", "{else}", "remove it"),
        ("a\tb", "\t", "write a space"),
        ("a\u202eb", "\u202e", "remove it"),
        ("{if cc}" * 5 + "x" + "{end}" * 5, "{if cc}", "write the text flatter"),
    ],
)
def test_what_the_language_does_not_do_is_refused_with_what_was_meant(text: str, part: str, label: str) -> None:
    assert flaws_of(text) == [(part, label)]


@pytest.mark.parametrize(
    "text",
    [
        "{subject}" * 120_000,
        "{if cc}" * 10_000,
        "{" * 1_000_000,
        "{ " * 1000,
        '{"' * 1000,
        "{if cc}" * 285,
        "{x}" * 600,
        "{subject" + "|" * 1900 + "}",
        "{subject|or " + "'" * 1900 + "}",
        "{received|" + "d" * 1900 + "}",
        "{" + "a." * 990 + "}",
    ],
    ids=lambda text: f"{len(text)} of {text[:8]}",
)
def test_a_text_that_is_too_much_is_refused_with_a_few_mistakes(text: str) -> None:
    assert 1 <= len(parse(text)[1]) <= 20


@pytest.mark.parametrize(
    ("text", "at"),
    [("{cc} {subject} {cc}!", [0, 15]), ("a } b } c", [2, 6]), ("{a}{a}{a}.", [0, 3, 6])],
)
def test_a_mistake_is_found_at_its_own_place_by_what_follows_it(text: str, at: list[int]) -> None:
    found = [text.find(flaw.part + flaw.then) for flaw in parse(text)[1]]
    assert [place - text[place - 1 : place].count("{") for place in found] == at


MISSING = [
    ("{cc}", False),
    ('{cc|or "nobody"}', True),
    ("{if cc}{cc}{end}", True),
    ("{if cc}{if to}{cc|20}{end}{end}", True),
    ("{if cc}a{else}{cc}{end}", False),
    ("{if not cc}a{else}{cc}{end}", True),
    ("{if not cc}{cc}{end}", False),
    ("{if to}{cc}{end}", False),
    ("{if cc}{cc}{end}{cc}", False),
    ("{header.X-Order}", False),
    ("{if header.X-Order}{header.X-Order}{end}", True),
    ("{subject}{from.name}{reply_to}{body}{attachments.count}{size}{priority}{account}{rule}", True),
]


@pytest.mark.parametrize(("text", "allowed"), MISSING)
def test_what_may_be_missing_says_what_stands_there_then(text: str, allowed: bool) -> None:
    assert (parse(text)[1] == []) == allowed


@pytest.mark.parametrize(
    ("text", "kind", "allowed"),
    [
        ("{title} {starts|HH:mm} {in}", "occasion", True),
        ("{title}", "mail", False),
        ("{subject}", "occasion", False),
        ("{location}", "occasion", False),
        ("{account} {rule}", "any", True),
        ("{subject}", "any", False),
        ('{subject|or "-"}', "any", True),
        ("{if mail}{subject} {received}{else}{title} {starts}{end}", "any", True),
        ("{if appointment}{title}{else}{from}{end}", "any", True),
        ("{if not mail}{title}{end}", "any", True),
        ("{if cc}{subject}{end}", "any", True),
        ("{if cc}{subject}{else}{title}{end}", "any", False),
        ("{if mail}{title}{end}", "any", False),
    ],
)
def test_a_text_is_checked_for_the_events_that_it_will_meet(text: str, kind: Kind, allowed: bool) -> None:
    assert (parse(text, kind)[1] == []) == allowed


def test_a_text_whose_use_is_not_known_yet_may_be_for_either() -> None:
    assert check("{subject|80}") == check("{title} {in}") == check("{account}") == []
    assert [flaw.label for flaw in check("{subjet|80}")] == ["did you mean 'subject'?"]
    assert check("{subject} {title}") != []


@pytest.mark.parametrize(
    ("text", "longest", "fixed"),
    [
        ("Boss: {subject|80} {from}{received|HH:mm}", 6 + 80 + 1 + 5, "Boss:  "),
        ('{cc|3|or "nobody"}', 6, ""),
        ("{if cc}abc{cc|20}{else}x{end}!", 24, "abc!"),
        ("{if cc}ab{else}ş{subject|69}{end}", 70, "ş"),
        ("{{a}}", 3, "{a}"),
    ],
)
def test_the_longest_text_counts_only_what_has_a_length_and_the_dearer_branch(
    text: str, longest: int, fixed: str
) -> None:
    template = parse(text)[0]
    assert (template.longest, template.fixed) == (longest, fixed)


WRITTEN = st.lists(
    st.sampled_from(
        ["{", "}", "{{", "}}", "|", "if ", "not ", "{if cc}", "{else}", "{end}", '"', "'", "or ", " ", "é", "\n"]
        + [f"{{{name}}}" for name in FIELDS]
        + ["subject", "received", "80", "HH:mm", "upper", "first_line", ".", "__class__", "(", ")", "%", ":"]
    ),
    max_size=30,
).map("".join)


@given(st.one_of(st.text(max_size=100), WRITTEN), st.sampled_from(["mail", "occasion", "any"]))
def test_no_template_raises_and_each_mistake_is_in_the_text(text: str, kind: Kind) -> None:
    template, flaws = parse(text, kind)
    assert all(flaw.message and flaw.part + flaw.then in text for flaw in flaws)
    if not flaws:
        template.render(a_mail(), BRUSSELS)
