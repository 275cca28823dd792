"""A scope answers the same whatever engine stands behind it, and after any history of changes."""

from dataclasses import dataclass
from random import Random

import pytest

from engine.rules.matching.index import finish
from engine.rules.matching.scope import LARGE, MOST_CHANGED, Scope
from engine.rules.when.match import holds
from engine.rules.when.predicate import Tree
from engine.rules.when.view import View
from tests.rules.chance import a_tree, a_view


@dataclass(frozen=True)
class Rule:
    when: Tree


def some_rules(chance: Random, number: int) -> list[Rule]:
    return [Rule(a_tree(chance, 2)) for _ in range(number)]


def plainly(rules: list[Rule], view: View) -> list[int]:
    return [number for number, rule in enumerate(rules) if holds(rule.when, view)]


@pytest.mark.parametrize("number", [0, 1, LARGE - 1, LARGE, LARGE + 50])
def test_a_scope_of_any_size_names_the_rules_that_hold_in_order(number: int) -> None:
    chance = Random(number)
    rules = some_rules(chance, number)
    scope = Scope.of(rules)
    for _ in range(20):
        view = a_view(chance)
        assert list(scope.matching(view)) == plainly(rules, view)


def test_a_large_scope_answers_by_an_index_and_a_small_one_does_not() -> None:
    assert [type(Scope.of(some_rules(Random(1), size))._engine).__name__ for size in (LARGE - 1, LARGE)] == [
        "function",
        "_Indexed",
    ]


@pytest.mark.parametrize("seed", range(6))
def test_after_any_history_of_changes_a_scope_answers_as_a_new_one(seed: int) -> None:
    chance = Random(seed)
    rules = some_rules(chance, LARGE + 40)
    scope = Scope.of(rules)
    for _ in range(60):
        rules = _changed(chance, rules)
        before = scope
        scope = scope.become(rules)
        view = a_view(chance)
        assert list(scope.matching(view)) == plainly(rules, view)
        assert list(before.matching(view)) == plainly(list(before.rules), view)  # type: ignore[arg-type]
        if chance.random() < 0.05:
            scope = finish(scope.settle())


def _changed(chance: Random, rules: list[Rule]) -> list[Rule]:
    """Rules replaced, put in, taken out or moved, some of them that were there before."""
    new = [*rules]
    at, length = chance.randrange(len(new)), chance.choice((0, 1, 1, 3))
    new[at : at + length] = some_rules(chance, chance.choice((0, 1, 1, 2)))
    if chance.random() < 0.3:
        here, there = chance.sample(range(len(new)), 2)
        new[here], new[there] = new[there], new[here]
    return new if len(new) >= LARGE else new + some_rules(chance, 10)


def test_only_what_changed_is_built() -> None:
    rules = some_rules(Random(2), LARGE + 100)
    scope = Scope.of(rules)
    other = scope.become([*rules[:100], Rule(a_tree(Random(3))), *rules[101:]])
    assert other._engine._index is scope._engine._index  # type: ignore[union-attr]
    assert list(other._engine.changed) == [100]  # type: ignore[union-attr]


def test_a_scope_is_due_once_many_rules_changed_and_no_more_when_it_has_settled() -> None:
    rules = some_rules(Random(4), LARGE + 100)
    scope = Scope.of(rules)
    assert not scope.due
    scope = scope.become([*some_rules(Random(5), MOST_CHANGED + 1), *rules[MOST_CHANGED + 1 :]])
    assert scope.due
    assert not finish(scope.settle()).due


def test_rules_that_changed_while_a_scope_settled_are_not_lost() -> None:
    chance = Random(6)
    rules = some_rules(chance, LARGE + 100)
    scope = Scope.of(rules)
    settling = scope.settle()
    next(settling)
    later = [*rules[:-1], *some_rules(chance, 1)]
    scope = finish(settling).become(later)
    for _ in range(20):
        view = a_view(chance)
        assert list(scope.matching(view)) == plainly(later, view)
