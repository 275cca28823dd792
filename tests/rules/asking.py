"""Conditions asked as an admin writes them."""

from collections.abc import Mapping
from typing import Any

from engine.account import Account
from engine.decision import Evidence
from engine.document import Problem, read, validate
from engine.event import Event
from engine.noun import Written
from engine.rules.book import Book
from engine.rules.when.compile import compile_condition
from engine.rules.when.conditions import Condition
from engine.rules.when.match import explain, holds
from engine.rules.when.predicate import Tree
from engine.rules.when.view import View
from tests.builders import an_account

NO_BOOK = Book()


class File(Written):
    """A file of one condition."""

    when: Condition


def read_when(when: str, book: Book = NO_BOOK) -> tuple[Tree | None, list[Problem]]:
    """The tree of a condition in YAML, and its problems."""
    document = read(f"when: {when}\n" if "\n" not in when else f"when:\n{when}", "a.yaml")
    file, problems = validate(document, File)
    if file is None:
        return None, problems
    tree, more = compile_condition(file.when, document, ("when",), book)
    return tree, [*problems, *more]


def tree_of(when: str | Mapping[str, Any], book: Book = NO_BOOK) -> Tree:
    """The tree of a condition that has no mistake."""
    if isinstance(when, str):
        tree, problems = read_when(when, book)
    else:
        tree, problems = compile_condition(Condition.model_validate(when), read("", "a.yaml"), (), book)
    assert problems == []
    assert tree is not None
    return tree


def ask(
    when: str | Mapping[str, Any], event: Event, account: Account | None = None, book: Book = NO_BOOK
) -> tuple[bool, list[Evidence]]:
    """Both ways of asking, which must agree, and the evidence."""
    tree = tree_of(when, book)
    evidence: list[Evidence] = []
    explained = explain(tree, View(event, account or an_account(), book), evidence)
    assert holds(tree, View(event, account or an_account(), book)) is explained
    assert evidence
    assert explained or not evidence[-1].holds
    return explained, evidence
