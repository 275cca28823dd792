"""A sender is verified only when one's own mail server says so, at the top, of the domain in From."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.event import Address, MailArrived
from engine.rules.when.authentication import Result, Results, read_results, verified
from tests.builders import a_mail
from tests.rules.asking import ask

ME = "mx.example.org"
Headers = list[tuple[str, str]]


def _mail(
    *results: str, sender: str = "alerts@bank.example", trusted: Any = (ME,), more: Headers | None = None
) -> MailArrived:
    """A mail with these Authentication-Results on top of it."""
    headers = [("Authentication-Results", each) for each in results]
    return a_mail(
        sender=Address(address=sender), trusted=trusted, headers=(*headers, *(more or []), ("From", f"<{sender}>"))
    )


PASSES = [
    (f"{ME}; dmarc=pass header.from=bank.example", {"dmarc"}),
    (f"{ME}; dmarc=pass", {"dmarc"}),
    (f"{ME} 1; dmarc=pass", {"dmarc"}),
    ("MX.Example.ORG; DKIM=Pass header.d=Bank.example", {"dkim"}),
    (f"{ME}; dkim=pass header.i=@bank.example header.s=s1 header.b=abc", {"dkim"}),
    (f'{ME}; dkim=pass (2048-bit key; secure) reason="good; really" header.d=bank.example', {"dkim"}),
    (f"{ME}; dkim=fail header.d=bank.example; dkim=pass header.d=bank.example", {"dkim"}),
    (f"{ME}; dkim=pass header.d=other.example; dkim=pass header.d=bank.example", {"dkim"}),
    (f"{ME}; spf=pass smtp.mailfrom=bounce@bank.example", {"spf"}),
    (f"{ME}; spf=pass (a comment (in a comment); x) smtp.mailfrom=bank.example", {"spf"}),
    (
        f"{ME}; spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example; dmarc=pass",
        {"spf", "dkim", "dmarc"},
    ),
    (f"{ME}; dmarc=none; dkim=pass header.d=bank.example", {"dkim"}),
    (f"{ME}; dmarc=temperror; spf=pass smtp.mailfrom=bank.example", {"spf"}),
    (f"{ME}; dkim/1=pass header.d = bank.example", {"dkim"}),
]
NO_PASSES = [
    f"{ME}; none",
    f"{ME}",
    "",
    f"{ME}; dkim=pass",
    f"{ME}; dkim=fail header.d=bank.example",
    f"{ME}; dkim=pass header.d=evil.example",
    f"{ME}; dkim=pass header.d=notbank.example",
    f"{ME}; dkim=pass header.d=bank.example.evil.example",
    f"{ME}; dkim=pass header.d=mail.bank.example",
    f"{ME}; dkim=pass header.d=example",
    f"{ME}; dkim=pass header.d=.example",
    f"{ME}; spf=pass smtp.mailfrom=bank.example@evil.example",
    f"{ME}; spf=pass smtp.helo=bank.example",
    f"{ME}; spf=softfail smtp.mailfrom=bank.example",
    f"{ME}; dmarc=pass header.from=evil.example",
    f"{ME}; dmarc=fail; dkim=pass header.d=bank.example",
    f"{ME}; iprev=pass policy.iprev=192.0.2.1",
    f"{ME}; arc=pass",
    f"{ME}; x-dmarc=pass",
    f"{ME}; spf=none (dmarc=pass header.from=bank.example)",
    f'{ME}; spf=none reason="; dmarc=pass header.from=bank.example"',
    f"{ME}; dkim=none (\\); dmarc=pass",
    f"evil.example; dmarc=pass; {ME}; dmarc=pass",
    f"x{ME}; dmarc=pass",
    f"{ME}.evil.example; dmarc=pass",
    f"(comment) evil.example ({ME}); dmarc=pass",
    "dmarc=pass header.from=bank.example",
]


@pytest.mark.parametrize(("header", "expected"), PASSES, ids=[header for header, _ in PASSES])
def test_a_pass_of_the_domain_in_from_counts(header: str, expected: set[str]) -> None:
    assert verified(_mail(header)) == expected


@pytest.mark.parametrize("header", NO_PASSES)
def test_what_is_no_pass_of_the_domain_in_from_does_not_count(header: str) -> None:
    assert verified(_mail(header)) == frozenset()


def test_a_domain_vouches_for_those_under_it_and_not_the_other_way() -> None:
    assert verified(_mail(f"{ME}; dkim=pass header.d=bank.example", sender="a@alerts.bank.example")) == {"dkim"}
    assert not verified(_mail(f"{ME}; dkim=pass header.d=alerts.bank.example", sender="a@bank.example"))
    assert not verified(_mail(f"{ME}; dkim=pass header.d=news.bank.example", sender="a@alerts.bank.example"))


def test_a_domain_is_the_same_in_both_of_its_spellings() -> None:
    assert verified(_mail(f"{ME}; dkim=pass header.d=xn--bcher-kva.example", sender="a@bücher.example"))
    assert verified(_mail(f"{ME}; dkim=pass header.d=bücher.example", sender="a@xn--bcher-kva.example"))


GOOD, BAD = f"{ME}; dmarc=pass header.from=bank.example", f"{ME}; dmarc=fail header.from=bank.example"
RECEIVED = ("Received", "from evil.example by mx.example.org")
FORGED = ("Authentication-Results", GOOD)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([("Authentication-Results", GOOD)], True, id="ours"),
        pytest.param(
            [("Received", "by imap"), ("Authentication-Results", GOOD), RECEIVED], True, id="after our hops"
        ),
        pytest.param([("Authentication-Results", BAD), FORGED], False, id="a second one of the same method"),
        pytest.param([("Authentication-Results", f"{ME}; none"), RECEIVED, FORGED], False, id="below Received"),
        pytest.param([("Authentication-Results", "evil.example; dmarc=pass")], False, id="somebody else's"),
        pytest.param(
            [("Authentication-Results", "evil.example; dmarc=fail"), FORGED], True, id="ours under another's"
        ),
        pytest.param(
            [("Authentication-Results", f"{ME}; spf=none"), ("X-Spam", "no"), ("Authentication-Results", GOOD)],
            True,
            id="a group of ours",
        ),
        pytest.param([("X-Authentication-Results", GOOD)], False, id="another header"),
        pytest.param([("ARC-Authentication-Results", f"i=1; {GOOD}")], False, id="what a relay found"),
    ],
)
def test_only_the_topmost_headers_of_ones_own_server_count(headers: Headers, expected: bool) -> None:
    assert bool(verified(_mail(more=headers))) is expected


def test_nobody_is_trusted_unless_the_mailbox_says_so() -> None:
    assert not verified(_mail(GOOD, trusted=()))
    assert not verified(_mail(GOOD, trusted=("mx2.example.org",)))
    assert verified(_mail(GOOD, trusted=("mx2.example.org", " MX.example.org ")))


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="none"),
        pytest.param([("From", "<alerts@bank.example>"), ("From", "<evil@evil.example>")], id="two headers"),
        pytest.param([("From", "<alerts@bank.example>, <evil@evil.example>")], id="two people"),
        pytest.param([("From", "alerts@bank.example, evil@evil.example")], id="two bare people"),
        pytest.param([("From", "nobody")], id="no address"),
    ],
)
def test_a_mail_without_exactly_one_author_is_not_verified(headers: Headers) -> None:
    mail = a_mail(
        sender=Address(address="alerts@bank.example"),
        trusted=(ME,),
        headers=(("Authentication-Results", GOOD), *headers),
    )
    assert not verified(mail)


@pytest.mark.parametrize(
    "told",
    ["Peeters, Anna <alerts@bank.example>", '"evil@evil.example" <alerts@bank.example>', "alerts@bank.example (x)"],
)
def test_one_author_is_one_however_the_name_is_written(told: str) -> None:
    mail = a_mail(
        sender=Address(address="alerts@bank.example"),
        trusted=(ME,),
        headers=(("Authentication-Results", GOOD), ("From", told)),
    )
    assert verified(mail)


def test_the_author_in_from_is_the_sender_that_rules_see() -> None:
    mail = a_mail(
        sender=Address(address="alerts@bank.example"),
        trusted=(ME,),
        headers=(("Authentication-Results", f"{ME}; dmarc=pass"), ("From", "<evil@evil.example>")),
    )
    assert not verified(mail)


REAL = {
    "Gmail": (
        "mx.google.com; dkim=pass header.i=@github.example header.s=pf2023 header.b=Mhx3; spf=pass (google.com:"
        " domain of noreply@github.example designates 192.30.252.192 as permitted sender)"
        " smtp.mailfrom=noreply@github.example; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=github.example",
        {"dkim", "spf", "dmarc"},
    ),
    "OpenDKIM": (
        "mx.google.com; dkim=pass (2048-bit key; unprotected) header.d=github.example header.i=@github.example"
        ' header.b="mXx/abc"; dkim-atps=neutral',
        {"dkim"},
    ),
    "rspamd": (
        "mx.google.com; dkim=pass header.d=github.example header.s=s header.b=x; dmarc=pass (policy=none)"
        " header.from=github.example; spf=pass (mx: domain of x@github.example designates 1.2.3.4 as permitted"
        " sender) smtp.mailfrom=x@github.example",
        {"dkim", "spf", "dmarc"},
    ),
    "Dovecot behind Exim": ("mx.google.com; iprev=pass (mail) smtp.remote-ip=1.2.3.4; auth=pass smtp.auth=me", set()),
}


@pytest.mark.parametrize("maker", REAL)
def test_the_headers_of_known_servers_are_read(maker: str) -> None:
    header, expected = REAL[maker]
    assert verified(_mail(header, sender="noreply@github.example", trusted=("mx.google.com",))) == expected


def test_the_pieces_of_a_header() -> None:
    assert read_results(
        'Example.com 1; spf=pass (x) smtp.mailfrom="a b"; nonsense; dkim=fail header.d=x.y'
    ) == Results(
        "example.com",
        (Result("spf", "pass", (("smtp.mailfrom", "a b"),)), Result("dkim", "fail", (("header.d", "x.y"),))),
    )


@given(st.text('();"\\=; .abdmrckip\n', max_size=200))
def test_whatever_a_header_says_is_read(text: str) -> None:
    read_results(text)
    verified(_mail(text))


@pytest.mark.parametrize("piece", ["(", ")", '"', "\\", ";", "a=", "a.b=", "( ) ", "dkim=pass header.d=x "])
def test_a_huge_header_is_read_in_passing(piece: str) -> None:
    assert not verified(_mail(f"{ME}; " + piece * 100_000))


@pytest.mark.parametrize("piece", ["<", "@", "<@", '"', "a", "<a@b.example>, "])
def test_a_huge_author_is_nobody(piece: str) -> None:
    mail = a_mail(
        sender=Address(address="alerts@bank.example"),
        trusted=(ME,),
        headers=(("Authentication-Results", GOOD), ("From", piece * 50_000 + "<alerts@bank.example>")),
    )
    assert not verified(mail)


def test_a_condition_asks_for_any_proof_or_for_one_kind() -> None:
    mail = _mail(f"{ME}; dkim=pass header.d=bank.example")
    answers = {
        when: ask(f"{{verified: {when}}}", mail)[0] for when in ("true", "false", "dkim", "dmarc", "[spf, dkim]")
    }
    assert answers == {"true": True, "false": False, "dkim": True, "dmarc": False, "[spf, dkim]": True}
    assert ask("{verified: dmarc}", mail)[1][0][:2] == ("verified by dmarc", "dkim")
