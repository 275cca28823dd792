"""Many events against many rules: the rules that hold are found by the fast engine, and only they are asked."""

from dataclasses import replace

from engine.account import Account
from engine.event import Event, Subject
from engine.rules.matching.scope import Scope
from engine.rules.ruleset import GLOBAL, Ruleset
from engine.rules.when.view import View


class Narrow:
    """A ruleset that hands out, for each event, the part of it whose conditions hold.

    A rule whose condition does not hold stops nothing and tells nobody, so that `evaluate` makes the same of the
    part as of the whole, without the evidence for each no: a tenth of the work with 500 rules.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._scopes: dict[str, Scope] = {}

    def of(self, event: Event, account: Account) -> Ruleset:
        """The rules that this event meets."""
        if not isinstance(event, Subject):
            return self._ruleset
        view = View(event, account, self._ruleset.book(account.id))
        held = {}
        for name in (GLOBAL, account.id):
            rules = self._ruleset.scopes.get(name, ())
            held[name] = tuple(rules[number] for number in self._scope(name).matching(view)) if rules else ()
        return replace(self._ruleset, scopes=held)

    def _scope(self, name: str) -> Scope:
        if name not in self._scopes:
            self._scopes[name] = Scope.of(self._ruleset.scopes[name])
        return self._scopes[name]
