"""The command line: `tocsin`. Each command is a module that is imported when it is used, and no sooner."""

from pathlib import Path

import click

from engine.cli.lazy import LazyGroup

#: name -> (module:attribute, what `tocsin --help` says of it)
COMMANDS = {
    "init": ("engine.cli.init:command", "Write a first configuration."),
    "check": ("engine.cli.check:command", "Check the configuration: all mistakes, with their places."),
    "test": ("engine.cli.test:command", "Run the tests that stand in the rule files."),
    "plan": ("engine.cli.plan:command", "Show what changed rules would do differently."),
    "backtest": ("engine.cli.backtest:command", "Show what the rules would have sent over past mail, and its price."),
    "import": ("engine.cli.importing:command", "Turn the filters of Gmail, Thunderbird or Sieve into rules."),
    "run": ("engine.cli.run:command", "Run the engine."),
    "demo": ("engine.cli.demo:command", "Show the whole thing on this machine; nothing else is needed."),
    "phone": ("engine.cli.phone:command", "Run the virtual phone that messages can be sent to."),
    "explain": ("engine.cli.explain:command", "Say why a mail did or did not lead to a message."),
    "appointments": (
        "engine.cli.appointments:command",
        "Show what is coming, and which reminders, when, or why not.",
    ),
    "balance": ("engine.cli.balance:command", "Show what an account has left."),
    "topup": ("engine.cli.topup:command", "Add credit to an account."),
    "dead": ("engine.cli.dead:command", "Look at what could not be handled, and replay it."),
    "send": ("engine.cli.send:command", "Send a test message and see what the provider says."),
    "verify": ("engine.cli.verify:command", "Prove that a number is yours, by a code that is sent to it."),
    "doctor": ("engine.cli.doctor:command", "Try everything that the engine needs, and say what to mend."),
    "db": ("engine.cli.db:command", "Look after the store."),
    "migrate": ("engine.cli.migrate:command", "Move to Kafka and PostgreSQL."),
    "schema": ("engine.cli.schema:command", "Write the JSON Schemas that editors complete from."),
}


@click.group(cls=LazyGroup, commands_at=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c",
    "--config",
    metavar="DIR",
    default="config",
    envvar="TOCSIN_CONFIG",
    show_default=True,
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="The configuration folder.",
)
@click.version_option(package_name="tocsin", message="tocsin %(version)s")
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Watch mailboxes, match people's rules, and tell them: once, within their credit, with the reason."""
    context.obj = config
