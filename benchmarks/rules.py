"""`make bench ONLY=rules`: the matcher beside Pigeonhole, beside itself with ten times the rules, beside the parser.

Processor time throughout, so that neighbours on the machine count for nobody; peers take turns in each round.
"""

import gc
import re
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks import corpus, pigeonhole
from benchmarks.figures import figure
from benchmarks.reload import reloaded
from benchmarks.rulebook import Rulebook
from engine.event import MailArrived
from engine.rules.matching.scope import MOST_CHANGED, Scope
from engine.rules.when.match import holds
from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree
from engine.rules.when.view import View
from engine.sources.imap.parse import parse_mail
from tests.builders import an_account
from tests.rules.agreement import PAIRS, agree

MAILS, ROUNDS = 500, 5
#: The share of words that no mail has, beside Sieve and from 10,000 rules to 100,000 (nobody has so many in common).
OWN, MOSTLY_OWN = 0.6, 0.95
#: Rules, and how many times faster than Pigeonhole.
GOALS = ((20, 20), (1_000, 60), (10_000, 150))
_FOLDED = "the same, on mails whose fields another scope has folded already"
_ME = an_account()


@dataclass(frozen=True)
class Rule:
    """A rule, as far as a scope knows it."""

    when: Tree


async def run() -> bool:
    """All figures; true when every goal is met."""
    try:
        corpus.raw_mails()
    except corpus.NoCorpusError as error:
        print(f"  not measured: {error}")
        return False
    met = all([beside_sieve(), beside_itself(), changed(), weighed(), beside_parser(), agreed()])
    return await reloaded() and met


def beside_sieve() -> bool:
    """What the rules cost a mail, here and in Pigeonhole; and whether the same ones hold."""
    raws = _alike()
    mails = [corpus.read(raw, number) for number, raw in enumerate(raws)]
    met = True
    with pigeonhole.running(raws) as peer:
        if peer is None:
            print("  not measured: sieve-filter is not installed (Debian: dovecot-sieve)")
            return False
        bare = peer.compile([])
        for rules, goal in GOALS:
            trees = Rulebook(_others(), OWN).write(rules)
            scope, script = _scope(trees), peer.compile(trees)
            met &= _same_hits(trees, scope, mails, peer.hits(script))
            ratios, alone, ours, theirs = [], [], [], []
            for _ in range(ROUNDS):
                theirs.append((peer.seconds(script) - peer.seconds(bare)) / len(mails))
                ours.append(_cost(scope.matching, mails))
                ratios.append(theirs[-1] / ours[-1])
                alone.append(theirs[-1] / _cost_of_asking(scope, mails))
            beside = f"Pigeonhole, {_us(theirs)} us a mail; here {_us(ours)}, the folding of its fields included"
            met &= figure(f"rules.sieve.{rules}", round(statistics.median(ratios), 1), ">=", goal, beside)
            met &= figure(f"rules.sieve.{rules}.folded", round(statistics.median(alone), 1), ">=", goal, _FOLDED)
    return met


def beside_itself() -> bool:
    """100,000 rules beside 10,000 of the same book."""
    mails = _mails()
    few, many = (_scope(Rulebook(_others(), MOSTLY_OWN).write(rules)) for rules in (10_000, 100_000))
    ratios, costs = [], []
    for _ in range(ROUNDS):
        costs.append((_cost(few.matching, mails), _cost(many.matching, mails)))
        ratios.append(costs[-1][1] / costs[-1][0])
    held = [sum(len(scope.matching(View(mail, _ME))) for mail in mails) / len(mails) for scope in (few, many)]
    less, more = zip(*costs, strict=True)
    beside = f"10,000: {_us(less)} us and {held[0]:.0f} rules that hold; 100,000: {_us(more)} us and {held[1]:.0f}"
    return figure("rules.100000", round(statistics.median(ratios), 2), "<=", 5, beside)


def changed() -> bool:
    """One of 10,000 rules changes, often enough that the index is built anew; the loop is never kept for long."""
    mails = _mails()
    book = Rulebook(_others(), OWN)
    rules = [Rule(tree) for tree in book.write(10_000)]
    scope = Scope.of(rules)
    gc.collect()
    gc.freeze()
    taken, steps = [], []
    for number, tree in enumerate(book.write(MOST_CHANGED + 1)):
        new = [*rules]
        new[number * 150] = Rule(tree)
        begun = time.thread_time()
        scope = scope.become(new)
        taken.append(time.thread_time() - begun)
        rules = new
        mail = mails[number]
        seen = number * 150 in scope.matching(View(mail, _ME))
        assert seen == holds(tree, View(mail, _ME)), "the next mail does not see the change"
    assert scope.due
    asked = _cost(scope.matching, mails)
    building = scope.settle()
    while True:
        begun = time.thread_time()
        try:
            next(building)
        except StopIteration as end:
            scope = end.value
            break
        finally:
            steps.append(time.thread_time() - begun)
    settled = _cost(scope.matching, mails)
    print(f"  with {MOST_CHANGED + 1} changed rules {asked * 1e6:.0f} us a mail, settled {settled * 1e6:.0f}")
    beside = f"{sum(steps) * 1e3:.0f} ms for all of the index, in {len(steps)} steps"
    slowest = f"the slowest of {len(taken)} changes {max(taken) * 1e3:.2f}"
    met = figure("rules.change_ms", round(statistics.median(taken) * 1e3, 3), "<", 1, slowest)
    met &= figure("rules.stall_ms", round(max(steps) * 1e3, 2), "<=", 5, beside)
    gc.unfreeze()
    return met


def weighed() -> bool:
    """Bytes a rule: what a process grows by from 10,000 rules to 50,000, the conditions themselves included."""
    sizes = (10_000, 50_000)
    grown = []
    for rules in sizes:
        command = [sys.executable, "-c", f"from benchmarks.rules import weigh; weigh({rules})"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        grown.append(tuple(map(int, done.stdout.split())))
    conditions, index = ((grown[1][part] - grown[0][part]) / (sizes[1] - sizes[0]) for part in (0, 1))
    beside = f"resident; {conditions:.0f} of it the conditions, {index:.0f} the index"
    return figure("rules.bytes", round(conditions + index), "<=", 1_500, beside)


def weigh(rules: int) -> None:
    """Print by how many bytes this process grew with so many conditions, and with their index."""
    book = Rulebook(_others(), OWN)
    Scope.of([Rule(tree) for tree in book.write(200)])
    gc.collect()
    before = _resident()
    trees = book.write(rules)
    gc.collect()
    written = _resident()
    scope = _scope(trees)
    gc.collect()
    print(written - before, _resident() - written)
    del scope


def beside_parser() -> bool:
    """1,000 rules of the administrator's beside reading the same mail."""
    raws = corpus.raw_mails()[:MAILS]
    mails = _mails()
    scope = _scope(Rulebook(_others(), OWN).write(1_000))
    ratios, costs = [], []
    for _ in range(ROUNDS):
        ours = _cost(scope.matching, mails)
        begun = time.process_time()
        for raw in raws:
            parse_mail(raw)
        costs.append((ours, (time.process_time() - begun) / len(raws)))
        ratios.append(costs[-1][0] / costs[-1][1])
    matched, parsed = zip(*costs, strict=True)
    beside = f"{_us(parsed)} us to parse a mail, {_us(matched)} to match it"
    return figure("rules.parse", round(statistics.median(ratios), 2), "<", 1, beside)


def agreed(pairs: int = 1_000_000) -> bool:
    """Rules and events by chance: every engine answers as the plain reading does, or this ends with an error."""
    seeds = range(-(-pairs // PAIRS))
    met: Counter[tuple[Operator, bool]] = sum(map(agree, seeds), Counter())
    hits, misses = (min(met[operator, answer] for operator in Operator) for answer in (True, False))
    ok = figure("rules.agree.pairs", len(seeds) * PAIRS, ">=", pairs, "the plain reading, each by three engines")
    ok &= figure("rules.agree.hits", hits, ">=", 1_000, "of the operator that was met least")
    return figure("rules.agree.misses", misses, ">=", 1_000, "of the operator that was met most") and ok


class _Ascii(View):
    """A mail as Sieve reads it: letters of ASCII have no case, all others have."""

    def texts(self, field: str) -> tuple[str, ...]:
        return tuple(filter(None, (_lower(text).strip() for text in self.raw(field))))


def _same_hits(
    trees: Sequence[Tree], scope: Scope, mails: Sequence[MailArrived], theirs: dict[str, set[int]]
) -> bool:
    """Whether nothing that holds in Sieve is lacking here, and what is more comes of Unicode's folding."""
    total, lacking, folded, other = 0, [], [], []
    plain = [_unfolded(tree) for tree in trees]
    for mail in mails:
        here, there = set(scope.matching(View(mail, _ME))), theirs[mail.message_id]
        total += len(here)
        lacking += [(mail.message_id, number) for number in there - here]
        for number in here - there:
            by_folding = not holds(plain[number], _Ascii(mail, _ME))
            (folded if by_folding else other).append((mail.message_id, number))
    for name, found in (("lacking", lacking), ("folded", folded), ("unexplained", other)):
        for ident, number in found[:20]:
            print(f"  {name}: rule {number} {trees[number]!r:.300} on {ident}")
    print(f"  {len(trees)} rules: {total} hits here, {len(folded)} of them by Unicode's folding")
    met = figure(f"rules.sieve.{len(trees)}.lacking", len(lacking), "==", 0, "hits of Pigeonhole's")
    return figure(f"rules.sieve.{len(trees)}.unexplained", len(other), "==", 0, "hits of ours alone") and met


def _unfolded(tree: Tree) -> Tree:
    match tree:
        case Predicate() if tree.operator not in (Operator.BETWEEN, Operator.MATCHES):
            return Predicate(tree.field, tree.operator, (_lower(tree.words),))
        case Predicate():
            return tree
        case Not(part):
            return Not(_unfolded(part))
        case All(parts):
            return All(tuple(map(_unfolded, parts)))
        case Any(parts):
            return Any(tuple(map(_unfolded, parts)))


def _lower(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


#: The mails are asked so many times in a round: once is over too soon to be timed.
_TURNS = 3


def _cost(ask: Callable[[View], Sequence[int]], mails: Sequence[MailArrived]) -> float:
    """Seconds a mail, from its fields as they were parsed to the rules that hold."""
    begun = time.process_time()
    for _ in range(_TURNS):
        for mail in mails:
            ask(View(mail, _ME))
    return (time.process_time() - begun) / len(mails) / _TURNS


def _cost_of_asking(scope: Scope, mails: Sequence[MailArrived]) -> float:
    """Seconds a mail, once its fields are folded."""
    views = [View(mail, _ME) for mail in mails]
    for view in views:
        scope.matching(view)
    begun = time.process_time()
    for _ in range(_TURNS):
        for view in views:
            scope.matching(view)
    return (time.process_time() - begun) / len(mails) / _TURNS


def _scope(trees: Sequence[Tree]) -> Scope:
    return Scope.of([Rule(tree) for tree in trees])


@cache
def _mails() -> tuple[MailArrived, ...]:
    return tuple(corpus.read(raw, number) for number, raw in enumerate(corpus.raw_mails()[:MAILS]))


@cache
def _others() -> tuple[MailArrived, ...]:
    return tuple(corpus.read(raw, number) for number, raw in enumerate(corpus.raw_mails()[2_000:5_000]))


def _alike() -> list[bytes]:
    """Mails of which both read the same: a From, one plain part that is kept whole, a Message-ID of its own.

    Without a From we ask Sender. Of a multipart we read the plain alternative and Pigeonhole reads all; of HTML each
    makes its own text.
    """
    found: dict[str, bytes] = {}
    for raw in corpus.raw_mails()[:2_000]:
        content = parse_mail(raw)
        kind = next((value for name, value in content.headers if name.lower() == "content-type"), "text/plain")
        named = any(name.lower() == "from" and value.strip() for name, value in content.headers)
        plain = named and kind.lower().startswith("text/plain") and not content.truncated
        if plain and re.fullmatch(r"<[\w.+-]+@[\w.-]+>", content.message_id):
            found.setdefault(content.message_id, raw)
    return [*found.values()][:MAILS]


def _us(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1e6:.0f}"


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
