"""Bytes of mails, ordinary, odd and hostile."""

import email
import email.header
import json
import time
from email.message import EmailMessage, Message
from email.policy import SMTP
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.event import MOST_HEADER_BYTES, MOST_TEXT_BYTES
from engine.sources.imap.html_text import read_html
from engine.sources.imap.mime import split_parts
from engine.sources.imap.parse import Content, parse_mail
from engine.sources.imap.words import decode, decode_header, read_addresses, read_parameters
from tests.servers.letters import letter

_DATA = Path(__file__).parents[2] / "data" / "mail"


def _mail(headers: str, body: bytes = b"text\r\n") -> bytes:
    return headers.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body


def _bytes_of(content: Content) -> int:
    """How long it is as JSON; raises when it cannot be written at all."""
    attachments = [attachment.model_dump() for attachment in content.attachments]
    people = [
        person.model_dump()
        for person in (*content.to, *content.cc, *content.reply_to, *filter(None, [content.sender]))
    ]
    told = [content.message_id, content.subject, content.headers, content.text, attachments, people]
    return len(json.dumps(told, ensure_ascii=False).encode())


def test_an_ordinary_mail_is_read() -> None:
    content = parse_mail(letter("Server down", "db1 is down.\n\nCall Tom.", X_Priority="1"))
    assert content.subject == "Server down"
    assert content.text == "db1 is down.\n\nCall Tom."
    assert content.headers[0] == ("From", "Boss <boss@example.com>")
    assert ("X-Priority", "1") in content.headers
    assert (content.truncated, content.attachments) == (False, ())


def test_who_is_to_be_answered_and_who_it_was_taken_in_for_are_read() -> None:
    content = parse_mail(
        _mail(
            'Reply-To: "Peeters, Jan" <Jan@example.com>, =?utf-8?q?L=C3=A9a=2C_x?= <lea@example.com>\n'
            "Delivered-To: anna+bank@example.org\nDelivered-To: anna@example.org"
        )
    )
    assert [(each.name, each.address) for each in content.reply_to] == [
        ("Peeters, Jan", "jan@example.com"),
        ("Léa, x", "lea@example.com"),
    ]
    assert [each.address for each in content.delivered_to] == ["anna+bank@example.org", "anna@example.org"]


def test_of_two_choices_the_plain_text_is_read_and_attachments_are_listed_with_their_sections() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = "Report"
    mail.set_content("plain words")
    mail.add_alternative("<p>html words</p>", subtype="html")
    mail.add_attachment(b"%PDF" * 100, maintype="application", subtype="pdf", filename="Größe 日本.pdf")
    mail.add_attachment("a,b\n", subtype="csv", filename="list.csv")
    content = parse_mail(mail.as_bytes())
    assert content.text == "plain words"
    assert [(each.name, each.media_type, each.size, each.section) for each in content.attachments] == [
        ("Größe 日本.pdf", "application/pdf", 400, "2"),
        ("list.csv", "text/csv", 5, "3"),
    ]


def test_a_blank_plain_text_gives_way_to_the_html() -> None:
    mail = EmailMessage(policy=SMTP)
    mail.set_content("\n \n")
    mail.add_alternative("<html><body><p>Hello <b>you</b></p><p>Bye</p></body></html>", subtype="html")
    assert parse_mail(mail.as_bytes()).text == "Hello you\nBye"


def test_a_footer_after_an_html_mail_does_not_hide_it() -> None:
    mail = EmailMessage(policy=SMTP)
    mail.set_content("<p>The message</p>", subtype="html")
    mail.make_mixed()
    footer = EmailMessage(policy=SMTP)
    footer.set_content("-- the list")
    mail.attach(footer)
    assert parse_mail(mail.as_bytes()).text == "The message\n\n-- the list"


def test_a_forwarded_mail_is_an_attachment_with_a_section() -> None:
    mail = EmailMessage(policy=SMTP)
    mail.set_content("see below")
    mail.add_attachment(email.message_from_bytes(letter("Inner"), policy=SMTP))
    content = parse_mail(mail.as_bytes())
    assert content.text == "see below"
    assert [(each.media_type, each.section) for each in content.attachments] == [("message/rfc822", "2")]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?utf-8?b?8J+S?= =?utf-8?b?qQ==?=", "💩"),
        (b"=?UTF-8?B?R3LDvMOfZQ?= tail", "Grüße tail"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?windows-1252?Q?=80_5?=", "€ 5"),
        (b"=?utf-8*de?q?mit_Sprache?=", "mit Sprache"),
        (b"Re: =?utf-8?q?x?=y", "Re: xy"),
        (b"=?x-unknown?q?ab=C3=BC?=", "abü"),
        (b"=?idna?q?xn--a?=", "xn--a"),
        (b"=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("näher".encode(), "näher"),
        (b"n\xe4her", "näher"),
        (b"folded\r\n\tover lines", "folded over lines"),
        (b"=?utf-7?q?+2AA-?=", "?"),
        (b"a\x00b\x07c", "abc"),
    ],
)
def test_headers_are_decoded_however_they_were_written(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Grüße".encode(), "", "Grüße"),
        ("Grüße".encode("latin-1"), "", "Grüße"),
        ("Grüße".encode("latin-1"), "utf-8", "Gr�"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("日本".encode("shift_jis"), "x-sjis", "日本"),
        ("한국".encode("cp949"), "ks_c_5601-1987", "한국"),
        (b"abc", "no-such-charset", "abc"),
        (b"abc", "\x00", "abc"),
        (b"\\ud800", "unicode_escape", "\\ud800"),
        (b"616263", "hex", "616263"),
    ],
)
def test_bodies_are_decoded_whatever_they_claim(data: bytes, charset: str, text: str) -> None:
    assert decode(data, charset).startswith(text)


@pytest.mark.parametrize(
    ("raw", "people"),
    [
        (b"Anna <ANNA@Example.COM>", [("Anna", "anna@example.com")]),
        (b"=?utf-8?q?J=C3=BCrgen?= <j@x.de>, k@x.de", [("Jürgen", "j@x.de"), ("", "k@x.de")]),
        (b'"Doe, Jane" <j@x.de>,', [("Doe, Jane", "j@x.de")]),
        (b"undisclosed-recipients:;", []),
        (b"Team: a@x.de, b@x.de;", [("", "a@x.de"), ("", "b@x.de")]),
        (b"<[x]@b>", None),
        (b"(" * 3000 + b"a@x.de", None),
        (b"a@x.de, " * 2000, None),
        (b"", []),
    ],
)
def test_addresses_are_found_and_lower_case(raw: bytes, people: list[tuple[str, str]] | None) -> None:
    found = read_addresses(raw)
    assert people is None or found == people
    assert len(found) <= 200


def test_parameters_in_pieces_are_put_together() -> None:
    value = b"attachment; filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9Fe; filename*2=\".pdf\"; size=3"
    assert read_parameters(value) == ("attachment", {"filename": "Größe.pdf", "size": "3"})


def test_a_mail_without_headers_is_all_text() -> None:
    content = parse_mail(b"just some words\r\nand more\r\n")
    assert (content.headers, content.subject, content.sender) == ((), "", None)
    assert content.text == "just some words\nand more"


def test_an_empty_mail_is_an_empty_content() -> None:
    assert parse_mail(b"") == Content()


def test_a_body_that_begins_without_an_empty_line_is_found() -> None:
    content = parse_mail(b"Subject: x\r\nno colon here\r\nmore\r\n")
    assert (content.subject, content.text) == ("x", "no colon here\nmore")


def test_what_is_too_long_is_cut_and_says_so() -> None:
    content = parse_mail(_mail("Subject: long", "ü".encode() * 60_000))
    assert len(content.text.encode()) <= MOST_TEXT_BYTES
    assert content.truncated is True
    content = parse_mail(_mail("\n".join(f"X-{number}: {'y' * 900}" for number in range(200))))
    assert sum(len(name) + len(value) for name, value in content.headers) <= MOST_HEADER_BYTES
    assert content.truncated is True


def test_the_beginning_of_a_mail_says_whether_its_text_is_whole() -> None:
    mail = EmailMessage(policy=SMTP)
    mail.set_content("short")
    mail.add_attachment(b"x" * 100_000, maintype="application", subtype="zip", filename="a.zip")
    whole = mail.as_bytes()
    cut = parse_mail(whole[:65536], whole=False)
    assert (cut.text, cut.truncated, cut.text_cut) == ("short", False, False)
    cut = parse_mail(letter("x", "word " * 20_000)[:65536], whole=False)
    assert (cut.truncated, cut.text_cut) == (True, True)


def test_html_becomes_what_a_person_reads() -> None:
    source = (
        "<html><head><title>no</title><style>p{}</style></head><body><!-- no -->"
        "<script>if (a<b) no()</script><h1>Title</h1><p>One&nbsp;&amp; two<br>three</p>"
        "<table><tr><td>a</td><td>b</td></tr></table>1 < 2 &#8364; &bogus; &#99999999999;</body>"
    )
    assert read_html(source) == "Title\nOne & two\nthree\na b\n1 < 2 € &bogus; &#99999999999;"


_BOMBS = {
    "comments": _mail("Content-Type: text/html", b"<!--" * 50_000),
    "tags": _mail("Content-Type: text/html", b"<a " * 70_000),
    "scripts": _mail("Content-Type: text/html", b"<script>" * 25_000),
    "entities": _mail("Content-Type: text/html", b"&#" * 100_000),
    "nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(3000)
    ),
    "same boundary": _mail("Content-Type: multipart/mixed; boundary=b", b"--b\r\n" * 40_000),
    "many boundaries": _mail("Content-Type: multipart/mixed; boundary=b", b"--b" * 70_000),
    "rfc822 in rfc822": _mail("Content-Type: message/rfc822", b"Content-Type: message/rfc822\r\n\r\n" * 6_000),
    "comments in an address": _mail("From: " + "(" * 60_000),
    "many addresses": _mail("To: " + "a@b.example, " * 15_000),
    "many parameters": _mail("Content-Type: text/plain" + "; a=b" * 30_000),
    "open quotes": _mail("Content-Type: text/plain" + ';a="' * 40_000),
    "folded": b"Subject: x\r\n" + b" y\r\n" * 50_000 + b"\r\n",
    "encoded words": _mail("Subject: " + "=?utf-8?q?a?= " * 15_000),
    "open encoded words": _mail("Subject: " + "=?u?q?" * 30_000),
    "utf-7 surrogates": _mail("Content-Type: text/plain; charset=utf-7", b"+2AA-" * 40_000),
    "nul bytes": _mail("Subject: a\x00b\nContent-Type: text/plain", b"\x00" * 200_000),
    "escapes": _mail("Subject: " + "\x01" * 60_000, b"\x1b" * 65_536),
    "broken base64": _mail("Content-Transfer-Encoding: base64", b"=A=" * 70_000),
    "equal signs": _mail("Content-Transfer-Encoding: quoted-printable", b"=" * 200_000),
    "punycode": _mail("Content-Type: text/plain; charset=punycode", b"a" * 200_000),
    "many headers": b"a:\r\n" * 50_000,
    "no line ends": b"a" * 200_000,
    "message id": _mail("Message-ID: <[x]@b>\nReferences: " + "<a@b> " * 10_000),
}


@pytest.mark.parametrize("name", _BOMBS)
def test_a_hostile_mail_neither_raises_nor_takes_long_nor_grows(name: str) -> None:
    begun = time.process_time()
    for whole in (True, False):
        content = parse_mail(_BOMBS[name], whole=whole)
        assert _bytes_of(content) < 512 * 1024
        assert len(content.attachments) <= 200
    # The limit is generous: what is quadratic takes minutes.
    assert time.process_time() - begun < 5


@settings(max_examples=300)
@given(st.binary(max_size=2000))
def test_no_bytes_raise(raw: bytes) -> None:
    _bytes_of(parse_mail(raw))
    _bytes_of(parse_mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw, whole=False))


_SIGNS = (b"Subject:", b"=?utf-8?q?", b"?=", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"*0*=")
_MARKS = (b"--b", b"--", b"\r\n", b"\n", b" ", b"<", b"<!--", b"-->", b"=", b'"', b"\x00", b"\xff", b"(", b"@", b",")
_PIECES = st.sampled_from([*_SIGNS, *_MARKS, b"\r\n\r\n"])


@settings(max_examples=300)
@given(st.lists(_PIECES, max_size=60))
def test_no_arrangement_of_the_signs_that_matter_raises(pieces: list[bytes]) -> None:
    _bytes_of(parse_mail(b"".join(pieces)))


@settings(max_examples=60)
@given(
    subject=st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=80),
    text=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=400),
    files=st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30), max_size=4),
)
def test_what_python_writes_we_read_back(subject: str, text: str, files: list[str]) -> None:
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail.set_content(text)
    for name in files:
        mail.add_attachment(b"abc", maintype="application", subtype="octet-stream", filename=name + ".bin")
    content = parse_mail(mail.as_bytes())
    assert content.subject == subject
    assert content.text == text
    assert [each.name for each in content.attachments] == [name + ".bin" for name in files]
    assert all(each.size == 3 for each in content.attachments)


@pytest.mark.parametrize("file", sorted(_DATA.glob("*.eml")), ids=lambda file: file.stem)
def test_we_agree_with_python_on_real_mails(file: Path) -> None:
    raw = file.read_bytes()
    ours, theirs = parse_mail(raw), email.message_from_bytes(raw)
    assert len(ours.headers) == len(theirs.items())
    assert [part.media_type for part in split_parts(raw, whole=True)] == _list_leaves(theirs)


def _list_leaves(mail: Message) -> list[str]:
    """The types of the parts that are no multipart; a mail in a mail is one part."""
    if mail.get_content_maintype() != "multipart" or not mail.is_multipart():
        return [mail.get_content_type()]
    return [leaf for part in mail.get_payload() for leaf in _list_leaves(part)]


@pytest.mark.parametrize(
    ("name", "subject", "text", "files"),
    [
        (
            "outlook_related",
            "AW: Störung im Werk 2 - bitte prüfen",
            "Bitte prüfen: Pumpe 3 steht.",
            [("image001.png", "2")],
        ),
        (
            "bounce",
            "Undelivered Mail Returned to Sender",
            "This is the mail system at host mx.example.com.\n\n<nobody@example.org>: unknown user",
            [("", "2"), ("", "3")],
        ),
        ("invitation", "Invitation: Review @ Mon 5 Jan", "Invitation – Review", [("invite.ics", "2")]),
        ("list_digest", "List digest, Vol 1, Issue 1", "Today's topics: one.", [("", "2.1"), ("", "2.2")]),
        ("cut_short", "Ihre Bestellung € 42", "Danke für Ihre Bestellung!", [("Rechnung Müller.pdf", "2")]),
    ],
)
def test_mails_of_the_usual_programs_are_read(
    name: str, subject: str, text: str, files: list[tuple[str, str]]
) -> None:
    content = parse_mail((_DATA / f"{name}.eml").read_bytes())
    assert content.subject == subject
    assert content.text == text
    assert [(each.name, each.section) for each in content.attachments] == files


def test_names_in_a_list_with_a_semicolon_are_found() -> None:
    content = parse_mail((_DATA / "outlook_related.eml").read_bytes())
    assert {person.address for person in content.to} == {"anna@example.com", "ops@example.com"}
    assert content.sender is not None
    assert (content.sender.name, content.sender.address) == ("Meier, Jürg", "j.meier@example.com")
    assert content.message_id == "<[f00d]@EXCHANGE.example.local>"
