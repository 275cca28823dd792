"""`tocsin backtest`: what the rules would have sent over past mail, rule by rule, with its price."""

from datetime import datetime
from pathlib import Path

import click

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command("backtest")
@click.option("--mbox", metavar="FILE", type=_FILE, help="The mails of an mbox file.")
@click.option("--maildir", metavar="DIR", type=_FOLDER, help="The mails of a Maildir.")
@click.option("--imap", metavar="MAILBOX", help="Those of a mailbox in the configuration: its user, or user@host.")
@click.option("--account", metavar="NAME", help="Whose mail a file holds. Needed where there are several accounts.")
@click.option("--since", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="Only mail from this day on (UTC).")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(
    config: Path,
    mbox: Path | None,
    maildir: Path | None,
    imap: str | None,
    account: str | None,
    since: datetime | None,
    as_json: bool,
) -> None:
    """Let past mail meet the rules, with their limits, by the mails' own clock.

    Nothing is sent or written. A mailbox is opened for reading only, and no mail in it is marked as read.
    """
    import json

    from engine.cli.backtesting import backtest, season_lines, season_record

    if sum(each is not None for each in (mbox, maildir, imap)) != 1:
        raise click.UsageError("name the mail: one of --mbox, --maildir, --imap")
    season, company = backtest(
        config, mbox=mbox, maildir=maildir, imap=imap, whose=account, since=since.date() if since else None
    )
    for line in [json.dumps(season_record(season, company))] if as_json else season_lines(season, company):
        click.echo(line)
