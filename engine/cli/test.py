"""`tocsin test`: the tests that stand in the rule files, run without telling anybody."""

import json
from pathlib import Path

import click


@click.command("test")
@click.argument("path", metavar="[PATH]", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Path, path: Path | None, as_json: bool) -> int:
    """Run the `tests:` of all rule files, or of those in PATH (a configuration, a folder or a file of one).

    Nothing is sent, asked or written. Exit 1 when a test fails.
    """
    from engine.cli.proving import prove

    done = list(prove(config, path))
    failed = [each for each in done if each.misses]
    if as_json:
        click.echo(json.dumps([each.record() for each in done], ensure_ascii=False, indent=2))
        return 1 if failed else 0
    for each in done:
        click.echo(f"{'FAIL' if each.misses else 'ok  '}  {each.place}  {each.name}")
        for place, message in each.misses:
            click.echo(f"      {place}: {message}")
    click.echo(f"{len(done) - len(failed)} ok, {len(failed)} failed" if done else "no rule file has tests")
    return 1 if failed else 0
