"""A modem's folders: the contract of providers, the file for gammu-smsd; the daemon itself is in tests/live."""

import errno
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from engine.answer import Outcome, ProviderClass
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.gammu.driver import GammuProvider, GammuSettings
from engine.channels.providers.gammu.spool import ERROR, OUTBOX, SENT, Spool
from engine.net import Http
from engine.notification import Lane
from engine.reason import Reason
from engine.receipt import Fate
from tests.contracts.provider import GARBAGE, LONG, NUMBER, TEXT, Callback, ProviderContract, a_message, send

IDEMPOTENT = ProviderClass.IDEMPOTENT


class FaultySpool(Spool):
    """Folders on a disk that can be told how to fail at the last step."""

    def __init__(self, folder: Path, script: dict[str, Any]) -> None:
        super().__init__(folder)
        self._script = script

    def reveal(self, draft: Path, name: str) -> None:
        how, do = dict(self._script), self._script.get("do")
        self._script.clear()
        if do in ("drop_before", "fail"):
            raise OSError(errno.EIO, "Input/output error")
        super().reveal(draft, name)
        if do in ("drop_after", "garbage"):
            raise OSError(errno.EIO, "Input/output error")
        if do == "late":
            time.sleep(how["seconds"])


class FolderRig:
    """The folders of a gammu-smsd that does nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script: dict[str, Any] = {}
        for name in (OUTBOX, SENT, ERROR):
            (folder / name).mkdir(parents=True)

    def provider(self, provider_class: ProviderClass = IDEMPOTENT, timeout: timedelta = LONG, **how: Any) -> Provider:
        assert provider_class is IDEMPOTENT
        known = {"driver": "gammu", "folder": self.folder, "timeout": timeout, **how}
        made = registry.build("modem", GammuSettings.model_validate(known), Http())
        assert isinstance(made, GammuProvider)
        made.spool = FaultySpool(self.folder, self.script)
        return made

    async def behave(self, do: str, **how: Any) -> None:
        if do in ("busy", "unavailable"):
            for n in range(100):
                (self.folder / OUTBOX / f"OUTA_+32470000002_other{n}.txt").touch()
        else:
            self.script.update(do=do, **how)

    def files(self, folder: str = OUTBOX) -> list[Path]:
        """What gammu-smsd sees there, in the order in which it sends."""
        return sorted(each for each in (self.folder / folder).iterdir() if not each.name.startswith("."))

    def taken(self) -> list[str]:
        names = [each.name for folder in (OUTBOX, SENT, ERROR) for each in self.files(folder)]
        refs = [name.split("_")[2].removesuffix(".txt") for name in names]
        return [ref for ref in refs if not ref.startswith("other")]

    def move(self, folder: str) -> None:
        """What gammu-smsd does once it has tried."""
        for each in self.files():
            each.rename(self.folder / folder / each.name)

    async def switch_off(self) -> None:
        for name in (OUTBOX, SENT, ERROR):
            (self.folder / name).rmdir()

    def callbacks(self, ref: str) -> list[Callback]:
        return []

    def forgeries(self, ref: str) -> list[Callback]:
        return [Callback(body=body) for body in GARBAGE]

    def garbage(self, ref: str) -> list[Callback]:
        return []


@pytest.fixture
def rig(tmp_path: Path) -> FolderRig:
    return FolderRig(tmp_path / "spool")


class TestGammu(ProviderContract):
    """Every promise of the contract, for a modem's folders."""

    classes: ClassVar = (IDEMPOTENT,)
    says_when: ClassVar = False
    names_messages: ClassVar = False
    #: A folder takes every file: a no comes later, when the modem has tried (`poll`).
    test_a_final_no_is_refused_with_its_reason = None


@pytest.mark.parametrize(("lane", "letter"), [(Lane.URGENT, "A"), (Lane.NORMAL, "G"), (Lane.BULK, "Z")])
async def test_an_urgent_text_is_sorted_before_bulk(rig: FolderRig, lane: Lane, letter: str) -> None:
    await rig.provider().send(a_message().model_copy(update={"lane": lane}), "r1")
    assert [each.name for each in rig.files()] == [f"OUT{letter}_{NUMBER}_r1.txt"]


async def test_the_file_is_the_text_marked_as_unicode_under_a_name_that_gammu_smsd_reads(rig: FolderRig) -> None:
    await rig.provider().send(a_message("Größe € 🙂"), "3f2a-0")
    [file] = rig.files()
    assert file.name == f"OUTG_{NUMBER}_3f2a-0.txt"
    assert file.read_bytes()[:2] == b"\xfe\xff"
    assert file.read_bytes().decode("utf-16") == "Größe € 🙂"
    assert [each.name for each in file.parent.iterdir()] == [file.name]  # no draft is left


@pytest.mark.parametrize("folder", [OUTBOX, SENT, ERROR])
async def test_a_message_that_was_handed_over_before_we_were_killed_is_not_handed_over_again(
    rig: FolderRig, folder: str
) -> None:
    await send(rig.provider())
    rig.move(folder)
    again = await send(rig.provider())
    assert (again.outcome, rig.taken()) == (Outcome.ACCEPTED, ["r1"])


async def test_a_draft_that_a_kill_left_behind_is_written_anew(rig: FolderRig) -> None:
    (rig.folder / OUTBOX / ".tocsin-r1").write_bytes(b"\xfe\xffha")
    await send(rig.provider())
    [file] = rig.files()
    assert file.read_bytes().decode("utf-16") == TEXT


@pytest.mark.parametrize(
    ("folder", "fate", "reason"),
    [(SENT, Fate.SENT, Reason.ACCEPTED), (ERROR, Fate.UNDELIVERED, Reason.UNDELIVERED)],
)
async def test_where_the_file_is_tells_what_became_of_it(
    rig: FolderRig, folder: str, fate: Fate, reason: Reason
) -> None:
    provider: Any = rig.provider()
    await send(provider)
    assert await provider.poll("r1", "") is None  # it waits
    rig.move(folder)
    report = await provider.poll("r1", "")
    assert (report.client_ref, report.fate, report.reason) == ("r1", fate, reason)
    assert await provider.poll("r2", "") is None
    assert NUMBER[1:] not in repr(report)


async def test_folders_that_are_gone_tell_nothing(rig: FolderRig) -> None:
    await rig.switch_off()
    provider: Any = rig.provider()
    assert await provider.poll("r1", "") is None


@pytest.mark.parametrize("ref", ["a_b", "../x", "a.txtb", "", "a\nb"])
async def test_a_reference_that_would_mean_something_in_a_file_s_name_is_refused(rig: FolderRig, ref: str) -> None:
    answer = await rig.provider().send(a_message(), ref)
    assert (answer.outcome, rig.files()) == (Outcome.REFUSED, [])


async def test_it_remembers_as_long_as_its_settings_say_that_files_are_kept(rig: FolderRig) -> None:
    assert rig.provider(kept="3 h").key_life == timedelta(hours=3)
