"""How a reply is read: rules over its status, its JSON and its text. No patterns of a user's are ever compiled."""

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import from_json

from engine.net import Reply
from engine.noun import Written

#: What is not there; None is there.
_NOTHING = object()

#: The path of a value in JSON: names and list places, joined by dots.
Place = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Statuses = Annotated[str, StringConstraints(pattern=r"^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$")]


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class When(Written):
    """What must all be so for the rule to hold."""

    status: Annotated[tuple[Statuses, ...], BeforeValidator(_one_or_many)] = ()
    """200, or 200-299, or a list of them."""
    place: Place = Field(default="", alias="json")
    """The path of a value in a JSON answer: messages.0.status. Alone: it must be there."""
    equals: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    """The value at that path must be one of these."""
    contains: str = Field(default="", max_length=500)
    """The answer's text must hold this."""

    @model_validator(mode="after")
    def _asks_something(self) -> "When":
        if self.equals and not self.place:
            raise ValueError("'equals' is about a value in JSON: write its path as 'json'")
        if not (self.status or self.place or self.contains):
            raise ValueError("write what must be so: status, json (with equals), or contains")
        return self


class Extract(Written):
    """Where a value stands in a reply: at a path in JSON, or in its text after one marker and before another."""

    place: Place = Field(default="", alias="json")
    after: str = Field(default="", max_length=200)
    before: str = Field(default="", max_length=200)
    """Nothing: up to the end of the line."""

    @model_validator(mode="after")
    def _one_way(self) -> "Extract":
        if bool(self.place) == bool(self.after):
            raise ValueError("write either the path of the value as 'json', or the text it stands 'after'")
        return self


class ErrorRow(When):
    """What an answer means that is no yes."""

    then: Literal["retry", "final", "unknown"]
    """retry: it was certainly not taken. final: it never will be. unknown: it may have been taken."""
    reason: (
        Literal["bad_number", "provider_auth", "provider_no_credit", "provider_refused", "provider_busy"] | None
    ) = None


class Said:
    """A reply that is looked into."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self._body = reply.body

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self._body.decode("utf-8", "replace")

    @cached_property
    def tree(self) -> Any:
        """The body as JSON; nothing when it is none."""
        try:
            return from_json(self._body)
        except ValueError:
            return _NOTHING

    def meets(self, rule: When) -> bool:
        """Whether everything that the rule asks is so."""
        if rule.status and not any(_within(self.status, each) for each in rule.status):
            return False
        if rule.contains and rule.contains not in self.text:
            return False
        if not rule.place:
            return True
        found = read(self.tree, rule.place)
        return found is not None and (not rule.equals or found in rule.equals)

    def find(self, where: Extract) -> str:
        """The value, or nothing when it is not there."""
        if where.place:
            return read(self.tree, where.place) or ""
        _, mark, rest = self.text.partition(where.after)
        if not mark:
            return ""
        if where.before:
            value, end, _ = rest.partition(where.before)
            return value.strip() if end else ""
        return next(iter(rest.splitlines()), "").strip()


def dig(tree: Any, path: str) -> Any:
    """The value at a dotted path, or `None` when there is nothing; list places are counted from 0."""
    for step in path.split("."):
        if isinstance(tree, dict) and step in tree:
            tree = tree[step]
        elif isinstance(tree, list) and step.isascii() and step.isdecimal() and int(step[:6]) < len(tree):
            tree = tree[int(step[:6])]
        else:
            return None
    return tree


def read(tree: Any, path: str) -> str | None:
    """The text, number, true or false at a dotted path, as text; None when there is none of these."""
    found = dig(tree, path)
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def _within(status: int, statuses: str) -> bool:
    first, _, last = statuses.partition("-")
    return int(first) <= status <= int(last or first)


def entries(tree: Any, path: str) -> Iterable[Any]:
    """The list at a path (nothing: the tree itself as the only entry). Raises ValueError when it is no list."""
    if not path:
        return [tree]
    found = dig(tree, path)
    if not isinstance(found, list):
        raise ValueError("there is no list of reports")
    return found
