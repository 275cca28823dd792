"""`tocsin db`: the shape of the store."""

import json
from pathlib import Path

import click


@click.group("db")
def command() -> None:
    """Look after the store."""


@command.command("migrate")
@click.pass_obj
def migrate(config: Path) -> None:
    """Bring the store to the shape this version needs. Stop every `tocsin run` first and make a copy."""
    from engine import settings
    from engine.settings.data import make_data_folder
    from engine.store import revision
    from engine.store.database import Database, shown

    wanted = settings.require(config)
    make_data_folder(wanted.data)
    store = Database(wanted.store)
    try:
        click.echo(f"{shown(wanted.store)}: at revision {revision.migrate(store)}")
    finally:
        store.close()


@command.command("prove")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def prove(config: Path, as_json: bool) -> int:
    """Prove the ledger: every balance against its transfers. Exit 1 when anything differs."""
    from engine.cli.opened import opened
    from engine.store import ledger

    with opened(config) as (store, _):
        found = store.read(ledger.differences)
    if as_json:
        click.echo(json.dumps({"differences": found}))
    else:
        for line in found:
            click.echo(line)
        click.echo(f"{len(found)} differences")
    return 1 if found else 0
