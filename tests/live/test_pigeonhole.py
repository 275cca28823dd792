"""Imported Sieve against Debian's Pigeonhole: on every mail the rules tell what the script tells."""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.importers.converting import NO_TEXT, Imported, convert, files
from tests.importers.mails import Letter, letters
from tests.servers import require

pytestmark = pytest.mark.live

_CONFIGURATION = """
base_dir = {folder}/run
log_path = /dev/stderr
mail_location = maildir:{folder}/Maildir
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
ssl = no
plugin {{
  sieve_max_actions = 0
  sieve_max_redirects = 100
  sieve_extensions = +regex +spamtest +notify +imapflags
}}
"""
#: Debian's `nobody` and `nogroup`: Dovecot reads no mail as root.
_NOBODY = 65534


class Pigeonhole:
    """A Maildir that scripts are held against."""

    def __init__(self, folder: Path, mails: list[Letter]) -> None:
        self._folder = folder
        uid, gid = (_NOBODY, _NOBODY) if os.getuid() == 0 else (os.getuid(), os.getgid())
        (folder / "dovecot.conf").write_text(_CONFIGURATION.format(folder=folder, uid=uid, gid=gid))
        for name in ("cur", "new", "tmp"):
            (folder / "Maildir" / name).mkdir(parents=True)
        for number, mail in enumerate(mails):
            (folder / "Maildir/cur" / f"{1_000_000 + number}.test:2,").write_bytes(mail.raw)
        if os.getuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, uid, gid)

    def told(self, script: str) -> dict[str, set[str]]:
        """By Message-ID, the texts of the notifications that the script sends."""
        found = {}
        for told in self._run("sieve-filter", self._write(script), "INBOX").split(">> Filtering message:")[1:]:
            ident = re.search(r"^  ID: +(\S+)$", told, re.MULTILINE)
            assert ident is not None, told
            found[ident[1]] = _texts(told)
        return found

    def told_at_delivery(self, script: str, mails: Sequence[Letter]) -> dict[str, set[str]]:
        """As `told`, each mail with the envelope that its Return-Path names."""
        path, mail_path = self._write(script), self._folder / "mail.eml"
        found = {}
        for mail in mails:
            mail_path.write_bytes(mail.raw)
            sender = re.search(rb"^Return-Path: <(.*)>", mail.raw, re.MULTILINE)
            envelope = ["-f", sender[1].decode()] if sender else []
            found[mail.ident] = _texts(self._run("sieve-test", *envelope, path, str(mail_path)))
        return found

    def _write(self, script: str) -> str:
        path = self._folder / "script.sieve"
        path.write_text(script, encoding="utf-8")
        # the compiled form of the last script is no older than this one within the same second
        path.with_suffix(".svbin").unlink(missing_ok=True)
        return str(path)

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [program, "-c", str(self._folder / "dovecot.conf"), *arguments],
            env={**os.environ, "HOME": str(self._folder), "TZ": "UTC"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


def _texts(told: str) -> set[str]:
    """What the printed actions tell."""
    texts = re.findall(r"^    => (?:subject|message) +: (.*)$", told, re.MULTILINE)
    other = [NO_TEXT] if re.search(r"redirect message to|add IMAP flags:.*\\flagged", told) else []
    return {*texts, *other}


@pytest.fixture(scope="module")
def mails() -> list[Letter]:
    return letters()


@pytest.fixture(scope="module")
def pigeonhole(mails: list[Letter]) -> Iterator[Pigeonhole]:
    require("sieve-filter", "sieve-test")
    with TemporaryDirectory(prefix="tocsin-sieve-") as folder:
        Path(folder).chmod(0o755)
        yield Pigeonhole(Path(folder), mails)


def _for_pigeonhole(script: str) -> str:
    """Without what only other servers know, and each notification to somebody else: it sends nobody two of them."""
    numbers = count()
    script = re.sub(
        r'"(?:mailto:|tel:|\$\{gateway)[^"]*"', lambda _: f'"mailto:n{next(numbers)}@phone.example"', script
    )
    script = re.sub(r":options [^:]*:", lambda _: f':options "n{next(numbers)}@phone.example" :', script)
    script = script.replace("i;unicode-casemap", "i;ascii-casemap").replace(':method "sms"', ':method "mailto"')
    script = re.sub(r'"(?:mboxmetadata|servermetadata)", ', "", script)
    return re.sub(r"jmapquery text:\n.*?\n\.\n", "false\n", script, flags=re.DOTALL)


@pytest.mark.parametrize("path", files("sieve"), ids=lambda path: path.stem)
def test_the_rules_of_a_script_tell_what_the_script_tells(
    path: Path, pigeonhole: Pigeonhole, mails: list[Letter]
) -> None:
    imported = Imported(convert("sieve", path.read_bytes()))
    script = _for_pigeonhole(path.read_text())
    before = datetime.now(UTC)
    if "envelope :" in script:
        mails = [mail for mail in (*mails[::5], mails[-1]) if b"Return-Path: <>" not in mail.raw]
        expected = pigeonhole.told_at_delivery(script, mails)
    else:
        expected = pigeonhole.told(script)
    after = datetime.now(UTC)
    assert len(expected) == len(mails)
    known = {text for text in imported.texts.values() if text}
    hits = set()
    for mail in mails:
        wanted = expected[mail.ident] & known
        hits |= wanted
        found = [{imported.texts[each] for each in imported.told(mail.event(at), at)} for at in (before, after)]
        # the hour may change while Pigeonhole runs
        assert wanted in found, (mail.raw[:600].decode(), wanted, found)
    assert known - hits <= _SILENT, "no mail was found by these"


#: What depends on the clock, and on the empty envelope that sieve-test does not take.
_SILENT = {"ox desk", "admin bounce"}
