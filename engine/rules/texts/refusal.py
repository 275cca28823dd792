"""What is said of braces that hold no field: what was probably meant, or what this language does not do."""

import re

from engine.document import suggest
from engine.rules.texts.field import MAIL
from engine.rules.texts.fields import FIELDS, OTHER_NAMES, TWINS, find, names
from engine.rules.texts.filters import MOST
from engine.rules.texts.pieces import Hole, Mistake, Part

_CLOSERS = frozenset({"endif", "fi", "/if", "end if", "endfor", "endwith", "/", "/else"})
_OTHER_IFS = frozenset({"elif", "elseif", "elsif"})
_VERBS = frozenset({"for", "while", "each", "foreach", "loop", "repeat", "set", "include", "import", "macro", "call"})
_HEAD = re.compile(r"\s*([A-Za-z_]+(?:\.[A-Za-z]+)*)")
_NOT_A_NAME = re.compile(r"[^\w.\s-]|__")


def refuse(hole: Hole, kinds: frozenset[str], asks: bool = False) -> Mistake:
    """The mistake of braces that hold no field of these kinds; `asks` says that they begin with {if."""
    head = hole.parts[0]
    if not asks:
        return _refuse_name(hole, head, kinds)
    words = head.text.split()
    asked = words[2:] if words[1:2] == ["not"] else words[1:]
    if len(asked) == 1 and len(hole.parts) == 1:
        start = head.start + head.text.rindex(asked[0])
        return _refuse_name(hole, Part(asked[0], start), kinds)
    known = next((word for word in asked if find(word)), "")
    negated = "not " if words[1:2] == ["not"] else ""
    label = f"did you mean '{{if {negated}{known}}}'?" if known else "like {if cc}…{else}…{end}"
    hint = "there is no comparing, and, or: a rule's 'when' does that"
    return _whole(hole, "{if} asks of one field whether it is there", label, hint)


def _refuse_name(hole: Hole, name: Part, kinds: frozenset[str]) -> Mistake:
    known = f"known here: {', '.join(names(kinds))}"
    if not name.text:
        return _whole(hole, "no field stands between these braces", "like {subject}", known)
    found = find(name.text)
    if found is not None:
        return _of_the_other_kind(name, kinds, known)
    label = _meant(name.text, kinds)
    word = next((word for word in ("else", "end") if label == f"did you mean '{word}'?"), "")
    message = f"unknown field '{name.text[:40]}'"
    return _program(hole, name.text) or Mistake(name.start, name.end, message, label, known, word)


def _of_the_other_kind(name: Part, kinds: frozenset[str], known: str) -> Mistake:
    found = find(name.text)
    of = next(iter(found.kinds)) if found else "mail"
    this = " or ".join(_CALLED[kind] for kind in _CALLED if kind in kinds)
    meant = next((each for kind in kinds if (each := _twin(name.text, of, kind))), "")
    label = f"did you mean '{meant}'?" if meant else ""
    message = f"'{name.text}' is of {_CALLED[of]}, and this text is about {this}"
    return Mistake(name.start, name.end, message, label, known)


_CALLED = {"mail": "a mail", "message": "a text from a phone", "occasion": "an appointment"}


def _twin(name: str, of: str, kind: str) -> str:
    """The field of one kind of event that says nearly what this field of another kind says."""
    if kind == "mail":
        return next((own for own, other in TWINS.get(of, {}).items() if other == name), "")
    return TWINS[kind].get(name, "") if of == "mail" else ""


def _program(hole: Hole, inside: str) -> Mistake | None:
    """Pieces of other template languages, and of programs."""
    words = inside.strip("%#- ").split()
    verb = words[0] if words else ""
    if inside[0] in "%#" or verb in _VERBS:
        meant = {"endif": "end"}.get(verb, verb if verb in ("if", "else", "end") else "")
        asked = f" {words[1]}" if meant == "if" and len(words) == 2 and find(words[1]) else ""
        label = f"did you mean '{{{meant}{asked}}}'?" if meant and (asked or meant != "if") else ""
        hint = "only fields and {if field}"
        return _whole(hole, "there are no loops, calls or blocks in a text", label, hint, meant)
    if inside in _CLOSERS or words[:1] == ["end"]:
        return _whole(hole, f"unknown word '{inside[:40]}'", "did you mean '{end}'?", meant="end")
    if verb in _OTHER_IFS or words[:2] == ["else", "if"]:
        return _whole(hole, "there is no other {if} in an {else}", "write {else}{if …}…{end}{end}")
    if len(words) == 2 and find(words[1]) and suggest(verb, ("if",)):
        return _whole(hole, f"unknown word '{verb}'", f"did you mean '{{if {words[1]}}}'?", meant="if")
    if not _NOT_A_NAME.search(inside) and len(words) < 2:
        return None
    head = _HEAD.match(inside)
    field = find(head[1]) if head else None
    if head is None or field is None:
        parent = find(head[1].rpartition(".")[0]) if head else None
        if head is None or parent is None:
            return None
        return _calculates(hole, parent.name, inside[head.start(1) + len(parent.name) :])
    return _calculates(hole, field.name, inside[head.end() :])


def _calculates(hole: Hole, name: str, rest: str) -> Mistake:
    """Something is done with a field that is not a filter."""
    meant = name
    cut = re.fullmatch(r"[\s\[(:,.]+([1-9][0-9]{0,3})[\s\])]*", rest)
    case = re.fullmatch(r"\W*(upper|lower|first_line)\W*", rest)
    or_ = re.fullmatch(r"""\W*or\s*["'](.*?)["']""", rest)
    if cut and int(cut[1]) <= MOST:
        meant = f"{name}|{cut[1]}"
    elif re.match(r"\s*:.*[0-9]", rest):
        meant = f"{name}|80"
    elif case:
        meant = f"{name}|{case[1]}"
    elif or_:
        meant = f'{name}|or "{or_[1]}"'
    hint = "there are no calls, no arithmetic and no formats; filters stand behind a bar"
    return _whole(hole, "a field and filters stand in braces, nothing else", f"did you mean '{{{meant}}}'?", hint)


def _meant(name: str, kinds: frozenset[str]) -> str:
    """The field that was probably meant."""
    allowed = names(kinds)
    plain = re.sub(r"\s", "", name).lower()
    for candidate in (plain, OTHER_NAMES.get(plain, ""), plain.replace("_", "."), plain.replace("-", "_")):
        if candidate in FIELDS and candidate in allowed:
            return f"did you mean '{candidate}'?"
    if plain.startswith(("header", "headers")) and kinds >= MAIL:
        named = re.sub(r"^headers?\W*", "", re.sub(r"\s", "", name)).strip("[]\"'.")
        return f"did you mean 'header.{named}'?" if find(f"header.{named}") else "like header.X-Priority"
    return suggest(plain, (*allowed, "else", "end"))


def _whole(hole: Hole, message: str, label: str = "", hint: str = "", meant: str = "") -> Mistake:
    return Mistake(hole.start, hole.end, message, label, hint, meant)
