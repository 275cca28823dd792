"""The mailboxes that mail servers report to, each beside the provider that sends the mail."""

from collections.abc import Mapping
from pathlib import Path

from engine.channels import registry
from engine.channels.features import Reporting
from engine.document import Document, Problem, suggest
from engine.noun import Written
from engine.settings.files import place_files
from engine.sources.imap.mailbox import Mailbox


def place_bounces(
    written: Mapping[str, Mailbox], document: Document, providers: Mapping[str, Written], folder: Path
) -> tuple[dict[str, Mailbox], list[Problem]]:
    """The mailboxes with their paths made absolute, and those that no provider has a use for."""
    placed: dict[str, Mailbox] = {}
    problems: list[Problem] = []
    for name, mailbox in written.items():
        at = ("bounces", name)
        placed[name], wrong = place_files(mailbox, document, at, folder)
        problems += wrong
        if name not in providers:
            message = f"there is no provider '{name}' in engine.yaml"
            label, hint = suggest(name, providers), "write the name of one that sends mail"
            problems.append(document.problem(at, message, key=True, code="unknown-provider", label=label, hint=hint))
        elif registry.reports_of(providers[name]) is not Reporting.MAIL:
            message = f"no bounces come for the provider '{name}'"
            hint = "give it bounce_address and bounce_key_file, or leave this out"
            problems.append(document.problem(at, message, key=True, code="bounces", hint=hint))
    return placed, problems
