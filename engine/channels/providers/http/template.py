"""Text with places in braces: a closed list, checked when the file is read, and filled in when a message leaves."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails

from engine.document import Flaw, flawed, suggest

#: What a message fills in.
OF_MESSAGE = ("to", "to.digits", "text", "ref", "sender", "callback")
#: In a header: a text may hold line breaks, and would write headers of its own.
OF_HEADER = ("to", "to.digits", "ref", "sender", "callback")
#: Where a file goes along.
OF_FILE = (*OF_MESSAGE, "title", "media.url", "media.type", "media.name")
#: Before anything is sent: can this phone receive it?
OF_CAPABILITY = ("to", "to.digits", "sender")
#: When the provider is asked about a message, only its reference is at hand.
OF_ASKING = ("ref", "sender")
#: What became of it may be asked by the provider's own reference too.
OF_POLLING = ("ref", "id", "sender")
#: In a proof: nothing but what a stranger does not know.
OF_PROOF: tuple[str, ...] = ()

_SECRET = "secret."  # noqa: S105  (how a secret is named, no secret)
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


def places(template: str) -> Iterator[str]:
    """The names in braces, in order. Raises ValueError at a lone brace."""
    for found in _PLACE.finditer(template):
        if found[1] is not None:
            yield found[1]
        elif len(found[0]) == 1:
            raise ValueError(found[0])


def secret_names(template: str) -> list[str]:
    """The names of the secrets that stand in it."""
    return [name.removeprefix(_SECRET) for name in places(template) if name.startswith(_SECRET)]


def fill(template: str, values: Mapping[str, str], quote: Callable[[str], str] = str) -> str:
    """The text with every place filled in; `quote` makes a value safe for where it goes."""

    def put(found: re.Match[str]) -> str:
        return quote(values[found[1]]) if found[1] is not None else found[0][0]

    return _PLACE.sub(put, template)


def secret_values(secrets: Mapping[str, str]) -> dict[str, str]:
    """Secrets under the names that they have in a template."""
    return {_SECRET + name: value for name, value in secrets.items()}


def check(template: str, known: Collection[str]) -> str:
    """The template, if every name in braces is known here or a secret's. Raises the error that carries the flaws."""
    flaws = []
    try:
        names = list(places(template))
    except ValueError as lone:
        brace = str(lone)
        raise flawed([Flaw(brace, "a lone brace", f"write {brace * 2} for a brace that is meant as one")]) from None
    for name in names:
        if name not in known and not name.startswith(_SECRET):
            label = suggest(name, [*known, _SECRET])
            hint = f"known here: {', '.join([*known, 'secret.NAME'])}; {{{{ and }}}} are braces"
            flaws.append(Flaw(f"{{{name}}}", f"nothing is called '{name}' here", label, hint))
    if flaws:
        raise flawed(flaws)
    return template


def _checked(known: Collection[str]) -> AfterValidator:
    return AfterValidator(lambda template: check(template, known))


#: In an address, a query, a form.
Template = Annotated[str, _checked(OF_MESSAGE)]
HeaderTemplate = Annotated[str, _checked(OF_HEADER)]
AskTemplate = Annotated[str, _checked(OF_ASKING)]
CapabilityTemplate = Annotated[str, _checked(OF_CAPABILITY)]
PollTemplate = Annotated[str, _checked(OF_POLLING)]
ProofTemplate = Annotated[str, _checked(OF_PROOF)]

# ---- a JSON body, as a tree of templates

#: A leaf that is no text: {$number: "{to.digits}"}, {$flag: true}.
NUMBER, FLAG = "$number", "$flag"


def leaves(tree: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(where, template) of every text in the tree."""
    if isinstance(tree, dict):
        for name, inner in tree.items():
            yield from leaves(inner, (*at, name))
    elif isinstance(tree, list):
        for index, inner in enumerate(tree):
            yield from leaves(inner, (*at, index))
    elif isinstance(tree, str):
        yield at, tree


def fill_tree(tree: Any, values: Mapping[str, str]) -> Any:
    """The body with every place filled in. Raises ValueError where a number is asked for and none comes of it."""
    if isinstance(tree, dict):
        if tree.keys() == {NUMBER}:
            return int(fill(tree[NUMBER], values))
        if tree.keys() == {FLAG}:
            return tree[FLAG] == "true"
        return {name: fill_tree(inner, values) for name, inner in tree.items()}
    if isinstance(tree, list):
        return [fill_tree(inner, values) for inner in tree]
    return fill(tree, values) if isinstance(tree, str) else tree


def raise_at(errors: list[tuple[tuple[str | int, ...], Any]], title: str, data: Any) -> None:
    """Raise several mistakes at once, each at its own place under the value that is validated."""
    if errors:
        details = [InitErrorDetails(type=error, loc=at, input=data) for at, error in errors]
        raise ValidationError.from_exception_data(title, details)


def _check_tree(tree: Any, known: Collection[str]) -> Any:
    errors: list[tuple[tuple[str | int, ...], Any]] = []
    for at, text in leaves(tree):
        try:
            check(text, known)
        except ValueError as error:
            errors.append((at, error))
            continue
        number = at and at[-1] == NUMBER and not re.fullmatch(r"-?[0-9]{1,18}|\{to\.digits\}", text)
        if number or (at and at[-1] == FLAG and text not in ("true", "false")):
            wanted = "a whole number or {to.digits}" if number else "true or false"
            errors.append((at, flawed([Flaw(text, f"write {wanted} here")])))
    raise_at(errors, "json", tree)
    return tree


def _tree(known: Collection[str]) -> Any:
    check_tree = AfterValidator(lambda tree: _check_tree(tree, known))
    return Annotated[Any, check_tree, WithJsonSchema({"type": ["object", "array"]})]


JsonTemplate = _tree(OF_MESSAGE)
FileTemplate = _tree(OF_FILE)
