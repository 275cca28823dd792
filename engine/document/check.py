"""Holds a document against a model and puts every mistake, in our own words, at its place."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from engine.document.known import Known
from engine.document.problem import Flaw, Problem, has_errors, in_order, nearest, suggest
from engine.document.source import Document, Path

T = TypeVar("T")

FLAWED = "flawed"
"""The kind of a validator's error that carries several mistakes inside one text."""


def validate(document: Document, model: type[T]) -> tuple[T | None, list[Problem]]:
    """The document as a `model` (a pydantic model), or None when there is an error; and all its problems, in order.

    The reader's own problems are among them. Never raises for what is in the document.
    """
    hashable: Any = model
    if document.broken:
        return None, list(document.problems)
    if document.data is None:
        empty = document.problem((), "this file is empty", code="empty", hint=_required(_known(hashable)))
        return None, [*document.problems, empty]
    value: T | None = None
    problems = list(document.problems)
    known = _known(hashable)
    for path in known.secrets(document.data):
        document.hide(path)
    try:
        value = TypeAdapter(model).validate_python(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        meant = _meant(details, document, known)
        problems += [
            problem
            for detail in details
            if detail["type"] != "missing" or detail["loc"] not in meant
            for problem in _problems_of(detail, document, known)
        ]
        problems = [document.redact(problem) for problem in problems]
    return None if has_errors(problems) else value, in_order(problems)


def _left_open(data: Any, path: Path, document: Document) -> Iterator[Problem]:
    """What has no value: to take the default for it would hide that something was meant to stand there."""
    children: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        here = (*path, key)
        if value is None and here not in document.poisoned:
            yield _empty(here, document)
        yield from _left_open(value, here, document)


def _empty(path: Path, document: Document) -> Problem:
    name = f"'{path[-1]}'" if path and isinstance(path[-1], str) else "this entry"
    return document.problem(path, f"{name} is empty", key=True, code="empty", label="write a value, or remove it")


@lru_cache(maxsize=64)
def _known(model: Any) -> Known:
    return Known(model)


def flawed(flaws: Sequence[Flaw]) -> PydanticCustomError:
    """The error for a validator to raise when a text has these mistakes: each is reported at its own place."""
    return PydanticCustomError(FLAWED, "mistakes in this text", {"flaws": tuple(flaws)})


def _required(known: Known) -> str:
    return f"known here: {', '.join(known.names(()))}"


def _meant(details: Sequence[ErrorDetails], document: Document, known: Known) -> set[tuple[int | str, ...]]:
    """The settings that are missing only because they are misspelt: one mistake is told once."""
    meant: set[tuple[int | str, ...]] = set()
    for detail in details:
        if detail["type"] == "extra_forbidden":
            path, _ = _locate(detail["loc"], document.data)
            meant.add((*detail["loc"][:-1], nearest(str(detail["loc"][-1]), known.names(path[:-1]))))
    return meant


def _problems_of(detail: ErrorDetails, document: Document, known: Known) -> list[Problem]:
    path, whole = _locate(detail["loc"], document.data)
    context: Mapping[str, Any] = detail.get("ctx") or {}
    if _is_echo(detail, context) or any(path[: len(poisoned)] == poisoned for poisoned in document.poisoned):
        return []
    if detail["type"] == FLAWED:
        return [
            document.problem(
                path, flaw.message, part=flaw.part, then=flaw.then, code="text", label=flaw.label, hint=flaw.hint
            )
            for flaw in context["flaws"]
        ]
    return [_problem_of(detail, context, path, whole, document, known)]


def _is_echo(detail: ErrorDetails, context: Mapping[str, Any]) -> bool:
    """A list that is too short only because its entries have mistakes of their own."""
    return detail["type"] == "too_short" and len(detail["input"]) >= context["min_length"]


def _problem_of(
    detail: ErrorDetails, context: Mapping[str, Any], path: Path, whole: bool, document: Document, known: Known
) -> Problem:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_setting(path, document, known)
    if kind == "missing":
        name = str(detail["loc"][-1])
        message = f"'{name}' is missing"
        return document.problem(path, message, key=True, code="missing", label=f"add '{name}:' to this block")
    if whole and detail["input"] is None:
        return _empty(path, document)
    if kind in ("literal_error", "enum", "union_tag_invalid", "union_tag_not_found"):
        return _wrong_choice(kind, path, detail, context, document)
    message = _words(kind, context) or re.sub(r"^(Value error|Assertion failed), ", "", str(detail["msg"]))
    label, hint = str(context.get("label", "")), str(context.get("hint", ""))
    return document.problem(path, message, code=_code(kind), label=label, hint=hint)


def _locate(loc: tuple[str | int, ...], data: Any) -> tuple[Path, bool]:
    """The longest part of a pydantic place that is in the document, and whether its last step is.

    Steps that pydantic adds (union tags, names of validators, the index of a single value that counts as a
    list) are passed over.
    """
    path: Path = ()
    whole = True
    for part in loc:
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, list) and isinstance(part, int) and part < len(data)
        )
        whole = inside or isinstance(part, int)
        if inside:
            data, path = data[part], (*path, part)
    return path, whole


def _unknown_setting(path: Path, document: Document, known: Known) -> Problem:
    name = str(path[-1])
    allowed = known.names(path[:-1])
    label = suggest(name, allowed)
    homes = [] if label else known.homes_of(name, path[:-1])
    if homes:
        blocks = " or ".join(f"'{each}'" for each in homes)
        label = f"'{name}' belongs under {blocks}"
    hint = f"known here: {', '.join(allowed)}" if allowed else ""
    return document.problem(
        path, f"unknown setting '{name}'", key=True, code="unknown-setting", label=label, hint=hint
    )


def _wrong_choice(
    kind: str, path: Path, detail: ErrorDetails, context: Mapping[str, Any], document: Document
) -> Problem:
    if kind == "union_tag_not_found":
        name = str(context.get("discriminator", "")).strip("'")
        return document.problem(
            path, f"'{name}' is missing", key=True, code="missing", label=f"add '{name}:' to this block"
        )
    written = detail["input"]
    if kind == "union_tag_invalid":
        path = (*path, str(context.get("discriminator", "")).strip("'"))
        written = context.get("tag", "")
    choices = re.findall(r"'([^']*)'", str(context.get("expected_tags") or context.get("expected") or ""))
    if not choices:
        return document.problem(path, f"write {context.get('expected', 'another value')} here", code="wrong-value")
    label = suggest(written, choices) if isinstance(written, str) else ""
    message = f"write {' or '.join(choices)} here" if len(choices) < 3 else f"write one of {', '.join(choices)} here"
    return document.problem(path, message, code="wrong-value", label=label)


def _code(kind: str) -> str:
    return "wrong-value" if kind in _WORDS or kind in ("value_error", "assertion_error") else kind.replace("_", "-")


def _words(kind: str, context: Mapping[str, Any]) -> str:
    words = _WORDS.get(kind)
    return words(context) if words else ""


def _say(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda context: text.format_map(context)


_BLOCK = _say("write a block of settings here, each as 'name: value' on a line of its own")
_LIST = _say("write a list here, each entry on a line that begins with '- ', or as [one, two]")
_NUMBER = _say("write a whole number here")
_AMOUNT = _say("write an amount here, like 5 or 0.08")
_TRUTH = _say("write true or false here")
_TEXT = _say("write one piece of text here")
_LENGTH = _say("write a length of time as 90s, 15m, 2h or 1 day")

#: pydantic's kinds of error that a person can hit, in words that say what to write.
_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "dataclass_type": _BLOCK,
    "dict_type": _BLOCK,
    "mapping_type": _BLOCK,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "string_type": _TEXT,
    "path_type": _say("write the name of a file or a folder here"),
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_from_float": _NUMBER,
    "int_parsing_size": _say("this number is too large"),
    "float_type": _say("write a number here"),
    "float_parsing": _say("write a number here"),
    "decimal_type": _AMOUNT,
    "decimal_parsing": _AMOUNT,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "time_delta_type": _LENGTH,
    "time_delta_parsing": _LENGTH,
    "time_type": _say("write a time as 22:30"),
    "time_parsing": _say("write a time as 22:30"),
    "greater_than": _say("must be more than {gt}"),
    "greater_than_equal": _say("must be {ge} or more"),
    "less_than": _say("must be less than {lt}"),
    "less_than_equal": _say("must be {le} or less"),
    "string_too_short": _say("must have {min_length} or more characters"),
    "string_too_long": _say("must have {max_length} or fewer characters"),
    "string_pattern_mismatch": _say("is not of the form {pattern}"),
    "string_unicode": _say("holds a character that is not text"),
    "too_short": _say("needs at least {min_length} in this list"),
    "too_long": _say("has more than {max_length} entries"),
    "url_parsing": _say("write a whole address here, like https://example.org/"),
    "url_scheme": _say("the address must begin with {expected_schemes}"),
}
