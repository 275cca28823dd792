"""A new password is in force without a restart; a wrong file leaves the old one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engine.agents.rotation import Rotation
from engine.channels import registry
from engine.channels.provider import Provider
from engine.channels.providers.fake import FakeSettings
from engine.net import Http
from engine.settings.files import secret_files
from tests.contracts.transport import until


class Place:
    """A provider with its token in a file."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "token"
        self.file.write_text("first")
        self.settings = FakeSettings.model_validate({"token_file": self.file, "timeout": "1 s"})
        self.providers: dict[str, Provider] = {"phone": self.build("phone")}
        self.begun: list[Provider] = []
        self.closed: list[Provider] = []
        self.rotation = Rotation(self.providers, {"phone": secret_files(self.settings)}, self.build, self.begin)

    def build(self, name: str) -> Provider:
        made: Any = registry.build(name, self.settings, Http())

        async def close() -> None:
            self.closed.append(made)

        made.close = close
        found: Provider = made
        return found

    async def begin(self, provider: Provider) -> None:
        self.begun.append(provider)

    def believes(self, token: str) -> bool:
        """Whether the provider in force takes a callback with this token for the phone's."""
        try:
            self.providers["phone"].read_callback({"authorization": f"Bearer {token}"}, {}, b"")
        except PermissionError:
            return False
        except ValueError:
            return True
        raise AssertionError


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_new_secret_is_in_force_once_its_file_has_settled(place: Place) -> None:
    place.file.write_text("the second")
    await place.rotation.turn()
    assert place.believes("first")
    await place.rotation.turn()
    assert place.believes("the second")
    assert not place.believes("first")
    assert place.begun == [place.providers["phone"]]
    await place.rotation.close()


async def test_who_asks_need_not_wait(place: Place) -> None:
    place.file.write_text("the second")
    await place.rotation.turn(at_once=True)
    assert place.believes("the second")
    await place.rotation.close()


async def test_files_that_stay_as_they_are_change_nobody(place: Place) -> None:
    before = place.providers["phone"]
    await place.rotation.turn(at_once=True)
    await place.rotation.turn()
    assert (place.providers["phone"], place.begun) == (before, [])
    await place.rotation.close()
    assert place.closed == [before]


@pytest.mark.parametrize("wrong", ["", None])
async def test_a_file_that_is_empty_or_gone_leaves_the_old_secret_and_says_so_once(
    place: Place, wrong: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    before = place.providers["phone"]
    if wrong is None:
        place.file.unlink()
    else:
        place.file.write_text(wrong)
    for _ in range(4):
        await place.rotation.turn()
    assert place.providers["phone"] is before
    [said] = [each for each in caplog.messages if "not in force" in each]
    assert str(place.file) in said
    place.file.write_text("the third")
    await place.rotation.turn(at_once=True)
    assert place.believes("the third")
    await place.rotation.close()


async def test_the_old_one_is_closed_when_its_calls_are_over_or_the_engine_stops(place: Place) -> None:
    first = place.providers["phone"]
    place.file.write_text("the second")
    await place.rotation.turn(at_once=True)
    assert place.closed == []  # a call may be in the air
    await until(lambda: place.closed == [first])
    second = place.providers["phone"]
    place.file.write_text("the third one")
    await place.rotation.turn(at_once=True)
    await asyncio.sleep(0)
    await place.rotation.close()
    assert place.closed == [first, second, place.providers["phone"]]


def test_every_file_of_a_secret_is_looked_at(tmp_path: Path) -> None:
    files = {"key": tmp_path / "a", "reports": tmp_path / "b"}
    known = {"driver": "http", "preset": "messagebird", "sender": "x", "secret_files": files}
    assert secret_files(registry.SETTINGS["http"].model_validate(known)) == list(files.values())
    known = {"driver": "kannel", "user": "x", "password_file": tmp_path / "c"}
    assert secret_files(registry.SETTINGS["kannel"].model_validate(known)) == [tmp_path / "c"]
