"""What Gmail's filters mean, by its help pages alone: an interpreter that shares nothing with the importer.

https://support.google.com/mail/answer/7190: words are whole words; OR and { } mean either, brackets and words side by
side mean all; a minus means not.
"""

import email
import re
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from xml.etree import ElementTree

_TOKEN = re.compile(r'"[^"]*"|[(){}|]|-(?=\S)|\+(?=\S)|[a-z][a-z0-9_]*:(?=\S)|[^\s(){}"|]+', re.IGNORECASE)

_OPERATORS = [
    "from",
    "to",
    "cc",
    "subject",
    "list",
    "has",
    "filename",
    "larger",
    "smaller",
    "deliveredto",
    "rfc822msgid",
]


class Mail:
    """A mail taken apart by Python's own library."""

    def __init__(self, raw: bytes) -> None:
        message = email.message_from_bytes(raw, policy=default)
        assert isinstance(message, EmailMessage)
        self.size = len(raw)
        self.subject = str(message["subject"] or "")
        self.people = {
            name: getaddresses([str(value) for value in message.get_all(name, [])]) for name in ("from", "to", "cc")
        }
        self.files = [part.get_filename() or "" for part in message.iter_attachments()]
        body = message.get_body(("plain", "html"))
        text = body.get_content() if body else ""
        self.body = re.sub(r"<[^>]*>", " ", text) if body and body.get_content_subtype() == "html" else text
        self.headers = message
        found = re.search(r"<([^>]*)>", str(message["list-id"] or ""))
        self.list_id = found[1] if found else str(message["list-id"] or "")


def filters(text: str) -> list[dict[str, str]]:
    """The filters of an export, each with all that it says."""
    found = []
    for entry in ElementTree.fromstring(text).iter("{http://www.w3.org/2005/Atom}entry"):
        properties = entry.iter("{http://schemas.google.com/apps/2006}property")
        found.append({each.attrib["name"]: each.attrib["value"] for each in properties})
    return found


def matches(said: dict[str, str], mail: Mail) -> bool:
    """Whether a filter finds a mail."""
    tests = [_search(said[name], name, mail) for name in ("from", "to", "subject") if said.get(name)]
    if said.get("hasTheWord"):
        tests.append(_search(said["hasTheWord"], "", mail))
    if said.get("doesNotHaveTheWord"):
        tests.append(_search("-{" + said["doesNotHaveTheWord"] + "}", "", mail))
    if said.get("hasAttachment") == "true":
        tests.append(bool(mail.files))
    if said.get("size"):
        limit = int(said["size"]) * {"s_sb": 1, "s_skb": 1024, "s_smb": 1024**2}[said["sizeUnit"]]
        tests.append(mail.size > limit if said["sizeOperator"] == "s_sl" else mail.size < limit)
    return all(tests)


def _search(query: str, field: str, mail: Mail) -> bool:
    tokens = _TOKEN.findall(query)
    value, rest = _group(tokens, field, mail, "")
    assert rest == [], query
    return value


def _group(tokens: list[str], field: str, mail: Mail, closing: str) -> tuple[bool, list[str]]:
    clauses: list[bool] = []
    alternative = False
    while tokens and tokens[0] != closing:
        if tokens[0] in ("OR", "|"):
            alternative, tokens = True, tokens[1:]
            continue
        if tokens[0] == "AND":
            tokens = tokens[1:]
            continue
        value, tokens = _unit(tokens, field, mail)
        if alternative:
            clauses[-1] = clauses[-1] or value
        else:
            clauses.append(value)
        alternative = False
    return (any(clauses) if closing == "}" else all(clauses)), tokens[1:] if closing else tokens


def _unit(tokens: list[str], field: str, mail: Mail) -> tuple[bool, list[str]]:
    head, rest = tokens[0], tokens[1:]
    if head == "-":
        value, rest = _unit(rest, field, mail)
        return not value, rest
    if head == "+":
        return _unit(rest, field, mail)
    if head in "({":
        return _group(rest, field, mail, ")" if head == "(" else "}")
    if head[:-1].lower() in _OPERATORS and head.endswith(":"):
        return _unit(rest, head[:-1].lower(), mail)
    return _leaf(field, head.strip('"'), mail), rest


def _leaf(field: str, text: str, mail: Mail) -> bool:
    if field in ("from", "cc"):
        return _person(text, mail.people[field])
    if field == "to":
        return _person(text, mail.people["to"] + mail.people["cc"])
    if field == "subject":
        return _has(mail.subject, text)
    if field == "list":
        return mail.list_id.lower() == text.strip("<>").replace("@", ".").lower()
    if field == "has":
        return bool(mail.files)
    if field == "filename":
        names = [name.lower() for name in mail.files]
        return any(name == text.lower() if "." in text else name.endswith("." + text.lower()) for name in names)
    if field in ("larger", "smaller"):
        limit = int(text[:-1]) * {"K": 1024, "M": 1024**2}[text[-1]] if not text.isdigit() else int(text)
        return mail.size > limit if field == "larger" else mail.size < limit
    if field == "deliveredto":
        return text.lower() in [str(value).lower() for value in mail.headers.get_all("delivered-to", [])]
    if field == "rfc822msgid":
        return str(mail.headers["message-id"]).strip("<> ") == text.strip("<>")
    assert field == "", field
    people = [part for name in ("from", "to", "cc") for pair in mail.people[name] for part in pair]
    return any(_has(each, text) for each in (mail.subject, mail.body, *people))


def _person(text: str, people: list[tuple[str, str]]) -> bool:
    wanted = text.lower().strip("<>")
    domain = wanted.lstrip("*").lstrip("@")
    if "@" in wanted.lstrip("*").lstrip("@"):
        return any(address.lower() == wanted for _, address in people)
    if "." in domain:
        hosts = [address.lower().rpartition("@")[2] for _, address in people]
        return any(host == domain or host.endswith("." + domain) for host in hosts)
    return any(_has(part, text) for pair in people for part in pair)


def _has(text: str, phrase: str) -> bool:
    """Whether the words of a phrase stand one after the other in a text."""
    words, wanted = _words(text), _words(phrase)
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1))


def _words(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() else " " for sign in text.lower()).split()
