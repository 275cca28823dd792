"""Which hosts are called through the proxy, and what its no means."""

import pytest

from engine.proxy import Proxy

PASSWORD = "proxy-4711-secret"


def a_proxy(**settings: object) -> Proxy:
    return Proxy.model_validate({"host": "proxy.example", "port": 3128, **settings})


@pytest.mark.parametrize(
    ("host", "through"),
    [
        ("api.provider.example", True),
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("intern.example", False),
        ("Kannel.Intern.Example.", False),
        ("notintern.example", True),
        ("intern.example.com", True),
        ("2.2.2.2", False),
        ("localhost", False),
        ("kannel", False),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("", False),
    ],
)
def test_what_is_near_and_what_is_named_is_called_directly(host: str, through: bool) -> None:
    assert a_proxy(direct=("intern.example", "2.2.2.2")).serves(host) is through


def test_a_proxy_that_asks_for_nobody_is_told_nothing() -> None:
    assert a_proxy().headers == {}


def test_name_and_password_go_as_they_are_written_in_every_alphabet() -> None:
    made = a_proxy(user="jürgen", password="pässwört:1")
    assert made.headers == {"Proxy-Authorization": "Basic asO8cmdlbjpww6Rzc3fDtnJ0OjE="}


def test_the_password_is_not_shown() -> None:
    made = a_proxy(user="tocsin", password=PASSWORD)
    assert PASSWORD not in f"{made!r} {made} {made.url} {made.model_dump_json()}"
    assert (str(made), made.url) == ("proxy.example:3128", "http://proxy.example:3128")
    assert str(a_proxy(host="fd00::1")) == "[fd00::1]:3128"


@pytest.mark.parametrize(
    ("user", "status", "said", "remedy"),
    [
        ("tocsin", 407, "does not take our name and password (HTTP 407)", "the right ones"),
        ("", 407, "wants a name and a password", "write user and password_file"),
        ("tocsin", 401, "does not take our name and password", "the right ones"),
        ("tocsin", 403, "does not let us through", "CONNECT"),
        ("tocsin", 502, "does not get through", "its own log"),
        ("tocsin", 200, "does not do what a proxy does", "HTTP proxy?"),
    ],
)
def test_each_no_has_words_and_a_remedy(user: str, status: int, said: str, remedy: str) -> None:
    found = a_proxy(user=user).explain(status)
    assert said in found.said
    assert remedy in found.remedy
