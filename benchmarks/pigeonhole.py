"""Dovecot's Pigeonhole with the same rules on the same mails: `sieve-filter` over a Maildir, in one process."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from engine.rules.when.predicate import All, Any, Not, Operator, Predicate, Tree

_CONF = """
base_dir = {folder}/run
log_path = /dev/stderr
mail_location = maildir:{folder}/home/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
ssl = no
plugin {{
  sieve_max_actions = 0
  sieve_max_script_size = 0
  sieve_extensions = +regex
}}
"""
_REQUIRE = 'require ["imap4flags", "body", "regex"];\n'
#: Debian's `nobody` and `nogroup`: Dovecot reads no mail as root.
_NOBODY = 65534
_HEADER = "header:"


class Pigeonhole:
    """A Maildir with mails, and the scripts that are held against it."""

    def __init__(self, folder: Path, mails: Sequence[bytes]) -> None:
        """The mails must each have a Message-ID of their own."""
        self._folder = folder
        self._conf = folder / "dovecot.conf"
        uid, gid = (_NOBODY, _NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())
        self._conf.write_text(_CONF.format(folder=folder, uid=uid, gid=gid))
        for name in ("cur", "new", "tmp"):
            (folder / "home/Maildir" / name).mkdir(parents=True)
        for number, mail in enumerate(mails):
            (folder / f"home/Maildir/cur/{1_000_000 + number}.bench:2,").write_bytes(mail)
        if os.getuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, gid)

    def compile(self, trees: Sequence[Tree]) -> Path:
        """A script that sets the flag r<n> where rule n holds."""
        script = self._folder / f"rules{len(trees)}.sieve"
        rules = "".join(f'if {_write(tree)} {{ addflag "r{number}"; }}\n' for number, tree in enumerate(trees))
        script.write_text(_REQUIRE + rules + "keep;\n", encoding="utf-8")
        subprocess.run(["sievec", "-c", self._conf, script], check=True, capture_output=True)
        script.with_suffix(".svbin").chmod(0o644)
        return script

    def hits(self, script: Path) -> dict[str, set[int]]:
        """By Message-ID, which rules hold."""
        found: dict[str, set[int]] = {}
        for told in self._filter(script, capture=True).split(">> Filtering message:")[1:]:
            ident = re.search(r"^  ID: +(\S+)$", told, re.MULTILINE)
            assert ident is not None, told
            flags = told.partition("add IMAP flags:")[2]
            found[ident[1]] = {int(number) for number in re.findall(r" r(\d+)\b", flags)}
        return found

    def seconds(self, script: Path) -> float:
        """Processor time for all the mails."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._filter(script, capture=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    def _filter(self, script: Path, *, capture: bool) -> str:
        done = subprocess.run(
            ["sieve-filter", "-c", self._conf, script, "INBOX"],
            env={**os.environ, "HOME": str(self._folder / "home")},
            stdout=subprocess.PIPE if capture else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=True,
        )
        return done.stdout.decode("utf-8", "replace") if capture else ""


@contextmanager
def running(mails: Sequence[bytes]) -> Iterator[Pigeonhole | None]:
    """A Pigeonhole with these mails; None where it is not installed."""
    if shutil.which("sieve-filter") is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        Path(folder).chmod(0o755)
        yield Pigeonhole(Path(folder), mails)


def _write(tree: Tree) -> str:
    """A condition in Sieve (RFC 5228, 5173; the draft for regex)."""
    match tree:
        case Predicate():
            return _test(tree)
        case Not(part):
            return f"not {_write(part)}"
        case All(parts):
            return f"allof ({', '.join(map(_write, parts))})"
        case Any(parts):
            return f"anyof ({', '.join(map(_write, parts))})"


def _test(test: Predicate) -> str:
    """A test as its author would write it in Sieve: `words` holds the value as it is written."""
    written = test.words
    match test.operator:
        case Operator.BETWEEN:
            low, high = test.values[0]  # type: ignore[misc]
            return f"size :over {low - 1}" if high is None else f"size :under {high + 1}"
        case Operator.ADDRESS if written.startswith("@"):
            domain = written.removeprefix("@")
            return f"address :domain :matches {_quote(test.field)} [{_quote(domain)}, {_quote('*.' + domain)}]"
        case Operator.ADDRESS:
            return f"address :is {_quote(test.field)} {_quote(written)}"
        case Operator.IS if test.field == "list_id":
            return f'header :contains "list-id" {_quote(f"<{written}>")}'
        case Operator.STARTS_WITH:
            match, written = ":matches", _literally(written) + "*"
        case Operator.ENDS_WITH:
            match, written = ":matches", "*" + _literally(written)
        case Operator.GLOB:
            match = ":matches"
        case Operator.MATCHES:
            match = ":regex"
        case other:
            match = f":{other.value}"
    if test.field == "body":
        return f"body :text {match} {_quote(written)}"
    return f"header {match} {_quote(test.field.removeprefix(_HEADER))} {_quote(written)}"


def _literally(text: str) -> str:
    return re.sub(r"([*?\\])", r"\\\1", text)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
