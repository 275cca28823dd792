"""Every engine answers as the plain reading of the conditions does, for whatever rules and events."""

from collections import Counter
from itertools import product

from engine.rules.when.predicate import Operator
from tests.rules.agreement import PAIRS, agree

SEEDS = range(12)


def test_every_engine_agrees_with_the_plain_reading() -> None:
    met = sum(map(agree, SEEDS), Counter())
    assert len(SEEDS) * PAIRS >= 20_000
    assert {key: met[key] for key in product(Operator, (True, False)) if met[key] < 1_000} == {}
