"""`tocsin plan`: what changed rules would do differently from those that run."""

from pathlib import Path

import click


@click.command("plan")
@click.argument("folder", metavar="[NEWFOLDER]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Path, folder: Path | None, as_json: bool) -> None:
    """Decide anew on the events of the last 7 days, by the rules in NEWFOLDER, and show what would be otherwise.

    NEWFOLDER is a whole configuration folder, changed; left out: that of --config, as it stands now. The store of
    --config is only read; nothing is sent, asked or written.
    """
    import json

    from engine.cli.planning import plan, plan_lines, plan_record

    made = plan(config, folder)
    for line in [json.dumps(plan_record(made), default=str)] if as_json else plan_lines(made):
        click.echo(line)
