"""`tocsin explain`: every step of one mail or one reminder, each with its reason; or of a mail in a file."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import click


@click.command("explain")
@click.argument("any_id", metavar="[ID | MAIL]", required=False)
@click.option("--most", default=20, show_default=True, help="Without an ID: how many of the newest mails to list.")
@click.option("--account", metavar="NAME", help="Of a mail in a file: whose it is. Needed where there are several.")
@click.option("--folder-time", is_flag=True, help="Of a mail in a file: it arrived when the file was written.")
@click.option("--at", "moment", metavar="MOMENT", help="Of a mail in a file: when it arrived, as 2026-11-22 23:30.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(
    config: Path,
    any_id: str | None,
    most: int,
    account: str | None,
    folder_time: bool,
    moment: str | None,
    as_json: bool,
) -> None:
    """Say what became of a mail or a reminder and why: by the ID of the event, the notification or the message.

    Without an ID: the newest, a line each, with their IDs. With MAIL, the file of a mail (or - for what stands
    on the input): what the rules would make of it. Then nothing is sent, asked or written.
    """
    if any_id is not None and (any_id == "-" or Path(any_id).is_file()):
        from engine.cli.foretelling import foretell

        for line in foretell(config, any_id, account, moment, folder_time=folder_time, as_json=as_json):
            click.echo(line)
        return
    from engine.cli.coming import record_reminder
    from engine.cli.opened import opened
    from engine.cli.telling import (
        list_newest,
        record_notification,
        tell_digest,
        tell_lines,
        tell_record,
        tell_reminder,
        tell_test,
    )
    from engine.errors import TocsinError
    from engine.store import decisions, invitations, reminders, story, trial

    wanted: UUID | None = None
    if any_id is not None:
        try:
            wanted = UUID(any_id)
        except ValueError:
            words = "an ID looks like 1b4e28ba-2fa1-5d23-883f-0016d3cca427, and there is no file of this name"
            raise click.BadParameter(words) from None
    with opened(config) as (store, settings):
        zones = {each.account.id: each.account.zone for each in settings.accounts}
        if wanted is None and as_json:
            newest = store.read(lambda connection: decisions.latest(connection, most))
            click.echo(json.dumps([_line(each) for each in newest], default=str))
            return
        if wanted is None:
            for line in store.read(lambda connection: list(list_newest(connection, zones, most))):
                click.echo(line)
            return
        found = store.read(lambda connection: story.tell(connection, wanted))
        reply = store.read(lambda connection: invitations.by_event(connection, wanted)) if found else None
        test = store.read(lambda connection: trial.tell(connection, wanted)) if found is None else None
        digest = store.read(lambda connection: story.digest(connection, wanted)) if found is None else None
        reminder = store.read(lambda connection: reminders.by_event(connection, wanted)) if found is None else None
    if test is not None:
        for line in [json.dumps(record_notification(test), default=str)] if as_json else tell_test(test):
            click.echo(line)
        return
    if digest is not None:
        told, many = digest
        lines = [json.dumps(record_notification(told) | {"tells": many}, default=str)]
        for line in lines if as_json else tell_digest(told, many):
            click.echo(line)
        return
    if reminder is not None:
        told_so = tell_reminder(reminder, zones.get(reminder.account, "UTC"))
        click.echo(json.dumps({"reminder": record_reminder(reminder)}) if as_json else told_so)
        return
    if found is None:
        raise TocsinError(
            f"nothing is known of {any_id}",
            remedy="`tocsin explain` lists the newest; what was decided is kept for 7 days",
        )
    if as_json:
        click.echo(json.dumps(tell_record(found) | _answered(reply), default=str))
        return
    for line in tell_lines(found, zones.get(found.decision.account, "UTC")):
        click.echo(line)
    if reply is not None and reply.reason is not None:
        click.echo(f"the answer to {reply.title!r} (number {reply.code}): {reply.reason.sentence}")


def _answered(reply: Any) -> dict[str, Any]:
    """What became of an answer to an invitation, for programs."""
    return {"answered": {"number": reply.code, "reason": reply.reason}} if reply is not None else {}


def _line(found: Any) -> dict[str, Any]:
    """One of the newest, for programs: enough to ask for it by its id."""
    event, decision = found
    return {
        "event": decision.event_id,
        "account": decision.account,
        "decided_at": decision.decided_at.isoformat(),
        "reason": decision.reason.value,
        "subject": getattr(event, "subject", getattr(event, "title", "")),
    }
