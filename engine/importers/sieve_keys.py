"""How Sieve looks for its keys: match types, comparators and address parts as operators and patterns of ours."""

import re
from collections.abc import Callable

from engine.importers.step import UnlikeError
from engine.importers.when import NEVER, When, any_of, ask, escape, there

#: What an address is made of, and what stands around one in a header.
_ATOM = r"[^\s@<>,;:\"()]*"
_BEFORE, _AFTER = r"(?:^|[<,:;])\s*", r"\s*(?:$|[>,;(])"

Wild = list[str]


def read_wild(key: str) -> Wild:
    """A key of `:matches` (RFC 5228 2.7.1) as its pieces: ``*``, ``?``, or a backslash before a text."""
    pieces: Wild = []
    for found in re.finditer(r"\\(.)|([*?])|([^\\*?]+|\\$)", key, re.DOTALL):
        quoted, wild, plain = found.groups()
        if wild:
            if wild == "?" or pieces[-1:] != ["*"]:
                pieces.append(wild)
        elif pieces and pieces[-1][0] == "\\":
            pieces[-1] += quoted or plain
        else:
            pieces.append("\\" + (quoted or plain))
    return pieces


def pattern_of(pieces: Wild, any_sign: str = ".") -> str:
    """The pieces as a pattern; `any_sign` is what a wildcard stands for."""
    known = {"*": f"{any_sign}*", "?": any_sign}
    return "".join(known.get(piece) or escape(piece[1:]) for piece in pieces)


def look(field: str, match: str, key: str, *, exactly: bool = False) -> When:
    """One key in one field; `exactly` is the comparator i;octet."""
    header = "header:Subject" if field == "subject" else field
    match match:
        case "regex":
            return ask(field, "matches", f"{'(?-i)' if exactly else ''}{'(?s)' if field == 'body' else ''}{key}")
        case "contains":
            if not key:
                return there(header)
            if exactly:
                return ask(field, "matches", f"(?-i){escape(key)}")
            return ask(field, "contains", key) if key.strip() else ask(header, "matches", escape(key))
        case "is":
            if not key.strip():
                return ask(header, "matches", r"^\s*$")
            return ask(field, "matches", rf"(?-i)^\s*{escape(key.strip())}\s*$") if exactly else _is(field, key)
    return _wild(field, read_wild(key), exactly=exactly)


def _is(field: str, key: str) -> When:
    if field == "body":
        raise UnlikeError("body :is: what a whole body is, is not kept sign for sign")
    return ask(field, "is", key)


def _wild(field: str, pieces: Wild, *, exactly: bool) -> When:
    header = "header:Subject" if field == "subject" else field
    match pieces:
        case ["*"]:
            return there(header)
        case ["*", text, "*"] if text[0] == "\\":
            return look(field, "contains", text[1:], exactly=exactly)
        case [] | [_] if "?" not in pieces:
            return look(field, "is", "".join(pieces)[1:], exactly=exactly)
    if field == "body":
        raise UnlikeError("body :matches: what a whole body is, is not kept sign for sign")
    if not exactly:
        match pieces:
            case [text, "*"] if text[1:].strip() and text[0] == "\\":
                return ask(field, "starts_with", text[1:])
            case ["*", text] if text[1:].strip() and text[0] == "\\":
                return ask(field, "ends_with", text[1:])
        if not any(set(piece[1:]) & set("*?") for piece in pieces):
            return ask(field, "glob", "".join(piece.removeprefix("\\") for piece in pieces))
    return ask(field, "matches", f"{'(?-i)' if exactly else ''}(?s)^{pattern_of(pieces)}$")


#: Headers whose people are looked at one by one here, too.
_PEOPLE = {"from": "from", "to": "to", "cc": "cc", "reply-to": "reply_to"}


def look_at_address(header: str, part: str, match: str, key: str, *, exactly: bool = False) -> When:
    """One key in one part of the addresses of a header (RFC 5228 2.7.4, RFC 5233); never in their names."""
    pieces = read_wild(key) if match == "matches" else ["\\" + key] if key else []
    if match == "regex":
        raise UnlikeError(f"address :regex in {header}: a pattern is held against the whole header here")
    if match == "matches" and pieces == ["*"] and part in ("all", "domain", "localpart"):
        # any address at all
        return _around(header, f"{_ATOM}@{_ATOM}", exactly=False)
    if match == "contains":
        pieces = ["*", *pieces, "*"] if pieces else ["*"]
    plain = not exactly and header in _PEOPLE
    if plain and part == "all" and len(pieces) == 1 and _is_address(pieces[0]):
        return ask(_PEOPLE[header], "is", pieces[0][1:])
    domain = _domain(part, pieces)
    if plain and domain:
        # '@domain' alone would also be everything under it
        test = ask(_PEOPLE[header], "is", f"@{domain}")
        test[_PEOPLE[header]]["ends_with"] = [f"@{domain}"]
        return test
    return _around(header, _PARTS[part](pieces), exactly=exactly)


def _is_address(piece: str) -> bool:
    return re.fullmatch(r"\\[^\s@<>,;:*?\"()]+@[^\s@<>,;:*?\"()]+", piece) is not None


def _domain(part: str, pieces: Wild) -> str:
    """The domain, where that alone is asked."""
    if part == "domain" and len(pieces) == 1:
        text = pieces[0].removeprefix("\\")
    elif part == "all" and len(pieces) == 2 and pieces[0] == "*" and pieces[1].startswith("\\@"):
        text = pieces[1][2:]
    else:
        return ""
    return text if re.fullmatch(r"[\w-]+(?:\.[\w-]+)*", text) else ""


def _around(header: str, inner: str, *, exactly: bool) -> When:
    return ask(f"header:{header.title()}", "matches", f"{'(?-i)' if exactly else ''}{_BEFORE}(?:{inner}){_AFTER}")


def _whole(pieces: Wild) -> str:
    """Texts around the @, which is somewhere: in a piece, or in what a wildcard stands for."""
    if any("@" in piece for piece in pieces):
        return pattern_of(pieces, _ATOM[:-1])
    forms = []
    for at, piece in enumerate(pieces):
        if piece == "*":
            before, after = pattern_of(pieces[:at], _ATOM[:-1]), pattern_of(pieces[at + 1 :], _ATOM[:-1])
            forms.append(f"{before}{_ATOM}@{_ATOM}{after}")
    if not forms:
        raise UnlikeError(f"{pattern_of(pieces)!r} is no address")
    return "|".join(forms)


def _user(pieces: Wild) -> str:
    inner = pattern_of(pieces, r"[^\s@<>,;:\"()+]")
    return rf"{inner}(?:\+{_ATOM})?@{_ATOM}"


_PARTS: dict[str, Callable[[Wild], str]] = {
    "all": _whole,
    "localpart": lambda pieces: f"{pattern_of(pieces, _ATOM[:-1])}@{_ATOM}",
    "domain": lambda pieces: f"{_ATOM}@{pattern_of(pieces, _ATOM[:-1])}",
    "user": _user,
    "detail": lambda pieces: rf"[^\s@<>,;:\"()+]*\+{pattern_of(pieces, _ATOM[:-1])}@{_ATOM}",
}


def compare_number(field: str, relation: str, number: str) -> When:
    """``:value`` with i;ascii-numeric (RFC 5231, RFC 4790 9.1): what begins with no digit is above any number."""
    if not re.fullmatch(r"[0-9]{1,18}", number):
        raise UnlikeError(f"{number!r} is no number")
    digits = number.lstrip("0") or "0"
    equal, above, below = f"0*{digits}(?:[^0-9]|$)", _above(digits), _below(digits)
    forms = {
        "eq": [equal],
        "gt": [above, "[^0-9]"],
        "ge": [equal, above, "[^0-9]"],
        "lt": [below] if below else [],
        "le": [equal, *([below] if below else [])],
        "ne": [above, *([below] if below else []), "[^0-9]"],
    }
    if relation not in forms:
        raise UnlikeError(f":value {relation!r}")
    return any_of([ask(field, "matches", f"^\\s*(?:{'|'.join(forms[relation])})")]) if forms[relation] else NEVER


def _above(digits: str) -> str:
    """A number above this one: longer, or larger at the first digit that differs."""
    forms = [f"[1-9][0-9]{{{len(digits)},}}"]
    for at, digit in enumerate(digits):
        if digit != "9":
            forms.append(f"{digits[:at]}[{int(digit) + 1}-9][0-9]{{{len(digits) - at - 1}}}(?:[^0-9]|$)")
    return f"0*(?:{'|'.join(forms)})"


def _below(digits: str) -> str:
    """A number below this one; empty where there is none."""
    forms = [f"[0-9]{{1,{len(digits) - 1}}}(?:[^0-9]|$)"] if len(digits) > 1 else []
    for at, digit in enumerate(digits):
        if digit != "0":
            forms.append(f"{digits[:at]}[0-{int(digit) - 1}][0-9]{{{len(digits) - at - 1}}}(?:[^0-9]|$)")
    return f"0*(?:{'|'.join(forms)})" if forms else ""
