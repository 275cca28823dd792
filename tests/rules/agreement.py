"""Rules and events by chance, asked of every engine and of the plain reading."""

from collections import Counter
from random import Random

from engine.rules.matching.closure import close
from engine.rules.matching.generate import generate
from engine.rules.matching.index import Index
from engine.rules.when.match import holds, meets
from engine.rules.when.predicate import Operator
from tests.rules.chance import a_tree, a_view, each_test

RULES, EVENTS = 200, 25
PAIRS = RULES * EVENTS


def agree(seed: int) -> Counter[tuple[Operator, bool]]:
    """Ask PAIRS pairs of a rule and an event; fails on the first answer that differs. How often each operator was
    met, and was not."""
    chance = Random(seed)
    trees = [a_tree(chance) for _ in range(RULES)]
    closures = [close(tree) for tree in trees]
    generated, index = generate(trees), Index.of(trees)
    tests = [test for tree in trees for test in each_test(tree)]
    met: Counter[tuple[Operator, bool]] = Counter()
    for _ in range(EVENTS):
        view = a_view(chance)
        plain = [number for number, tree in enumerate(trees) if holds(tree, view)]
        assert [number for number, test in enumerate(closures) if test(view)] == plain, (seed, "closures")
        assert generated(view) == plain, (seed, "generated")
        assert sorted(index.matching(view)) == plain, (seed, "index")
        met.update((test.operator, meets(test, view)) for test in tests)
    return met
