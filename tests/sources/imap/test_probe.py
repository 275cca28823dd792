"""What `tocsin doctor` learns of a mailbox."""

from engine.sources.imap.probe import probe
from tests.servers.pymap_server import free_port
from tests.servers.scripted import ScriptedServer


async def test_a_mailbox_that_works_says_so_step_by_step() -> None:
    async with ScriptedServer() as server:
        results = await probe("anna", server.mailbox("u"))
    assert [(result.what, result.ok) for result in results] == [
        ("name", True),
        ("connection", True),
        ("sign-in", True),
        ("folder INBOX", True),
    ]
    assert {result.place for result in results} == {f"127.0.0.1:{server.port}"}


async def test_a_missing_folder_is_named_with_a_remedy_and_the_others_are_tried() -> None:
    async with ScriptedServer() as server:
        results = await probe("anna", server.mailbox("u", folders=("Nowhere", "INBOX")))
    assert [(result.what, result.ok) for result in results[-2:]] == [
        ("folder Nowhere", False),
        ("folder INBOX", True),
    ]
    assert results[-2].fix


async def test_a_refused_sign_in_ends_the_probe_without_the_secret() -> None:
    async with ScriptedServer() as server:
        *_, last = await probe("anna", server.mailbox("u", password="not-this-one"))
    assert (last.what, last.ok) == ("sign-in", False)
    assert "not-this-one" not in last.why + last.fix
    assert "password" in last.fix


async def test_a_port_where_nobody_answers_is_named() -> None:
    server = ScriptedServer()
    server.port = free_port()
    *_, last = await probe("anna", server.mailbox("u"))
    assert (last.ok, last.place) == (False, f"127.0.0.1:{server.port}")
    assert "port" in last.fix


async def test_a_name_that_does_not_exist_is_told_apart() -> None:
    (only,) = await probe("anna", ScriptedServer().mailbox("u", host="no-such-host.invalid", port=993))
    assert (only.what, only.ok, only.place) == ("name", False, "no-such-host.invalid:993")


async def test_plain_text_where_tls_is_expected_is_told_apart() -> None:
    async with ScriptedServer() as server:
        *_, last = await probe("anna", server.mailbox("u", tls="on"))
    assert (last.what, last.ok) == ("connection and TLS", False)
    assert "TLS failed" in last.why
    assert "tls" in last.fix
