"""How benchmarks and proofs speak: one line a figure; whether it is met is computed, never typed."""

import operator
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
}


def head(title: str) -> None:
    """Machine and date on top: an absolute figure means nothing without them."""
    cores = len(os.sched_getaffinity(0))
    print(f"{title}: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {platform.python_version()}, {cores} cores")


def figure(name: str, value: float, compare: str, goal: float, beside: str = "") -> bool:
    """Print ``figure NAME VALUE (goal OP X) met|not met beside PEER``; returns whether the goal is met."""
    met = _COMPARE[compare](value, goal)
    peer = f" beside {beside}" if beside else ""
    print(f"figure {name} {value:g} (goal {compare} {goal:g}) {'met' if met else 'not met'}{peer}", flush=True)
    return met
