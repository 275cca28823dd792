"""Rules made of filters tell of just the mails of which the filters told, by readings that share no code."""

from pathlib import Path

import pytest

from tests.importers import gmail_meaning, thunderbird_meaning
from tests.importers.converting import Imported, convert, files
from tests.importers.mails import Letter, letters

_STOPPING = ("Move to folder", "Delete", "Stop execution")


@pytest.fixture(scope="module")
def mails() -> list[tuple[Letter, gmail_meaning.Mail]]:
    return [(letter, gmail_meaning.Mail(letter.raw)) for letter in letters()]


Mails = list[tuple[Letter, gmail_meaning.Mail]]


@pytest.mark.parametrize("path", files("gmail"), ids=lambda path: path.stem)
def test_gmail_tells_the_same(path: Path, mails: Mails) -> None:
    converted = convert("gmail", path.read_bytes())
    imported = Imported(converted)
    text = path.read_text()
    starts = [number for number, line in enumerate(text.splitlines(), 1) if "<entry>" in line]
    entries = dict(zip(starts, gmail_meaning.filters(text), strict=True))
    converted_lines = set(imported.lines.values())
    trash = [said for line, said in entries.items() if line in converted_lines and "shouldTrash" in said]
    silent = {line for line in converted_lines if "shouldTrash" not in entries[line]}
    for letter, mail in mails:
        found = {imported.lines[each] for each in imported.told(letter.event())}
        thrown = [said for said in trash if gmail_meaning.matches(said, mail)]
        expected = {
            line
            for line in converted_lines
            if gmail_meaning.matches(entries[line], mail) and ("forwardTo" in entries[line] or not thrown)
        }
        assert found == expected, letter.raw[:600].decode()
        silent -= expected
    assert silent == set(), "no mail was found by these"


@pytest.mark.parametrize("path", files("thunderbird"), ids=lambda path: path.stem)
def test_thunderbird_tells_the_same(path: Path, mails: Mails) -> None:
    imported = Imported(convert("thunderbird", path.read_bytes()))
    filters = [each for each in thunderbird_meaning.filters(path.read_text()) if each.line in imported.lines.values()]
    silent = {each.name for each in filters if _tells(each)}
    for letter, mail in mails:
        expected = set()
        for each in filters:
            if each.said["enabled"] != "yes" or not thunderbird_meaning.matches(each.said["condition"], mail):
                continue
            if _tells(each):
                expected.add(each.line)
                silent.discard(each.name)
            if any(action in _STOPPING for action in each.actions):
                break
        found = {imported.lines[name] for name in imported.told(letter.event())}
        assert found == expected, letter.raw[:600].decode()
    # what is found by the second is deleted before
    assert silent <= {"Off", "After the spam"}


def _tells(each: thunderbird_meaning.Filter) -> bool:
    return not set(each.actions) <= {*_STOPPING, "Mark read", "Copy to folder", "JunkScore"}
