"""Mail that nobody wrote by hand. It triggers nothing unless a rule accepts it: answers to answers never end."""

from typing import Literal, get_args

from engine.event import MailArrived
from engine.rules.when.predicate import Any, Not, Predicate, Tree

#: Kinds of mail that a rule may accept.
Accepted = Literal["automatic", "list", "bounce"]
Kind = Accepted | Literal["own"]
ACCEPTED: tuple[Accepted, ...] = get_args(Accepted)

#: Every header of ours begins so.
OWN = "x-tocsin-"
_LIST = frozenset(("list-id", "list-unsubscribe", "list-post"))


def kinds(mail: MailArrived) -> frozenset[Kind]:
    """Which kinds of such mail this is; none for a mail by hand.

    - ``own``: this engine sent it. No rule may accept it.
    - ``automatic``: a program wrote it (Auto-Submitted but ``no``, RFC 3834 section 5; Precedence bulk or junk).
    - ``list``: it came through a mailing list (RFC 2919, RFC 2369; Precedence list).
    - ``bounce``: a report about another mail (empty Return-Path, RFC 5321 section 4.5.5; multipart/report,
      RFC 6522; MAILER-DAEMON).
    """
    found: set[Kind] = set()
    for name, value in mail.headers:
        kind = _kind(name.lower(), value.strip().lower())
        if kind:
            found.add(kind)
    if mail.sender is not None and mail.sender.address.partition("@")[0] == "mailer-daemon":
        found.add("bounce")
    return frozenset(found)


def _kind(name: str, value: str) -> Kind | None:
    if name.startswith(OWN):
        return "own"
    if name in _LIST:
        return "list"
    match name:
        case "auto-submitted":
            return None if _first_word(value) in ("no", "") else "automatic"
        case "precedence":
            return {"bulk": "automatic", "junk": "automatic", "list": "list"}.get(_first_word(value))  # type: ignore[return-value]
        case "return-path":
            return "bounce" if "".join(value.split()) == "<>" else None
        case "content-type":
            return "bounce" if _first_word(value) == "multipart/report" else None
    return None


def _first_word(value: str) -> str:
    """Without parameters and comments."""
    return value.partition(";")[0].partition("(")[0].strip()


def implied(when: Tree) -> frozenset[Accepted]:
    """The kinds that a condition accepts by itself: who asks for a mailing list by its id wants its mail."""
    return frozenset(("list",)) if _names_list(when) else frozenset()


def _names_list(tree: Tree) -> bool:
    if isinstance(tree, Predicate):
        return tree.field == "list_id"
    if isinstance(tree, Not):
        return False
    if isinstance(tree, Any):
        return all(_names_list(part) for part in tree.parts)
    return any(_names_list(part) for part in tree.parts)
