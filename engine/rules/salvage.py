"""What can be read of a rule file with mistakes, so that all that is wrong with it is told in one run."""

from collections.abc import Iterator

from pydantic import ValidationError

from engine.document import Document
from engine.rules.schema import Rule


def salvage(document: Document) -> Iterator[tuple[int, Rule]]:
    """The rules that can be read by themselves, by their place in the file. They are to be checked, never used."""
    data = document.data if isinstance(document.data, dict) and not document.broken else {}
    rules = data.get("rules")
    for index, written in enumerate(rules if isinstance(rules, list) else ()):
        rule = _read(written)
        if rule is not None:
            yield index, rule


def _read(written: object) -> Rule | None:
    """A rule without the settings that are wrong, as long as its name and its condition are right."""
    try:
        return Rule.model_validate(written)
    except ValidationError as error:
        wrong = {detail["loc"][0] for detail in error.errors() if detail["loc"]}
    if not isinstance(written, dict) or not wrong or wrong & {"name", "id", "when"}:
        return None
    try:
        # without its actions it would do nothing, which is no mistake of its author
        return Rule.model_validate({"stop": "true", **{name: written[name] for name in written.keys() - wrong}})
    except ValidationError:
        return None
