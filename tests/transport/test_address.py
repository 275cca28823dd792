"""Where a stream lies is read whole, or refused with a remedy; what stands before the @ is never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import StreamError
from engine.settings.servers import without_password
from engine.transport.address import Login, Servers, Tls, read_url

CA = "/etc/ca.pem"


@pytest.mark.parametrize(
    ("url", "servers"),
    [
        ("kafka://one", Servers(("one:9092",))),
        ("kafka://one:9,[::1]:10/?replication=2&prefix=x-", Servers(("one:9", "[::1]:10"), 2, "x-")),
        ("kafka+tls://one,two:9", Servers(("one:9093", "two:9"), tls=Tls())),
        ("kafka://anna@one?sasl=scram-sha-256", Servers(("one:9092",), login=Login("anna", None, "SCRAM-SHA-256"))),
        ("kafka+tls://anna:a%40b:c@one:9", Servers(("one:9",), tls=Tls(), login=Login("anna", "a@b:c"))),
        ("kafka+tls://$Key:x@one?sasl=plain", Servers(("one:9093",), tls=Tls(), login=Login("$Key", "x", "PLAIN"))),
    ],
    ids=["plain", "several", "TLS", "no password", "a password", "PLAIN"],
)
def test_an_address_is_read(url: str, servers: Servers) -> None:
    assert read_url(url) == servers


def test_the_files_of_an_address_are_those_of_its_tls() -> None:
    servers = read_url("kafka+tls://one?ca_file=/etc/ca%20file.pem&cert_file=/etc/our.pem&key_file=/etc/our.key")
    assert isinstance(servers, Servers)
    assert servers.tls is not None
    assert [str(each) for each in (servers.tls.ca_file, servers.tls.cert_file, servers.tls.key_file)] == [
        "/etc/ca file.pem",
        "/etc/our.pem",
        "/etc/our.key",
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("kafka://one?sasl=plain", "sasl belongs to a user"),
        ("kafka://anna:geheim@one?sasl=plain", "in the clear: write kafka+tls://"),
        ("kafka://anna:geheim@127.0.0.1?sasl=plain", "in the clear: write kafka+tls://"),
        ("kafka+tls://anna:geheim@one?sasl=gssapi", "sasl is one of scram-sha-512, scram-sha-256, plain"),
        ("kafka+tls://:geheim@one", "write the user before the @"),
        ("kafka+tls://anna:geheim/x@one", "percent-encoded"),
        ("kafka+tls://anna:geheim?x@one", "percent-encoded"),
        ("kafka+tls://anna:gehe[im@one", "percent-encoded"),
        ("kafka+tls://anna:gehe@im@one", "percent-encoded"),
        ("kafka+tls://anna:geheim@one:x", "'one:x' is not a host and its port"),
        ("kafka+ssl://anna:geheim@one", "this is not the address of a stream"),
        (f"kafka://one?ca_file={CA}", "ca_file belongs to kafka+tls://"),
        ("kafka+tls://one?ca_file=ca.pem", "ca_file in an address is an absolute path"),
        (f"kafka+tls://one?cert_file={CA}", "give cert_file and key_file, or neither"),
        ("kafka+tls://one?acks=1", "'acks' is not known here: replication, prefix and sasl are"),
    ],
)
def test_what_is_no_address_is_refused_and_shows_no_password(url: str, said: str) -> None:
    with pytest.raises(StreamError) as told:
        read_url(url)
    assert said in told.value.message
    assert "kafka+tls://user@host:9093" in told.value.remedy
    assert not [word for word in ("gehe", "anna") if word in str(told.value)]


@given(st.text(alphabet="abc:@/?#[]%&=äß€ '\"", max_size=20))
def test_a_password_is_refused_or_read_and_found_alike_however_it_is_written(text: str) -> None:
    """What the log masks must be what the broker is told."""
    password = f"geheim{text}"
    url = f"kafka+tls://anna:{password}@one:9093,[::1]:9093?prefix=x-"
    servers, refused = None, ""
    try:
        servers = read_url(url)
    except StreamError as error:
        refused = str(error)
    if servers is None:
        assert "geheim" not in refused
        return
    assert isinstance(servers, Servers)
    assert servers.login is not None
    shown, found = without_password(url)
    assert read_url(f"kafka+tls://anna:{found}@one") == Servers(("one:9093",), tls=Tls(), login=servers.login)
    assert (found, shown) == (password, "kafka+tls://anna@one:9093,[::1]:9093?prefix=x-")


def test_a_password_is_in_no_description() -> None:
    assert "geheim" not in repr(read_url("kafka+tls://anna:geheim@one")) + str(
        read_url("kafka+tls://anna:geheim@one")
    )
