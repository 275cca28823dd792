"""The worst input, through the real command: a clear message that names the place, nothing lost, no traceback."""

import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer

RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off, daily: off}}
rules:
  - {name: Alarm, when: {subject: alarm}, notify: {to: me, text: "{subject}"}}
"""
ANNA = Person("anna", "+32470000001", "u1", parts=100, rules=RULES)


@pytest.fixture
async def server() -> AsyncIterator[PymapServer]:
    async with PymapServer.running(users=2) as running:
        yield running


@pytest.fixture
async def anna(tmp_path: Path, server: PymapServer) -> AsyncIterator[Installation]:
    """Anna's installation, written but not started."""
    installation = Installation(tmp_path)
    await installation.start_phone()
    installation.write([ANNA], server)
    yield installation
    if installation.log.exists():
        assert "Traceback" not in installation.log.read_text()
    await installation.close()


@pytest.mark.parametrize(
    ("file", "right", "wrong", "message"),
    [
        pytest.param("rules/anna/rules.yaml", "rules:", "rules: [", "rules.yaml:", id="broken YAML"),
        pytest.param("rules/anna/rules.yaml", "subject: alarm", "subjct: alarm", "did you mean 'subject'?", id="key"),
        pytest.param("accounts/anna.yaml", "id: anna", "id: anna\nid: bert", "'id' is given twice", id="twice"),
        pytest.param("accounts/anna.yaml", "+32470000001", "+32 47", "anna.yaml:5:", id="phone number"),
        pytest.param("tariff.yaml", "'0.08'", "'eight'", "tariff.yaml:4:", id="price"),
        pytest.param("accounts/anna.yaml", "zone: ", "zone: Europe/Brussel #", "Europe/Brussels", id="zone"),
    ],
)
async def test_a_mistake_in_a_file_stops_the_engine_with_its_place(
    anna: Installation, file: str, right: str, wrong: str, message: str
) -> None:
    path = anna.config / file
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    code, said = anna.run("run")
    assert code == 1
    assert message in said


async def test_a_wrong_password_names_the_server_and_what_to_do_and_never_the_password(anna: Installation) -> None:
    path = anna.config / "accounts" / "anna.yaml"
    path.write_text(path.read_text().replace("password: secret", "password: swordfish"))
    await anna.start_engine()
    await anna.until(lambda: "refused" in anna.log.read_text().lower(), "the refusal")
    said = anna.log.read_text()
    assert "127.0.0.1:" in said
    assert "swordfish" not in said
    await anna.end_engine()
    code, said = anna.run("doctor")
    assert code == 3
    assert "sign-in" in said
    assert "swordfish" not in said


async def test_an_unreachable_server_is_named_and_mail_comes_once_it_is_back(
    anna: Installation, server: PymapServer
) -> None:
    await server.stop()
    await anna.start_engine()
    place = f"127.0.0.1:{server.port}"
    await anna.until(lambda: place in anna.log.read_text(), "the server to be named")
    assert f"FAIL  anna {place}" in anna.run("doctor")[1]
    await server.start()
    await anna.watching(1)
    await server.deliver("u1", letter("alarm"))
    await anna.until(lambda: len(anna.phones["phone"].taken()) == 1, "the SMS")


async def test_a_port_in_use_is_named_with_the_setting_that_changes_it(anna: Installation) -> None:
    with socket.create_server(("127.0.0.1", anna.web_port)):
        code, said = anna.run("run")
    assert code == 1
    assert f"127.0.0.1:{anna.web_port}" in said
    assert "port" in said.split("to mend it:")[1]


async def test_a_second_engine_on_the_same_files_is_refused_and_changes_nothing(anna: Installation) -> None:
    await anna.start_engine()
    code, said = anna.run("run")
    assert code == 1
    assert "another `tocsin run` holds" in said
    assert "stream.db" in said
    assert not anna.ended


async def test_commands_work_beside_a_running_engine(anna: Installation) -> None:
    await anna.start_engine()
    assert "added EUR 1.00 to anna" in anna.tocsin("topup", "anna", "1", "--yes")
    assert "EUR 1.00 left" in anna.tocsin("balance", "anna")
    assert anna.tocsin("db", "prove") == "0 differences\n"
    assert "no mail has been decided on yet" in anna.tocsin("explain")


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        pytest.param(b"just some words, no header at all\r\n", "", id="no headers"),
        pytest.param(b"\r\n\r\n", "", id="nothing"),
        pytest.param(b"Subject: alarm \xff\xfe\x00 end\r\n\r\n\xff\x00", "alarm", id="bytes that are no text"),
        pytest.param(b"Subject: =?x-no-such?B?YWxhcm0=?=\r\n\r\n", "alarm", id="a charset nobody knows"),
        pytest.param(b"Subject: " + b"alarm " * 50_000 + b"\r\n\r\n", "alarm", id="a subject of 300 kB"),
        pytest.param(b"<!--" * 50_000, "", id="a comment bomb"),
    ],
)
async def test_an_odd_mail_is_decided_on_and_the_next_one_is_not_held_up(
    anna: Installation, server: PymapServer, raw: bytes, subject: str
) -> None:
    await anna.start_engine()
    await anna.watching(1)
    await server.deliver("u1", raw, letter("alarm after"))
    await anna.until(lambda: anna.count("decision") == 2, "both decisions")
    wanted = 2 if subject else 1
    await anna.until(lambda: len(anna.phones["phone"].taken()) == wanted, "the SMS")
    assert anna.count("dead_letter") == 0


async def test_a_mail_of_50_megabytes_is_decided_on_in_bounded_memory(
    anna: Installation, server: PymapServer
) -> None:
    await anna.start_engine()
    await anna.watching(1)
    assert anna.engine is not None
    before = _resident(anna.engine.pid)
    body = b"Subject: alarm, huge\r\n\r\n" + b"x" * 76 + (b"\r\n" + b"x" * 76) * (50 * 1024 * 1024 // 78)
    await server.deliver("u1", body)
    await anna.until(lambda: len(anna.phones["phone"].taken()) == 1, "the SMS")
    assert _resident(anna.engine.pid) - before < 30 * 1024 * 1024


def _resident(pid: int) -> int:
    """The memory a process holds, in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB in place of var/."""
    place = tmp_path / "var"
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", place], capture_output=True, check=False)
    if done.returncode:
        if os.environ.get("TOCSIN_REQUIRE") == "all":
            pytest.fail("cannot mount a small disk")
        pytest.skip("needs root to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


async def test_a_full_disk_loses_no_mail(small_disk: Path, tmp_path: Path, server: PymapServer) -> None:
    anna = Installation(tmp_path)
    try:
        phone = await anna.start_phone()
        anna.write([ANNA], server)
        await anna.start_engine()
        await anna.watching(1)
        room = os.statvfs(small_disk)
        (small_disk / "ballast").write_bytes(b"x" * (room.f_bavail * room.f_bsize - 8192))
        for number in range(20):
            await server.deliver("u1", letter(f"alarm {number}", "y" * 8000))
        await anna.until(lambda: "disk is full" in anna.log.read_text(), "the full disk to be named")
        assert "Traceback" not in anna.log.read_text()
        (small_disk / "ballast").unlink()
        await anna.until(lambda: len(phone.taken()) == 20, "all SMS once there is room", 90)
        assert sorted(each["text"] for each in phone.taken()) == sorted(f"alarm {n}" for n in range(20))
        assert await anna.end_engine() == 0
        assert "0 differences" in anna.tocsin("db", "prove")
    finally:
        await anna.close()
