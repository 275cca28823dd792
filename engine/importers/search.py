"""Gmail's search language (support.google.com/mail/answer/7190) -> a condition.

Gmail finds words, not pieces of words; so a word becomes a pattern with ends. Beside OR, words without an OR between
them must all be there, and OR binds closer than they do.
"""

import re
from collections.abc import Callable, Mapping

from engine.importers.step import UnlikeError
from engine.importers.when import When, all_of, any_of, ask, is_address, is_domain, none_of

#: Brackets in brackets.
_MOST_DEPTH = 20
#: Gmail itself takes 1,500.
_MOST_SEARCH = 5_000
_SIGNS = re.compile(r'\s+|([(){}|])|"([^"]*)"|([-+]?)([A-Za-z][A-Za-z_0-9]*):(?=\S)|([-+])(?=[^\s])|([^\s(){}"|]+)')
#: What ends a word, and what stands between two; the second is small, so that phrases of seven words fit.
_EDGE = r"[^\pL\pN]"
_GAP = r"[[:punct:]\s\pP\pZ]+"
_STATE = "it asks what became of the mail (read, labelled, sorted), which is not known when it arrives"
_NO_LIKE: Mapping[str, str] = {
    **dict.fromkeys(("label", "in", "is", "category", "l"), _STATE),
    **dict.fromkeys(
        ("after", "before", "older", "newer", "older_than", "newer_than"),
        "a rule is asked when mail arrives: it has no age yet",
    ),
    "bcc": "nobody who gets a mail sees its Bcc",
}
_SIZE = re.compile(r"(\d{1,12})\s*(|k|kb|m|mb|g|gb)", re.IGNORECASE)
_UNITS = {"": "", "k": " KiB", "m": " MiB", "g": " GiB"}


def read_search(text: str, field: str = "") -> When:
    """The condition that a search means; `field` is what words without an operator are looked for in.

    Raises UnlikeError for what has no like among our conditions.
    """
    if len(text) > _MOST_SEARCH:
        raise UnlikeError(f"longer than {_MOST_SEARCH:,} signs, which Gmail takes of no filter")
    reader = _Reader(text)
    found = reader.sequence(field, "", 0)
    if reader.sign is not None:
        raise UnlikeError(f"'{reader.sign[1]}' closes nothing in {text!r}")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._signs: list[tuple[str, str]] = []
        at = 0
        while at < len(text):
            found = _SIGNS.match(text, at)
            if found is None:
                raise UnlikeError(f"a quote that never closes in {text!r}")
            at = found.end()
            bracket, phrase, before, operator, sign, word = found.groups()
            if before or sign:
                self._signs.append(("sign", before or sign))
            if bracket:
                self._signs.append(("OR", "|") if bracket == "|" else ("bracket", bracket))
            elif phrase is not None:
                self._signs.append(("phrase", phrase))
            elif operator:
                self._signs.append(("operator", operator.lower()))
            elif word:
                self._signs.append((word, word) if word in ("OR", "AND", "AROUND") else ("word", word))
        self._at = 0
        self._denied = 0

    @property
    def sign(self) -> tuple[str, str] | None:
        """What comes next."""
        return self._signs[self._at] if self._at < len(self._signs) else None

    def sequence(self, field: str, closing: str, depth: int) -> When:
        """Words up to a closing bracket: groups of one or of several with OR between them; all must hold."""
        if depth > _MOST_DEPTH:
            raise UnlikeError("brackets inside brackets without end")
        groups: list[list[When]] = []
        joined = with_and = with_or = False
        while self.sign is not None and self.sign != ("bracket", closing):
            if self.sign[0] in ("OR", "AND"):
                if not groups or joined:
                    raise UnlikeError(f"'{self.sign[1]}' has nothing before it")
                joined = self.sign[0] == "OR"
                with_and, with_or = with_and or not joined, with_or or joined
                self._at += 1
                if self.sign is None or self.sign == ("bracket", closing):
                    raise UnlikeError("nothing stands after the last OR or AND")
                continue
            part = self._one(field, depth)
            if joined:
                groups[-1].append(part)
            else:
                groups.append([part])
            joined = False
        if closing and self.sign is None:
            raise UnlikeError(f"a bracket waits for its '{closing}'")
        # the closer reading of OR is the narrower one, but not behind a minus
        mixed = with_or and (with_and or self._denied > 0) and len(groups) > 1
        if with_and if closing == "}" else mixed:
            raise UnlikeError("AND, OR and words beside each other, without brackets, can be read in two ways")
        if not groups:
            raise UnlikeError("it looks for nothing")
        parts = [any_of(group) for group in groups]
        return any_of(parts) if closing == "}" else all_of(parts)

    def _one(self, field: str, depth: int) -> When:
        kind, said = self.sign or ("", "")
        self._at += 1
        match kind:
            case "sign":
                if self.sign is None or self.sign[0] in ("OR", "AND"):
                    raise UnlikeError(f"'{said}' stands before nothing")
                if said == "+":
                    return self._one(field, depth)
                self._denied += 1
                found = none_of(self._one(field, depth + 1))
                self._denied -= 1
                return found
            case "operator":
                return self._operator(said, depth)
            case "bracket" if said in "({":
                closing = ")" if said == "(" else "}"
                found = self.sequence(field, closing, depth + 1)
                self._at += 1
                return found
            case "phrase" | "word":
                return look_for(field, said)
        raise UnlikeError(f"'{said}' has no like here")

    def _operator(self, name: str, depth: int) -> When:
        if name in _NO_LIKE:
            raise UnlikeError(f"{name}: {_NO_LIKE[name]}")
        if name not in _OPERATORS:
            raise UnlikeError(f"'{name}:' is no operator that is known here")
        if self.sign is None:
            raise UnlikeError(f"nothing stands after '{name}:'")
        return self._one(name, depth + 1)


def look_for(field: str, text: str) -> When:
    """One word or phrase in a field; without a field, anywhere in the mail."""
    return _OPERATORS[field](text)


def words(field: str, text: str) -> When:
    """The words of a text, whole and in this order, somewhere in a field."""
    if "*" in text:
        raise UnlikeError(f"'*' inside a word: {text!r}")
    found = re.findall(r"[^\W_]+", text)
    if not found:
        raise UnlikeError(f"no word stands in {text!r}")
    return ask(field, "matches", f"(^|{_EDGE}){_GAP.join(found)}({_EDGE}|$)")


def _people(*fields: str) -> Callable[[str], When]:
    def read(text: str) -> When:
        plain = text.strip().strip("<>").rstrip(",") if "," not in text.rstrip(",") else text
        if plain.lower() == "me":
            raise UnlikeError("'me' is every address of the Gmail account: write them in its place")
        if "," in text:
            raise UnlikeError(f"a comma in {text!r}: write OR between addresses")
        if is_address(plain):
            return any_of(ask(field, "is", plain) for field in fields)
        domain = plain.removeprefix("*").removeprefix("@")
        if is_domain(domain):
            return any_of(ask(field, "is", f"@{domain}") for field in fields)
        return any_of(words(field, text) for field in fields)

    return read


def _anywhere(text: str) -> When:
    return any_of(words(field, text) for field in ("subject", "body", "from", "to", "cc"))


def _list(text: str) -> When:
    plain = text.strip("<>").replace("@", ".")
    return ask("list_id", "is", plain) if is_domain(plain) else words("list_id", text)


def _has(text: str) -> When:
    if text.lower() == "attachment":
        return {"attachment": "true"}
    raise UnlikeError(f"has:{text} has no like here")


def _file_name(text: str) -> When:
    if set(text) & set("*?") or not text:
        raise UnlikeError(f"a wildcard in filename:{text}")
    return {"attachment": [{"name": [text if "." in text.strip(".") else f"*.{text.strip('.')}"]}]}


def size(sign: str, text: str) -> When:
    """A size as Gmail writes it: ``10M``, ``300k``, ``1000000``."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UnlikeError(f"{text!r} is no size")
    return {"size": [f"{sign} {found[1]}{_UNITS[found[2].lower()[:1]]}"]}


_OPERATORS: Mapping[str, Callable[[str], When]] = {
    "": _anywhere,
    "from": _people("from"),
    # Gmail's to: knows who got a copy, too
    "to": _people("to", "cc"),
    "cc": _people("cc"),
    "subject": lambda text: words("subject", text),
    "list": _list,
    "has": _has,
    "filename": _file_name,
    "deliveredto": lambda text: ask("header:Delivered-To", "is", text),
    "rfc822msgid": lambda text: ask("header:Message-ID", "is", f"<{text.strip('<>')}>"),
    **dict.fromkeys(("larger", "larger_than", "size"), lambda text: size(">", text)),
    **dict.fromkeys(("smaller", "smaller_than"), lambda text: size("<", text)),
}
