"""The routes of `inbound:`, held against the accounts and against one another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.document import Document, Path, Problem, suggest
from engine.heard import Route
from engine.settings.engine_file import WrittenRoute


@dataclass
class Routes:
    """The routes read, and what is wrong with them."""

    found: list[Route] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def read(
        self, written: Sequence[WrittenRoute], document: Document, accounts: Sequence[str], region: str | None
    ) -> None:
        """Two that take the same text are a mistake: which is meant nobody knows."""
        first: dict[tuple[str, str], Path] = {}
        for index, each in enumerate(written):
            at: Path = ("inbound", index)
            route = each.noun(region)
            self.found.append(route)
            if route.account not in accounts:
                message = f"there is no account '{route.account}'"
                hint = f"accounts there: {', '.join(sorted(accounts)) or 'none'}"
                label = suggest(route.account, accounts)
                self.problems.append(
                    document.problem((*at, "account"), message, code="unknown-account", label=label, hint=hint)
                )
            before = first.setdefault((route.number, route.keyword), at)
            if before != at:
                message = "a second route for the same number and keyword"
                related = (document.related(before, "the first one"),)
                self.problems.append(document.problem(at, message, code="duplicate-route", related=related))
