"""A text filled in: every field of a mail and of an appointment, for readers of five languages."""

import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Address, Attachment, MailArrived, OccasionDue, Subject
from engine.rules.texts.fields import FIELDS, names
from engine.rules.texts.filters import MOST
from engine.rules.texts.phrases import LANGUAGES
from engine.rules.texts.render import Kind, Reader, parse
from engine.segments import count, shorten
from tests.builders import NOW, a_mail, a_text
from tests.test_segments import reference

BRUSSELS = ZoneInfo("Europe/Brussels")
ANNA = Reader("en", BRUSSELS, rule="Boss", account="Anna")
JAN = Address(name="Jan", address="jan@acme.example")
BARE = Address(address="x@y.example")


def an_occasion(**other: Any) -> OccasionDue:
    """A reminder, two hours before a meeting from 13 to 14 o'clock."""
    values: dict[str, Any] = {
        "account": "anna",
        "feed": "work",
        "uid": "1",
        "starts_at": NOW + timedelta(hours=2),
        "ends_at": NOW + timedelta(hours=3),
        "alarm": "-PT2H",
        "due_at": NOW,
        "title": "Budget",
    }
    return OccasionDue(**{**values, **other})


def render(text: str, event: MailArrived | OccasionDue, reader: Reader = ANNA) -> str:
    template, flaws = parse(text, event.kind)
    assert flaws == []
    return template.render(event, reader)


FULL = a_mail(
    sender=JAN,
    to=(Address(name="Anna", address="anna@example.org"), BARE),
    cc=(BARE,),
    reply_to=(Address(address="help@acme.example"),),
    subject="Ä bill\tfor you",
    text="\n\n  Dear Anna,\nplease pay.\n",
    size=5_240_000,
    headers=(
        ("List-ID", "News <news.acme.example>"),
        ("X-Priority", "1 (Highest)"),
    ),
    attachments=(
        Attachment(name="a.pdf", media_type="application/pdf", size=1, section="2"),
        Attachment(name=" ", media_type="image/png", size=1, section="3"),
    ),
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{from}, {from.name}, {from.address}, {from.domain}", "Jan, Jan, jan@acme.example, acme.example"),
        ('{to|or "?"}; {cc|or "?"}; {reply_to}', "Anna, x@y.example; x@y.example; help@acme.example"),
        ("{subject}; {subject|upper}; {subject|3|lower}", "Ä bill for you; Ä BILL FOR YOU; ä b"),
        (
            "{body}; {body|first_line}; {body|4}; {body|first_line|upper|4}",
            "Dear Anna, please pay.; Dear Anna,; Dear; DEAR",
        ),
        ("{received}; {received|time}; {received|d MMM}", "21/11/2026, 11:04; 11:04; 21 Nov"),
        ("{size}; {attachments.count}; {priority}", "5.2 MB; 2; high"),
        ('{attachments|or "?"}', "a.pdf, image/png"),
        ('{list_id|or "?"}; {header.x-priority|or "?"}', "news.acme.example; 1 (Highest)"),
        ("{mailbox} {folder} {account} {rule}", "anna@example.org INBOX Anna Boss"),
        ("{if cc}copy{else}alone{end}", "copy"),
        ("{if not cc}alone{else}copy{end}", "copy"),
        ("{if attachments}{attachments|5}{end}{if header.X-No}no{end}", "a.pdf"),
        ("{if cc}{if not to}a{else}b{if reply_to}c{end}{end}{end}d", "bcd"),
        ("{{}} {{x}}", "{} {x}"),
    ],
)
def test_a_full_mail_is_told(text: str, said: str) -> None:
    assert render(text, FULL) == said


EMPTY = a_mail(sender=None, subject=" \t", reply_to=(Address(address=" "),), user="u", folder="f")


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("{subject}", "en", "(no subject)"),
        ("{subject}", "nl", "(geen onderwerp)"),
        ('{subject|or "leeg"}', "nl", "leeg"),
        ('{subject|3|or "nothing"}', "en", "nothing"),
        ("{subject|3}", "en", "(no"),
        ("{from}", "de", "(unbekannter Absender)"),
        ("{from.name}{from.address}{from.domain}{reply_to}", "sv", "(okänd avsändare)" * 4),
        ("{body}", "fr", "(sans texte)"),
        ("{body|first_line}", "fr", "(sans texte)"),
        ("{attachments.count}; {size}; {priority}", "nl", "0; 0 B; normaal"),
        ('{cc|or "-"}{list_id|or "-"}{attachments|or "-"}{header.X|or "-"}', "en", "----"),
        ("{if subject}a{else}b{end}{if from.name}a{else}b{end}{if attachments.count}a{else}b{end}", "en", "bbb"),
    ],
)
def test_what_a_mail_does_not_say_is_said_to_be_missing(text: str, language: str, said: str) -> None:
    assert render(text, EMPTY, Reader(language, UTC)) == said


def test_a_sender_without_a_name_is_called_by_the_address() -> None:
    assert render("{from} {from.name} {reply_to}", a_mail(sender=BARE)) == " ".join(["x@y.example"] * 3)


@pytest.mark.parametrize(
    ("size", "en", "nl"),
    [(999, "999 B", "999 B"), (1000, "1 kB", "1 kB"), (1500, "1.5 kB", "1,5 kB"), (15_400_000, "15 MB", "15 MB")],
)
def test_a_size_is_written_as_its_reader_writes_it(size: int, en: str, nl: str) -> None:
    said = [render("{size}", a_mail(size=size), Reader(language, UTC)) for language in ("en", "nl")]
    assert said == [en, nl]


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("{title} {in} ({starts|HH:mm}), {calendar}", "en", "Budget in 2 h (13:04), work"),
        ("{title} {in}", "sv", "Budget om 2 tim"),
        ('{ends|time|or "?"} {status}', "de", "14:04 bestätigt"),
        ('{location|or "?"} {organiser|or "?"} {attendees|or "?"} {attendees.count}', "en", "? ? ? 0"),
        ("{if all_day}all day{else}{starts|time}{end}", "en", "13:04"),
    ],
)
def test_an_appointment_is_told(text: str, language: str, said: str) -> None:
    assert render(text, an_occasion(), Reader(language, BRUSSELS)) == said


def test_an_appointment_s_people_and_place_are_told() -> None:
    event = an_occasion(
        title="", location="Room 2", organiser=JAN, attendees=(JAN, BARE), categories=("work", "travel")
    )
    text = (
        '{title}; {location|or "?"}; {organiser|or "?"}; {attendees|or "?"}; {attendees.count}; {categories|or "?"}'
    )
    assert render(text, event) == "(no title); Room 2; Jan; Jan, x@y.example; 2; work, travel"


def test_whole_days_are_those_of_the_account_wherever_its_reader_is() -> None:
    event = an_occasion(
        all_day=True,
        starts_at=datetime(2026, 11, 21, 23, tzinfo=UTC),  # midnight in Brussels
        ends_at=datetime(2026, 11, 23, 23, tzinfo=UTC),
    )
    far = Reader("nl", ZoneInfo("Pacific/Honolulu"), home=BRUSSELS)
    text = '{starts} - {ends|or "?"}, {starts|HH:mm}, {in}{if all_day}!{end}'
    assert render(text, event, far) == "22-11-2026 - 23-11-2026, hele dag, morgen!"


def test_from_when_it_is_counted_may_be_said() -> None:
    template, _ = parse("{in}", "occasion")
    assert template.render(an_occasion(), ANNA, NOW + timedelta(hours=1)) == "in 1 h"
    assert template.render(an_occasion(ends_at=None), ANNA, NOW + timedelta(hours=3)) == "1 h ago"


def test_a_text_for_both_tells_each_what_it_knows() -> None:
    template, flaws = parse("{if mail}{from}: {subject}{else}{title}, {in}{end}", "any")
    assert flaws == []
    assert template.render(a_mail(), ANNA) == "The Boss: Spoed: server down"
    assert template.render(an_occasion(), ANNA) == "Budget, in 2 h"


@pytest.mark.parametrize(
    ("subject", "most", "said"),
    [
        ("cafe\u0301 noir", 4, "caf"),
        ("cafe\u0301 noir", 5, "cafe\u0301"),
        ("a 👨\u200d👩\u200d👧 b", 5, "a"),
        ("straße", 6, "STRASS"),
        ("pre\u200b\u00ad\ufeffview", 9, "PREVIEW"),
    ],
)
def test_a_sign_is_cut_off_whole_and_what_has_no_width_is_left_out(subject: str, most: int, said: str) -> None:
    text = f"{{subject|{most}}}" if said != said.upper() or said == "a" else f"{{subject|{most}|upper}}"
    assert render(text, a_mail(subject=subject)) == said


def test_a_value_is_never_read_as_a_text() -> None:
    assert (
        render("{subject}", a_mail(subject="{from} {{x}} {if cc} {0.__class__}"))
        == "{from} {{x}} {if cc} {0.__class__}"
    )


def test_a_message_has_an_end_whatever_its_mail_holds() -> None:
    text = render("{subject}" * 200, a_mail(subject="x" * 5000))
    assert len(text) == MOST == 1600


@pytest.mark.parametrize("kind", ["mail", "message", "occasion"])
def test_every_field_has_a_meaning_and_an_example_and_tells_what_it_promises(kind: Kind) -> None:
    """On an event that has nothing: fields that are always there, or have a default, leave no hole."""
    empties: dict[str, Subject] = {
        "mail": EMPTY,
        "message": a_text(text=""),
        "occasion": an_occasion(title="", ends_at=None),
    }
    empty = empties[kind]
    for field in FIELDS.values():
        assert field.meaning
        assert field.example or field.shape.value == "flag"
        assert bool(field.stated) == (field.default is not None)
        assert not (field.always and field.stated)
        if kind in field.kinds and (field.always or field.stated) and field.shape.value != "flag":
            said = render(f"{{{field.name}}}", empty, Reader("en", UTC))
            assert said.strip() != ""
            if field.stated.startswith('"'):
                assert said == field.stated.strip('"')


def test_every_name_is_of_one_kind_or_of_all() -> None:
    kinds = [set(names(frozenset({kind}))) for kind in ("mail", "message", "occasion")]
    assert set().union(*kinds) == {*FIELDS, "header.NAME"}
    for one, other in combinations(kinds, 2):
        assert one & other == {"account", "rule"}


# --- laws ---

# Without N: a "None" in the message can only be ours.
ANY = st.text(st.characters(exclude_characters="N"), max_size=200)
PEOPLE = st.builds(Address.model_construct, name=ANY, address=ANY)
WIDE = st.text(st.sampled_from("aé€ş漢🙂👨\u200d\u0301\u202e\x00\n\ud800{}^"), max_size=200)
TEXTS = st.one_of(ANY, WIDE)
MAILS = st.builds(
    lambda sender, to, subject, text, headers, at, size, user: a_mail().model_copy(
        update={
            "sender": sender,
            "to": to,
            "subject": subject,
            "text": text,
            "headers": headers,
            "arrived_at": at,
            "size": size,
            "user": user or "u",
        }
    ),
    st.none() | PEOPLE,
    st.lists(PEOPLE, max_size=3).map(tuple),
    TEXTS,
    TEXTS,
    st.lists(st.tuples(st.sampled_from(["List-Id", "X-Priority", "X-Foo"]), TEXTS), max_size=4).map(tuple),
    st.datetimes(timezones=st.just(UTC)),
    st.integers(0, 10**12),
    ANY,
)
OCCASIONS = st.builds(
    lambda title, location, at, end, whole_day, people: an_occasion().model_copy(
        update={
            "title": title,
            "location": location,
            "starts_at": at,
            "ends_at": end,
            "all_day": whole_day,
            "attendees": people,
        }
    ),
    TEXTS,
    TEXTS,
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.booleans(),
    st.lists(PEOPLE, max_size=3).map(tuple),
)
READERS = st.builds(
    Reader,
    st.sampled_from([*LANGUAGES, "xx"]),
    st.sampled_from([ZoneInfo(name) for name in ("Pacific/Kiritimati", "Etc/GMT+12", "Europe/Brussels")]),
    rule=TEXTS,
    account=TEXTS,
)
FILTERS = st.sampled_from(["", "|1", "|80", "|first_line", "|upper", "|lower|7", '|or "none"', '|3|or "€€€€"'])
FORMS = st.sampled_from(["", "|HH:mm", "|d MMM", "|EEEE", "|short", "|medium", "|long", "|full", "|date", "|time"])


def _hole(name: str) -> st.SearchStrategy[str]:
    field = FIELDS[name]
    if field.shape.value == "flag":
        return st.just(f"{{if {name}}}yes{{else}}no{{end}}")
    filters = FORMS if field.shape.value == "time" else FILTERS
    return filters.map(lambda behind: f"{{if {name}}}a {{{name}{behind}}}{{else}}b{{end}}")


def _written(kind: str) -> st.SearchStrategy[str]:
    holes = st.sampled_from([name for name, field in FIELDS.items() if kind in field.kinds]).flatmap(_hole)
    words = st.text(st.sampled_from("ab é€ş\n🙂"), max_size=8)
    return st.lists(st.one_of(holes, words, st.just("{{"), st.just("}}")), max_size=12).map("".join)


def _is_sound(text: str) -> None:
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text if c != "\n")
    assert not any(
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI") for c in text
    )
    assert len(text) <= MOST
    assert "None" not in text
    found = count(text)
    assert (found.units, found.parts) == reference(text)
    assert reference(shorten(text, 2, "\nTocsin"))[1] <= 2


@given(_written("mail"), MAILS, READERS)
def test_no_mail_breaks_a_text_and_its_length_is_what_the_network_counts(
    text: str, mail: MailArrived, reader: Reader
) -> None:
    template, flaws = parse(text, "mail")
    assert flaws == []
    _is_sound(template.render(mail, reader))


@given(_written("occasion"), OCCASIONS, READERS)
def test_no_appointment_breaks_a_text_and_its_length_is_what_the_network_counts(
    text: str, event: OccasionDue, reader: Reader
) -> None:
    template, flaws = parse(text, "occasion")
    assert flaws == []
    _is_sound(template.render(event, reader))


@given(MAILS, READERS)
def test_a_field_that_needs_no_default_never_leaves_a_hole(mail: MailArrived, reader: Reader) -> None:
    for field in FIELDS.values():
        if "mail" in field.kinds and field.has_default(frozenset({"mail"})) and field.shape.value != "flag":
            template, flaws = parse(f"{{{field.name}}}")
            assert flaws == []
            assert template.render(mail, reader) != ""


@given(MAILS, READERS, st.integers(1, 80))
def test_a_cut_field_is_never_longer_than_was_said(mail: MailArrived, reader: Reader, most: int) -> None:
    template, _ = parse(f"{{subject|upper|{most}}}{{received|full}}")
    assert len(template.render(mail, reader)) <= template.longest
