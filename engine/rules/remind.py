"""Which reminders an appointment gets from which rules, and what a change of it means for those that it had."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from engine.account import Account
from engine.event import OccasionDue
from engine.occasion import Occasion
from engine.reason import Reason
from engine.reminder import CHANGE, Change, Reminder, State
from engine.rules.ruleset import GLOBAL, ReadyRule, Ruleset
from engine.rules.when.match import holds
from engine.rules.when.view import View
from engine.rules.zone import find_zone, in_zone

#: An instance that went further than this is no instance that was moved: it is gone, and another one is new.
_FAR = timedelta(days=7)


class Wanted(NamedTuple):
    """One reminder that a rule asks for."""

    at: datetime
    grace: timedelta
    """The rule's `late.after`."""


Heard = Mapping[UUID, bool]
"""Events that have come to an end: whether somebody may have been told. What still waits is not in it."""
Plan = Mapping[tuple[str, str], Wanted]
"""By rule (`scope/id`) and label."""


def plan(occasion: Occasion, account: Account, ruleset: Ruleset) -> Plan:
    """The reminders of an appointment by the rules in force; none of a cancelled one.

    The rules are asked as for any event: in order, up to one that says `stop` or `final`.
    """
    if occasion.status == "cancelled":
        return {}
    zone = find_zone(account.zone)
    view = View(_about(occasion, account), account, ruleset.book(account.id))
    wanted: dict[tuple[str, str], Wanted] = {}
    for rule in _holding(view, account, ruleset):
        for offset in rule.remind if rule.actions else ():
            for label, at in offset.moments(occasion, zone):
                wanted.setdefault((rule.path, label), Wanted(at, rule.late.after))
    return wanted


def _holding(view: View, account: Account, ruleset: Ruleset) -> Iterable[ReadyRule]:
    for scope in (GLOBAL, account.id):
        for rule in ruleset.worth_asking(scope, view):
            if rule.about != "appointment" or not holds(rule.when, view):
                continue
            yield rule
            if rule.final:
                return
            if rule.stop:
                break


def _about(occasion: Occasion, account: Account) -> OccasionDue:
    """The appointment as conditions see it; when it is due is nothing that they ask for."""
    reminder = Reminder(account.id, occasion.feed, occasion.uid, occasion.starts_at, "", "", occasion.starts_at)
    return reminder.event(occasion, late=False)


@dataclass(frozen=True)
class Terms:
    """What holds for all appointments of an account at a moment."""

    account: Account
    now: datetime
    plan: Callable[[Occasion], Plan]
    tells: Callable[[str], bool]
    """Whether a rule (`scope/id`) wants changes told."""
    fresh: bool = False
    """The calendar, or the rules, are seen for the first time: what is past is not told."""

    @classmethod
    def of(cls, account: Account, ruleset: Ruleset, now: datetime, *, fresh: bool) -> "Terms":
        """By the rules in force."""
        told = {rule.path for rule in ruleset.of(account.id) if rule.on_change == "notify"}
        return cls(account, now, lambda each: plan(each, account, ruleset), told.__contains__, fresh)


@dataclass
class Outcome:
    """What becomes of the reminders of one appointment."""

    reminders: dict[UUID, Reminder] = field(default_factory=dict)
    """Those that are new or changed, by their keys."""
    withdrawn: dict[UUID, Reason] = field(default_factory=dict)
    """Events that must not be told any more."""


def revise(
    old: Sequence[Occasion],
    new: Sequence[Occasion],
    reminders: Iterable[Reminder],
    heard: Heard,
    terms: Terms,
) -> Outcome:
    """An appointment (all occasions of one UID) reads differently now. `reminders`: all that there are of it."""
    return _Revision(old, new, reminders, heard, terms).outcome()


def replan(occasions: Sequence[Occasion], reminders: Iterable[Reminder], heard: Heard, terms: Terms) -> Outcome:
    """The rules read differently now: the same appointments, other reminders."""
    return _Revision(occasions, occasions, reminders, heard, terms).outcome(same=True)


class _Revision:
    """One appointment on its way from the old to the new."""

    def __init__(
        self,
        old: Sequence[Occasion],
        new: Sequence[Occasion],
        reminders: Iterable[Reminder],
        heard: Heard,
        terms: Terms,
    ) -> None:
        self._old, self._new = _by_start(old), _by_start(new)
        self._heard = heard
        self._terms = terms
        self._had: defaultdict[datetime, dict[tuple[str, str], Reminder]] = defaultdict(dict)
        for each in reminders:
            self._had[each.starts_at][each.rule, each.label] = each
        self._outcome = Outcome()

    def outcome(self, *, same: bool = False) -> Outcome:
        """What becomes of it; `same`: nothing of the appointment has changed."""
        starts = sorted({*self._old, *self._new})
        changed = [at for at in starts if same or self._old.get(at) != self._new.get(at)]
        gone = {at: self._old[at] for at in changed if at not in self._new}
        went = _follow(gone, {at: self._new[at] for at in changed if at not in self._old}, self._terms.account)
        for at in changed:
            self._rearm(at, went, same=same)
        if not same:
            self._tell_changes(changed, went)
        return self._outcome

    def _rearm(self, at: datetime, went: Mapping[datetime, datetime], *, same: bool) -> None:
        """The reminders of one start become what the rules want of it now."""
        occasion = _alive(self._new.get(at, ()))
        wanted = dict(self._terms.plan(occasion)) if occasion else {}
        before = _alive(self._old.get(at, ()))
        reads = occasion is None or before is None or _told_of(occasion) == _told_of(before)
        for key, had in self._had.get(at, {}).items():
            if had.label == CHANGE:
                continue
            want = wanted.pop(key, None)
            if want is not None:
                self._keep(had, want, reads=reads)
            elif same:
                # As with a mail: what has matched is told, unless it is held and the rule is gone by then.
                if had.state is State.PENDING:
                    self._withdraw(had, Reason.RULE_WITHDRAWN)
            else:
                self._withdraw(had, self._why(at, went))
        for (rule, label), want in wanted.items():
            assert occasion is not None
            first = Reminder(self._terms.account.id, occasion.feed, occasion.uid, at, rule, label, want.at)
            self._put(self._placed(first, want))

    def _why(self, at: datetime, went: Mapping[datetime, datetime]) -> Reason:
        if at in self._new:
            alive = _alive(self._new[at]) is not None
            return Reason.APPOINTMENT_CHANGED if alive else Reason.APPOINTMENT_CANCELLED
        return Reason.APPOINTMENT_MOVED if at in went else Reason.APPOINTMENT_GONE

    def _keep(self, had: Reminder, want: Wanted, *, reads: bool) -> None:
        """A reminder that was wanted before, at least once."""
        now = self._terms.now
        out = had.out_id
        if had.active and not reads and out is not None and out not in self._heard:
            self._withdraw(had, Reason.APPOINTMENT_CHANGED)  # its text is not true any more
            self._put(self._latest(had).arm(max(want.at, now)))
        elif had.state is State.PENDING:
            self._put(replace(had, at=want.at))
        elif had.state is State.PASSED:
            if want.at > now:
                self._put(had.arm(want.at))
        elif had.state is State.WITHDRAWN:
            if out is None:
                self._put(self._placed(had, want))
            elif out in self._heard:
                self._put(replace(had, state=State.FIRED, reason=None))
            else:
                self._put(had.arm(max(want.at, now)))

    def _placed(self, reminder: Reminder, want: Wanted) -> Reminder:
        """Pending, or passed when its moment is over."""
        late = self._terms.now - want.at
        if late >= timedelta(0) and (self._terms.fresh or late > want.grace):
            return replace(reminder, state=State.PASSED, reason=Reason.REMINDER_PASSED, at=want.at)
        return reminder.arm(want.at)

    # ---- what of it is told

    def _tell_changes(self, changed: Sequence[datetime], went: Mapping[datetime, datetime]) -> None:
        """Whoever was told of a start that no longer stands may be told what stands now."""
        sources = {target: at for at, target in went.items() if _alive(self._new[target]) is not None}
        believed = {at: self._beliefs(at) for at in changed}
        for at in changed:
            occasion = _alive(self._new.get(at, ()))
            source = sources.get(at)
            beliefs = believed[at] if source is None else {**believed[at], **believed[source]}
            if at in sources.values():
                beliefs = {}  # told where it went
            for rule in {*beliefs, *(rule for rule, label in self._had.get(at, {}) if label == CHANGE)}:
                self._tell(at, rule, beliefs.get(rule, _NOTHING), occasion)

    def _tell(self, at: datetime, rule: str, belief: "_Belief", occasion: Occasion | None) -> None:
        """A rule's receivers believe something about an appointment of which `occasion` is the truth."""
        had = self._had.get(at, {}).get((rule, CHANGE))
        if had is not None and not self._is_told(had):
            self._withdraw(had, Reason.APPOINTMENT_CHANGED)
            had = self._latest(had)
        truth = None if occasion is None else at
        over = max(at, belief.start or at) <= self._terms.now
        if not belief.known or belief.start == truth or over or not self._terms.tells(rule):
            return
        of = occasion or self._new.get(at, self._old.get(at, ()))[-1]
        account, now = self._terms.account.id, self._terms.now
        new = Reminder(account, of.feed, of.uid, at, rule, CHANGE, now)
        if had is not None:
            new = replace(had, event_id=had.due_id).arm(now)  # another text, so another event
        change: Change = "cancelled" if occasion is None else "moved" if belief.start is not None else ""
        self._put(replace(new, change=change, was=belief.start, occasion=of))

    def _beliefs(self, at: datetime) -> dict[str, "_Belief"]:
        """By rule, what its receivers were last told about the appointment that stood at this start."""
        found = self._last_beliefs() if not self._old and len(self._new) == 1 else {}
        for (rule, label), had in sorted(self._had.get(at, {}).items(), key=lambda item: item[0][1] == CHANGE):
            if label != CHANGE:
                if self._is_told(had):
                    found[rule] = _Belief(True, at)
            elif had.active and self._is_told(had):
                found[rule] = _Belief(True, None if had.change == "cancelled" else at)
            elif had.active:
                found[rule] = _Belief(True, had.was)
        return found

    def _last_beliefs(self) -> dict[str, "_Belief"]:
        """What was last told of an appointment that was gone, wherever it stood, and is back."""
        notes = [each for those in self._had.values() for each in those.values() if each.label == CHANGE]
        found = {}
        for had in sorted((each for each in notes if each.active), key=lambda each: each.at):
            cancelled = had.change == "cancelled" if self._is_told(had) else had.was is None
            found[had.rule] = _Belief(True, None if cancelled else had.starts_at)
        return {rule: belief for rule, belief in found.items() if belief.start is None}

    # ---- writing it down

    def _is_told(self, had: Reminder) -> bool:
        return (out := had.out_id) is not None and self._heard.get(out, False)

    def _latest(self, had: Reminder) -> Reminder:
        """As it is by now."""
        return self._outcome.reminders.get(had.key, had)

    def _withdraw(self, had: Reminder, reason: Reason) -> None:
        if not had.active and (had.state is State.WITHDRAWN or had.out_id is None):
            return
        withdrawn = had.withdraw(reason)
        if withdrawn.event_id is not None:
            self._outcome.withdrawn[withdrawn.event_id] = reason
        self._put(withdrawn)

    def _put(self, reminder: Reminder) -> None:
        had = self._had.get(reminder.starts_at, {}).get((reminder.rule, reminder.label))
        if reminder != had:
            self._outcome.reminders[reminder.key] = reminder
        else:
            self._outcome.reminders.pop(reminder.key, None)


class _Belief(NamedTuple):
    """What the receivers of a rule take for true about an appointment."""

    known: bool
    start: datetime | None
    """None: that it is cancelled."""


_NOTHING = _Belief(False, None)


def _by_start(occasions: Iterable[Occasion]) -> dict[datetime, tuple[Occasion, ...]]:
    """Two instances of one series may start at one moment: whoever comes is reminded once."""
    found: defaultdict[datetime, list[Occasion]] = defaultdict(list)
    for each in sorted(occasions, key=lambda each: each.key):
        found[each.starts_at].append(each)
    return {at: tuple(those) for at, those in found.items()}


def _alive(occasions: Iterable[Occasion]) -> Occasion | None:
    return next((each for each in occasions if each.status != "cancelled"), None)


def _told_of(occasion: Occasion) -> tuple[object, ...]:
    """What a message may say of it besides its start."""
    return occasion.title, occasion.location, occasion.ends_at, occasion.all_day, occasion.organiser, occasion.status


def _follow(
    gone: Mapping[datetime, tuple[Occasion, ...]], new: Mapping[datetime, tuple[Occasion, ...]], account: Account
) -> dict[datetime, datetime]:
    """Of each start that is gone and was moved, where it went.

    A moved instance says in its RECURRENCE-ID where it was (RFC 5545 3.8.4.4). Of an appointment that is moved as a
    whole nothing says so: its starts are paired in order.
    """
    named = {_instance(each, account): at for at, those in new.items() for each in those if each.recurrence_id}
    went: dict[datetime, datetime] = {}
    for at, those in gone.items():
        target = next((named[name] for each in those if (name := _instance(each, account)) in named), None)
        if target is not None and target not in went.values():
            went[at] = target
    left = sorted(new.keys() - set(went.values()))
    lost = [at for at in sorted(gone) if at not in went]
    once = len(lost) == len(left) == 1 and not went
    went |= {at: target for at, target in zip(lost, left, strict=False) if once or abs(target - at) <= _FAR}
    return went


def _instance(occasion: Occasion, account: Account) -> str:
    """Which of a series it is, as RECURRENCE-ID names it."""
    if occasion.recurrence_id:
        return occasion.recurrence_id
    if occasion.all_day:
        return f"{in_zone(occasion.starts_at, find_zone(account.zone)):%Y%m%d}"
    return f"{occasion.starts_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
