"""A notification of several roads: its gates are asked once, and each road that is taken is paid by itself."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from engine.admission.admit import ONCE_GATES, ROAD_GATES, Verdict, admit, admit_digest, admit_road, ask, pay
from engine.admission.later import Collect
from engine.admission.standing import Standing
from engine.notification import Channel, Notification
from engine.quote import Closed, Quote
from engine.reason import Reason


class Ruled(NamedTuple):
    """One road and what was decided on it. A road that was not looked at is not ruled on."""

    channel: Channel
    verdict: Verdict
    quote: Quote | None = None
    """None: the road is closed."""

    @property
    def admitted(self) -> bool:
        """Whether a message goes by it."""
        return self.verdict.reason is Reason.ADMITTED


Answer = tuple[tuple[Ruled, ...], Standing]


def rule_out(told: Notification, reason: Reason) -> tuple[Ruled, ...]:
    """What is decided where no road is open."""
    return (Ruled(told.channel, Verdict(reason)),)


def sum_up(ruled: Sequence[Ruled]) -> Verdict:
    """What was decided on the notification: a yes where any road is taken, else the no of the first that was open."""
    yes = next((each.verdict for each in ruled if each.admitted), None)
    no = next((each.verdict for each in ruled if each.quote is not None), ruled[0].verdict)
    return yes or no


def rule_on_roads(told: Notification, quote: Quote, standing: Standing, *, digest: bool = False) -> Answer:
    """Rule on the roads of `told`; `quote` is that of the first that can be taken. The standing is poorer by the
    price of each road that is taken, and the notification counts once. `digest`: for the message that tells one."""
    if told.together:
        return _rule_on_all(told, quote, standing, digest=digest)
    return _rule_in_order(told, quote, standing, digest=digest)


def rule_on(told: Notification, road: Quote | Closed, standing: Standing) -> tuple[Ruled, Standing]:
    """Rule on one more road of a notification that passed its gates before."""
    if isinstance(road, Closed):
        return Ruled(road.channel, Verdict(road.reason)), standing
    verdict, after = admit_road(told, road, standing)
    return Ruled(road.channel, verdict, road), after


def _rule_in_order(told: Notification, quote: Quote, standing: Standing, *, digest: bool) -> Answer:
    """The first road; only where nothing can pay for it, the one after it, unless the rule says otherwise."""
    verdict, after = (admit_digest if digest else admit)(told, quote, standing)
    first = Ruled(quote.channel, verdict, quote)
    if told.fallback is None or verdict.reason not in (Reason.ADMITTED, Reason.NO_CREDIT):
        return (first,), after
    place = _places(told)
    passed = [
        each for each in quote.beside if isinstance(each, Closed) and place[each.channel] < place[quote.channel]
    ]
    ruled = [*(Ruled(each.channel, Verdict(each.reason)) for each in passed), first]
    if first.admitted or "no_credit" not in told.fallback.on:
        return tuple(ruled), after
    for road in quote.beside:
        if road in passed:
            continue
        found, after = rule_on(told, road, after)
        if found.verdict.later is not None and not digest:
            return (found,), standing  # all of it is looked at again at that hour
        ruled.append(found._replace(verdict=_at_once(found.verdict)))
        if found.admitted:
            return tuple(ruled), after if digest else after.counted(told)
    return tuple(ruled), after


def _rule_on_all(told: Notification, quote: Quote, standing: Standing, *, digest: bool) -> Answer:
    """Every road that is open. Where none is, the notification waits if one of them may be taken later."""
    place = _places(told)
    roads = sorted((quote, *quote.beside), key=lambda each: place[each.channel])
    said = {
        road.channel: Verdict(road.reason) if isinstance(road, Closed) else ask(ROAD_GATES, told, road, standing)
        for road in roads
    }
    opened = [road for road in roads if isinstance(road, Quote) and said[road.channel] is None]
    later = next((Ruled(each, no, quote) for each, no in said.items() if no is not None and no.later), None)
    if not opened and later is not None and not digest:
        return (later,), standing
    no = ask(ONCE_GATES, told, opened[0], standing) if opened and not digest else None
    if no is not None:
        after = standing.remembering(told, alone=False) if isinstance(no.later, Collect) else standing
        return (Ruled(opened[0].channel, no, opened[0]),), after
    ruled: list[Ruled] = []
    after = standing
    for road in roads:
        verdict = said[road.channel]
        if isinstance(road, Quote) and verdict is None:
            verdict, after = pay(road, after)
        assert verdict is not None
        # what is not to be sent now is not sent later either: the others have told it by then
        ruled.append(Ruled(road.channel, _at_once(verdict), road if isinstance(road, Quote) else None))
    counts = not digest and any(each.admitted for each in ruled)
    return tuple(ruled), after.counted(told) if counts else after


def _at_once(verdict: Verdict) -> Verdict:
    """A road that would have to wait is not taken."""
    return replace(verdict, later=None)


def _places(told: Notification) -> dict[Channel, int]:
    return {road.channel: number for number, road in enumerate(told.roads)}
