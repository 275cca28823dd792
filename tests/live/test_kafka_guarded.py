"""A Kafka that asks for TLS, for a user or for a certificate: the line runs on it, and what keeps us out is told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import StreamError
from tests.builders import PHONE
from tests.contracts.transport import NOTES, Run, notes, others, until
from tests.servers.guarded_kafka import GUEST, PASSWORD, PLAIN_USER, SESSION, USER, GuardedKafka
from tests.servers.installation import Installation, Person
from tests.servers.letters import letter
from tests.servers.pymap_server import PymapServer, free_port

pytestmark = pytest.mark.live
RULES = """\
version: 1
defaults: {signature: off, limits: {dedupe: off, throttle: off}}
rules: [{name: Alarm, when: {subject: alarm}, notify: {to: me, text: "{subject}"}}]
"""


@pytest.fixture(scope="module")
def guarded() -> Iterator[GuardedKafka]:
    with GuardedKafka.up() as server:
        yield server


#: How it may be entered, written with its folder and its doors.
ENTRANCES = {
    "a user over TLS": "kafka+tls://{user}:{password}@127.0.0.1:{GUARDED}?ca_file={base}/ca.pem",
    "PLAIN over TLS": "kafka+tls://{plain}:{password}@127.0.0.1:{GUARDED}?sasl=plain&ca_file={base}/ca.pem",
    "a certificate": "kafka+tls://127.0.0.1:{CERTIFIED}?ca_file={base}/ca.pem"
    "&cert_file={base}/client.pem&key_file={base}/client.key",
    "a user in the clear": "kafka://{user}:{password}@127.0.0.1:{CLEAR}?sasl=scram-sha-256",
}


def written(address: str, guarded: GuardedKafka) -> str:
    password = "geh%2Feim%40ein%3AWort%3F%C3%BC%2541"
    return address.format(**guarded.doors, base=guarded.base, user=USER, plain=PLAIN_USER, password=password)


@pytest.mark.parametrize("how", ENTRANCES)
async def test_records_go_and_come_however_we_are_let_in(how: str, guarded: GuardedKafka) -> None:
    prefix = f"{how.replace(' ', '-').lower()}-"
    address = written(ENTRANCES[how], guarded)
    async with Run(f"{address}{'&' if '?' in address else '?'}prefix={prefix}") as run:
        await run.stream.publish(NOTES, notes(30))
        await until(lambda: len(run.seen) == 30)
    assert not others()


#: What is wrong, the address, what is said, and a word of the remedy.
REFUSED = [
    (
        "a wrong password",
        "kafka+tls://{user}:geheim@127.0.0.1:{GUARDED}?ca_file={base}/ca.pem",
        "the user or the password is refused (SCRAM-SHA-512)",
        "stream_password_file",
    ),
    (
        "an unknown user",
        "kafka+tls://otto:{password}@127.0.0.1:{GUARDED}?ca_file={base}/ca.pem",
        "the user or the password is refused (SCRAM-SHA-512)",
        "correct the user",
    ),
    (
        "a user that PLAIN has not",
        "kafka+tls://{user}:{password}@127.0.0.1:{GUARDED}?sasl=plain&ca_file={base}/ca.pem",
        "the user or the password is refused (PLAIN)",
        "?sasl=",
    ),
    (
        "another mechanism",
        "kafka+tls://{user}:{password}@127.0.0.1:{GUARDED}?sasl=scram-sha-256&ca_file={base}/ca.pem",
        "SCRAM-SHA-256 is not taken here, but PLAIN, SCRAM-SHA-512",
        "?sasl=scram-sha-512",
    ),
    (
        "no user",
        "kafka+tls://127.0.0.1:{GUARDED}?ca_file={base}/ca.pem",
        "a user and a password are asked for here (PLAIN, SCRAM-SHA-512)",
        "kafka+tls://user@127.0.0.1",
    ),
    (
        "no user in the clear",
        "kafka://127.0.0.1:{CLEAR}",
        "a user and a password are asked for here (SCRAM-SHA-256)",
        "kafka://user@127.0.0.1",
    ),
    ("a user too many", "kafka://{user}:{password}@127.0.0.1:{PLAINTEXT}", "nobody is asked for a user", "take"),
    (
        "an unknown authority",
        "kafka+tls://{user}:{password}@127.0.0.1:{GUARDED}",
        "the broker's certificate is refused: unable to get local issuer certificate",
        "stream_ca_file",
    ),
    (
        "another authority",
        "kafka+tls://{user}:{password}@127.0.0.1:{GUARDED}?ca_file={base}/stranger.pem",
        "the broker's certificate is refused",
        "stream_ca_file",
    ),
    (
        "another name",
        "kafka+tls://{user}:{password}@localhost:{GUARDED}?ca_file={base}/ca.pem",
        "certificate is not valid for 'localhost'",
        "as the certificate names it",
    ),
    ("TLS to a plain port", "kafka+tls://127.0.0.1:{PLAINTEXT}", "no TLS is spoken here", "kafka://"),
    ("no TLS to a port with it", "kafka://127.0.0.1:{CERTIFIED}", "TLS is spoken here", "kafka+tls://"),
    (
        "no TLS to a port with it and users",
        "kafka://{user}:{password}@127.0.0.1:{GUARDED}",
        "TLS is spoken here",
        "kafka+tls://",
    ),
    (
        "no certificate of ours",
        "kafka+tls://127.0.0.1:{CERTIFIED}?ca_file={base}/ca.pem",
        "the broker ended TLS",
        "stream_cert_file",
    ),
    (
        "a certificate of a stranger",
        "kafka+tls://127.0.0.1:{CERTIFIED}?ca_file={base}/ca.pem"
        "&cert_file={base}/stranger.pem&key_file={base}/stranger.key",
        "the broker ended TLS",
        "one that it trusts",
    ),
    ("no password", "kafka+tls://{user}@127.0.0.1:{GUARDED}", "has no password", "stream_password_file"),
    (
        "no authority in the file",
        "kafka+tls://127.0.0.1:{GUARDED}?ca_file={base}/ca.key",
        "the authority of the brokers cannot be used",
        "stream_ca_file",
    ),
    (
        "no file of the authority",
        "kafka+tls://127.0.0.1:{GUARDED}?ca_file={base}/nothing.pem",
        "the authority of the brokers cannot be used: No such file",
        "stream_ca_file",
    ),
    (
        "the key of another certificate",
        "kafka+tls://127.0.0.1:{CERTIFIED}?cert_file={base}/client.pem&key_file={base}/ca.key",
        "our certificate cannot be used with its key: key values mismatch",
        "stream_key_file",
    ),
]


@pytest.mark.parametrize(("address", "said", "remedy"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_what_keeps_us_out_is_told_at_once_with_its_remedy(
    address: str, said: str, remedy: str, guarded: GuardedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transport.cluster.CONNECT_WAIT", 3600.0)  # nothing here may wait for it
    run = Run(written(address, guarded))
    try:
        with pytest.raises(StreamError) as told:
            await run.stream.start()
    finally:
        await run.stream.stop()
    assert said in told.value.message
    assert remedy in told.value.remedy
    assert told.value.place
    assert not told.value.unreachable
    chain, words = told.value, []
    while chain is not None:
        words.append(f"{chain!r} {chain}")
        chain = chain.__cause__ or chain.__context__  # type: ignore[assignment]
    assert not {word for word in ("geheim", PASSWORD) if any(word in each for each in words)}
    assert not others()


async def test_a_broker_that_sends_us_elsewhere_is_told_with_both_places(
    guarded: GuardedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.transport.cluster.CONNECT_WAIT", 0.5)
    with pytest.raises(StreamError, match=r"sends us to 127.0.0.1:1, and there: Kafka does not answer") as told:
        await Run(written("kafka://127.0.0.1:{ASTRAY}", guarded)).stream.start()
    assert told.value.place == f"127.0.0.1:{guarded.doors['ASTRAY']}"
    assert "advertised.listeners" in told.value.remedy


async def test_a_server_that_is_away_hides_no_refusal_of_another(guarded: GuardedKafka) -> None:
    address = f"kafka+tls://{USER}:geheim@127.0.0.1:{free_port()},{{}}?ca_file={guarded.base}/ca.pem"
    with pytest.raises(StreamError, match="the password is refused") as told:
        await Run(address.format(guarded.bootstrap)).stream.start()
    assert told.value.place == guarded.bootstrap


async def test_a_topic_that_the_user_may_not_make_is_told(guarded: GuardedKafka) -> None:
    with pytest.raises(StreamError, match=r"the topic guest-.* cannot be made: .*[Aa]uthorization") as told:
        await Run(guarded.url("guest-", GUEST)).stream.start()
    assert "make it by hand with 12 partitions" in told.value.remedy


async def test_a_sign_in_that_ends_is_renewed_and_nothing_is_lost_or_repeated(guarded: GuardedKafka) -> None:
    async with Run(guarded.url("renewed-")) as run:
        until_then = asyncio.get_running_loop().time() + 2.5 * SESSION / 1000
        count = 0
        while asyncio.get_running_loop().time() < until_then:
            await run.stream.publish(NOTES, notes(5, start=count))
            count += 5
            await asyncio.sleep(0.05)
        await until(lambda: len(run.seen) >= count)
        assert sorted(run.numbers()) == list(range(count))
        assert not run.fatal


async def test_the_line_runs_there_and_a_broker_that_restarts_costs_no_mail(
    guarded: GuardedKafka, tmp_path: Path
) -> None:
    installation = Installation(tmp_path, stream_url=f"kafka+tls://{USER}@{guarded.bootstrap}?prefix=line-")
    password = tmp_path / "password"
    async with PymapServer.running(users=1) as server:
        try:
            phone = await installation.start_phone()
            installation.write([Person("anna", PHONE, "u1", parts=9, rules=RULES)], server)
            engine = installation.config / "engine.yaml"
            files = f"stream_password_file: ../password\nstream_ca_file: {guarded.base}/ca.pem\n"
            engine.write_text(engine.read_text() + files)

            password.write_text("geheim")
            code, said = await asyncio.to_thread(installation.run, "run")
            assert (code, "the user or the password is refused" in said) == (1, True), said
            assert "geheim" not in said

            password.write_text(f"{PASSWORD}\n")
            _, said = await asyncio.to_thread(installation.run, "doctor")
            assert f"ok    {guarded.bootstrap}  the stream lets us in, as {USER} and over TLS" in said
            await installation.start_engine()
            await installation.watching(1)
            await server.deliver("u1", letter("alarm 1"))
            await installation.until(phone.taken, "an SMS")
            await asyncio.to_thread(guarded.stop)
            await server.deliver("u1", letter("alarm 2"))
            await asyncio.to_thread(guarded.start)
            await server.deliver("u1", letter("alarm 3"))
            await installation.until(lambda: len(phone.taken()) >= 3, "what came while the broker was away")
            assert await installation.end_engine() == 0
            assert sorted(each["text"] for each in phone.taken()) == ["alarm 1", "alarm 2", "alarm 3"]
            log = installation.log.read_text()
            assert "Traceback" not in log
            assert not [word for word in (PASSWORD, "geh%2Feim") if word in log]
        finally:
            await installation.close()
