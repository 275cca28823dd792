"""A group of commands that imports each when it is used, and ends in a word instead of a traceback."""

import errno
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from engine.errors import TocsinError

#: Exit codes, as docs/cli.md tells them: 0 fine, 2 wrong usage (click's own).
FAILED = 1
UNREACHABLE = 3
#: Refused by policy: no credit, no consent, a cap.
REFUSED = 4
DEFECT = 70
INTERRUPTED = 130
BROKEN_PIPE = 141

_DEBUG = "TOCSIN_DEBUG"


class LazyGroup(click.Group):
    """`commands_at` says for each name where its command is (module:attribute) and what it does."""

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table: the way of a first user."""
        return list(self.commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if cmd_name not in self.commands_at:
            return None
        module, _, attribute = self.commands_at[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name; for an unknown one, what was meant."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands_at:
            from engine.document import suggest  # pydantic behind it takes 300 ms: not for every command

            near = suggest(name, self.commands_at)
            ctx.fail(f"there is no command '{name}'" + (f"; {near}" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in self.commands_at.items()])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = "tocsin",
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process with its code. A command may return its code or exit with it."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal that is not UTF-8 shows ? for what it lacks
        code = self._run(args, prog_name, complete_var, extra)
        _exit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that went away (``| head``) is no defect."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(BROKEN_PIPE) from None

    def _run(self, args: Sequence[str] | None, name: str | None, complete: str | None, extra: dict[str, Any]) -> int:
        try:
            _refuse_what_is_no_text(sys.argv[1:] if args is None else args)
            code = super().main(args, name, complete, standalone_mode=False, **extra)
            return code if isinstance(code, int) else 0
        except SystemExit as end:
            if isinstance(end.code, str):
                click.echo(end.code, err=True)
                return FAILED
            return end.code or 0
        except TocsinError as error:
            click.echo(str(error), err=True)
            return UNREACHABLE if error.unreachable else FAILED
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except OSError as error:
            if error.errno != errno.ENOSPC:
                _report_defect(error)
                return DEFECT
            return _report_full(error)
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except Exception as error:
            _report_defect(error)
            return DEFECT


def _refuse_what_is_no_text(args: Sequence[str]) -> None:
    """Bytes that are no text in this locale may name a file; anything else would be sent or kept as garbage."""
    for each in args:
        try:
            each.encode()
        except UnicodeEncodeError:
            if not os.path.lexists(each):
                raise click.UsageError(f"this is no text in UTF-8: {each!r}; is LANG set?") from None


def _report_full(error: OSError) -> int:
    click.echo(f"{error.filename or 'the output'}: there is no room left to write to", err=True)
    return FAILED


def _report_defect(error: Exception) -> None:
    if os.environ.get(_DEBUG):
        traceback.print_exception(error)
    said = next(iter(str(error).splitlines()), "")[:200]
    line = f"this is a defect in Tocsin: {type(error).__name__}: {said}".rstrip(": ")
    click.echo(line if os.environ.get(_DEBUG) else f"{line} ({_DEBUG}=1 shows where)", err=True)


def _exit(code: int) -> NoReturn:
    try:
        sys.stdout.flush()
    except OSError as error:
        # else the interpreter would complain when it closes what nobody reads
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or (BROKEN_PIPE if isinstance(error, BrokenPipeError) else _report_full(error))
    sys.exit(code)
