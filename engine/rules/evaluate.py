"""An event and the rules in force -> what they say of it. Pure, so that a redelivery decides the same."""

from collections.abc import Iterator
from datetime import datetime

from engine.account import Account
from engine.decision import Decision, Evidence, RuleAnswer
from engine.event import AgendaDue, Event, Incident, MailArrived, MessageReceived, OccasionDue, Subject
from engine.notification import Notification
from engine.reason import Reason
from engine.rules.agenda import notify as tell_agenda
from engine.rules.incident import notify, wanted
from engine.rules.reply import forward
from engine.rules.ruleset import GLOBAL, ReadyRule, Ruleset
from engine.rules.tell import Match, Told, tell
from engine.rules.when.automatic import Kind, kinds
from engine.rules.when.compile import ABOUT
from engine.rules.when.match import explain
from engine.rules.when.view import View
from engine.rules.wish import Wish, read_wish
from engine.rules.zone import find_zone


def evaluate(event: Event, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    """What the rules of `account` say of `event`; `now` is when the decision is made.

    The global rules are asked first, then the account's own. A rule that matches and says `stop` ends its scope,
    one that says `final` ends both. Of an appointment, only the rule that reminds of it tells anybody.
    """
    if isinstance(event, Incident):
        return _decide_incident(event, account, ruleset, now)
    if isinstance(event, MailArrived) and event.late == "drop":
        return _decide(event, account, ruleset, now, Reason.TOO_LATE)
    if isinstance(event, AgendaDue):
        return _decide_agenda(event, account, ruleset, now)
    if isinstance(event, MessageReceived):
        return _decide_message(event, account, ruleset, now)
    if isinstance(event, OccasionDue) and event.rule:
        asked = [*_remind(event, account, ruleset, now)]
    else:
        asked = [*_ask(event, account, ruleset, now)]
    answers, notifications, reason = _sum_up(asked)
    return _decide(event, account, ruleset, now, reason, answers, notifications)


def _decide_message(event: MessageReceived, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    """What the rules say, and what the text asks for by itself; its owner gets it in any case."""
    answers, notifications, reason = _sum_up([*_ask(event, account, ruleset, now)])
    wish = read_wish(event.text, account)
    handed_on = forward(event, wish, account, ruleset.book(account.id), ruleset.version, now)
    if wish in _BY_WISH:
        reason = _BY_WISH[wish]
    elif handed_on is not None and reason is Reason.NO_RULE_MATCHED:
        reason = Reason.REPLY_FORWARDED
    if handed_on is not None:
        notifications = (*notifications, handed_on)
    return _decide(event, account, ruleset, now, reason, answers, notifications)


_BY_WISH = {Wish.STOP: Reason.WROTE_STOP, Wish.START: Reason.WROTE_START}


def _sum_up(
    asked: list[tuple[RuleAnswer, Told]],
) -> tuple[tuple[RuleAnswer, ...], tuple[Notification, ...], Reason]:
    answers = tuple(answer for answer, _ in asked)
    notifications = tuple(each for _, told in asked for each in told.notifications)
    return answers, notifications, _reason(answers, notifications, [told for _, told in asked])


def _reason(answers: tuple[RuleAnswer, ...], notifications: tuple[Notification, ...], all_told: list[Told]) -> Reason:
    reasons = {answer.reason for answer in answers}
    if Reason.MATCHED in reasons:
        nobody = not notifications and any(told.unreached for told in all_told)
        return Reason.NO_NUMBER if nobody else Reason.MATCHED
    return Reason.AUTOMATIC if Reason.AUTOMATIC in reasons else Reason.NO_RULE_MATCHED


def _decide_incident(event: Incident, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    if not wanted(event, account):
        return _decide(event, account, ruleset, now, Reason.NOT_WANTED)
    if not account.numbers:
        return _decide(event, account, ruleset, now, Reason.NO_NUMBER)
    told = notify(event, account, ruleset.version, find_zone(account.zone), now)
    return _decide(event, account, ruleset, now, Reason.MATCHED, (), (told,))


def _decide_agenda(event: AgendaDue, account: Account, ruleset: Ruleset, now: datetime) -> Decision:
    wanted = next((each for each in account.agendas if each.name == event.name), None)
    if wanted is None:
        return _decide(event, account, ruleset, now, Reason.NOT_WANTED)
    if not event.items and wanted.empty == "skip":
        return _decide(event, account, ruleset, now, Reason.NOTHING_PLANNED)
    told = tell_agenda(event, wanted, account, ruleset.version, now)
    reason = Reason.MATCHED if told else Reason.NO_NUMBER
    return _decide(event, account, ruleset, now, reason, (), (told,) if told else ())


def _remind(
    event: OccasionDue, account: Account, ruleset: Ruleset, now: datetime
) -> Iterator[tuple[RuleAnswer, Told]]:
    """The answer of the rule whose reminder it is, and before it of those that keep it from being asked."""
    view = View(event, account, ruleset.book(account.id))
    scope = event.rule.partition("/")[0]
    silent: Reason | None = None
    for rule in ruleset.of(account.id):
        if rule.path == event.rule:
            answer = rule.unasked(silent) if silent else _answer_again(rule, view, event)
            told = Told()
            if answer.reason is Reason.MATCHED:
                told = tell(Match(event, view, account, rule), ruleset.version, now)
            yield _with_unreached(answer, told), told
            return
        if silent is None and not event.change and (rule.final or (rule.stop and rule.scope == scope)):
            answer = _answer(rule, view, frozenset())
            if answer.reason is Reason.MATCHED:
                silent = Reason.FINAL if rule.final else Reason.STOPPED
                yield answer, Told()


def _answer_again(rule: ReadyRule, view: View, event: OccasionDue) -> RuleAnswer:
    """Who was told of an appointment hears of its change, also when it no longer meets the conditions."""
    if not event.change:
        return _answer(rule, view, frozenset())
    wants = rule.on_change == "notify"
    evidence = Evidence(f"on_change: {rule.on_change}", event.change, wants, rule.place)
    reason = Reason.MATCHED if wants else Reason.NO_RULE_MATCHED
    return RuleAnswer(rule.scope, rule.id, rule.name, rule.place, reason, (evidence,))


def _ask(event: Subject, account: Account, ruleset: Ruleset, now: datetime) -> Iterator[tuple[RuleAnswer, Told]]:
    """Each rule's answer in order, with what it tells. Of a large scope all whose conditions fail have one answer."""
    view = View(event, account, ruleset.book(account.id))
    by_machine = kinds(event) if isinstance(event, MailArrived) else frozenset[Kind]()
    silent: Reason | None = None
    for scope in (GLOBAL, account.id):
        if silent is Reason.STOPPED:
            silent = None
        rules = ruleset.worth_asking(scope, view)
        for rule in rules:
            if silent is not None:
                yield rule.unasked(silent), Told()
                continue
            answer = _answer(rule, view, by_machine)
            if answer.reason is not Reason.MATCHED:
                yield answer, Told()
                continue
            told = tell(Match(event, view, account, rule), ruleset.version, now)
            yield _with_unreached(answer, told), told
            silent = Reason.FINAL if rule.final else Reason.STOPPED if rule.stop else None
        others = len(ruleset.scopes.get(scope, ())) - len(rules)
        if others:
            yield RuleAnswer(scope, "", f"{others:,} other rules", "", Reason.NO_RULE_MATCHED), Told()


def _answer(rule: ReadyRule, view: View, by_machine: frozenset[Kind]) -> RuleAnswer:
    """A rule that tells nobody (`stop`, `final`) needs no protection from machines."""
    evidence: list[Evidence] = []
    kind = ABOUT[view.event.kind]
    if rule.about != kind:
        reason = Reason.NO_RULE_MATCHED
        evidence.append(Evidence(f"about: {rule.about}", kind, False, rule.place))
    elif not explain(rule.when, view, evidence):
        reason = Reason.NO_RULE_MATCHED
    elif rule.actions and (refused := by_machine - rule.accept):
        reason = Reason.AUTOMATIC
        words = f"accept {', '.join(sorted(rule.accept)) or 'nothing'}"
        evidence.append(Evidence(words, ", ".join(sorted(refused)), False, rule.place))
    else:
        reason = Reason.MATCHED
    return RuleAnswer(rule.scope, rule.id, rule.name, rule.place, reason, tuple(evidence))


def _with_unreached(answer: RuleAnswer, told: Told) -> RuleAnswer:
    """Whom no road reaches stands in the answer: nobody is left out in silence."""
    lost = tuple(Evidence(f"to {name}", "no number or address for these channels", False) for name in told.unreached)
    lost += tuple(
        Evidence(f"to {name}", "has sent this text; no text answers itself", False) for name in told.senders
    )
    return answer._replace(evidence=answer.evidence + lost) if lost else answer


def _decide(
    event: Event,
    account: Account,
    ruleset: Ruleset,
    now: datetime,
    reason: Reason,
    answers: tuple[RuleAnswer, ...] = (),
    notifications: tuple[Notification, ...] = (),
) -> Decision:
    return Decision(
        event_id=event.id,
        account=account.id,
        decided_at=now,
        rules_version=ruleset.version,
        reason=reason,
        answers=answers,
        notifications=notifications,
    )
