"""Mail that nobody wrote by hand is known by its headers."""

import pytest

from engine.event import Address
from engine.rules.when.automatic import ACCEPTED, implied, kinds
from tests.builders import a_mail
from tests.rules.asking import tree_of


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("X-Tocsin-Id", "abc", {"own"}),
        ("x-tocsin-rule", "", {"own"}),
        ("X-Tocsins", "abc", set()),
        ("Auto-Submitted", "auto-generated", {"automatic"}),
        ("Auto-Submitted", "Auto-Replied; owner=x", {"automatic"}),
        ("Auto-Submitted", "something-new", {"automatic"}),
        ("Auto-Submitted", "no", set()),
        ("Auto-Submitted", "No (really); x=y", set()),
        ("Auto-Submitted", "", set()),
        ("Precedence", "Bulk", {"automatic"}),
        ("Precedence", "junk", {"automatic"}),
        ("Precedence", "list", {"list"}),
        ("Precedence", "first-class", set()),
        ("List-Id", "<x.example>", {"list"}),
        ("List-Unsubscribe", "<mailto:x@example.org>", {"list"}),
        ("LIST-POST", "NO", {"list"}),
        ("List-Help", "<mailto:x@example.org>", set()),
        ("Return-Path", "<>", {"bounce"}),
        ("Return-Path", " < > ", {"bounce"}),
        ("Return-Path", "<x@example.org>", set()),
        ("Content-Type", "multipart/report; report-type=delivery-status", {"bounce"}),
        ("Content-Type", "Multipart/Report", {"bounce"}),
        ("Content-Type", "multipart/mixed; x=multipart/report", set()),
        ("Subject", "Auto-Submitted: yes", set()),
    ],
)
def test_a_header_tells_the_kind(name: str, value: str, expected: set[str]) -> None:
    assert kinds(a_mail(headers=((name, value),))) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("mailer-daemon@mx.example", {"bounce"}),
        ("mailer-daemon", {"bounce"}),
        ("mailer-daemons@mx.example", set()),
        ("x@mailer-daemon.example", set()),
    ],
)
def test_the_mailer_daemon_sends_bounces(address: str, expected: set[str]) -> None:
    assert kinds(a_mail(sender=Address(address=address))) == expected


def test_a_mail_may_be_of_several_kinds() -> None:
    headers = (("Auto-Submitted", "auto-replied"), ("Return-Path", "<>"), ("List-Id", "x"), ("X-Tocsin-Id", "x"))
    assert kinds(a_mail(headers=headers)) == {*ACCEPTED, "own"}
    assert kinds(a_mail(headers=(), sender=None)) == frozenset()


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("{list_id: x}", True),
        ("{list_id: x, subject: y}", True),
        ("{any: [{list_id: x}, {list_id: y}]}", True),
        ("{any: [{list_id: x}, {subject: y}]}", False),
        ("{not: {list_id: x}}", False),
        ("{list_id: {exists: false}}", False),
        ("{all: [{any: [{list_id: x}, {list_id: z}]}, {subject: y}]}", True),
        ("{subject: x}", False),
    ],
)
def test_who_asks_for_a_list_by_its_id_accepts_its_mail(when: str, expected: bool) -> None:
    assert implied(tree_of(when)) == (frozenset({"list"}) if expected else frozenset())
