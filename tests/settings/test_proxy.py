"""`proxy:` of engine.yaml: what is read, and what is wrong at which place."""

from pathlib import Path

import pytest

from engine import settings as reading
from engine.cli.masking import Masking, secrets_of
from engine.errors import ProviderError
from engine.settings import Settings
from engine.settings.reading import SettingsFiles
from engine.wiring import build_proxy

PASSWORD = "proxy-4711-secret"
ENGINE = "version: 1\nproviders: {phone: {driver: fake}}\nproxy:\n"


def a_folder(home: Path, *lines: str) -> Path:
    folder = home / "config"
    (folder / "secrets").mkdir(parents=True)
    (folder / "secrets/proxy").write_text(f"{PASSWORD}\n")
    (folder / "engine.yaml").write_text(ENGINE + "".join(f"  {line}\n" for line in lines))
    line = "{prefix: '+32', price: '0.08', provider: phone}"
    (folder / "tariff.yaml").write_text(f"version: 1\ncurrency: EUR\nsms: [{line}]\n")
    return folder


def read(folder: Path) -> tuple[Settings | None, list[str]]:
    found, problems = reading.load(folder)
    return found, [f"{each.place.rpartition('/')[2]}: {each.message}" for each in problems]


def a_reading(home: Path, *lines: str) -> Settings:
    found, problems = read(a_folder(home, *lines))
    assert problems == []
    assert found is not None
    return found


def test_without_it_everything_is_called_directly(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder / "engine.yaml").write_text(ENGINE.removesuffix("proxy:\n"))
    assert build_proxy(reading.require(folder)) is None


def test_all_of_it_is_read(tmp_path: Path) -> None:
    lines = ("user: tocsin", "password_file: secrets/proxy", "direct: [Kannel.intern.example, .other.example]")
    made = build_proxy(a_reading(tmp_path, "url: http://proxy.example:3128/", *lines))
    assert made is not None
    assert (str(made), made.user, made.password.get_secret_value()) == ("proxy.example:3128", "tocsin", PASSWORD)
    assert made.direct == ("kannel.intern.example", "other.example")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("url: https://proxy.example:3128",), "engine.yaml:4:8: write http://, like"),
        (("url: socks5://proxy.example:1080",), "engine.yaml:4:8: write the proxy's address, like"),
        (("url: proxy.example:3128",), "engine.yaml:4:8: write the proxy's address, like"),
        (("url: http://",), "engine.yaml:4:8: write the proxy's address, like"),
        (("url: http://proxy.example:99999",), "engine.yaml:4:8: write the proxy's address, like"),
        (("url: http://pro xy.example:3128",), "engine.yaml:4:8: write the proxy's address, like"),
        (("url: http://proxy.example",), "engine.yaml:4:8: write the proxy's port too, like"),
        (("url: http://tocsin:x@proxy.example:3128",), "engine.yaml:4:8: write the address alone; user"),
        (("url: http://proxy.example:3128/path",), "engine.yaml:4:8: write the address alone, like"),
        (("url: http://proxy.example:3128?a=b",), "engine.yaml:4:8: write the address alone, like"),
        (("url: http://proxy.example:3128", "port: 1"), "engine.yaml:5:3: unknown setting 'port'"),
        (("user: tocsin",), "engine.yaml:3:1: 'url' is missing"),
        (("url: http://p.example:1", "user: 'a:b'", "password: x"), "engine.yaml:5:9: a proxy's user has no ':'"),
        (("url: http://p.example:1", "user: a"), "engine.yaml:3:1: give password_file"),
        (("url: http://p.example:1", "password: x"), "engine.yaml:3:1: give user too"),
        (
            ("url: http://p.example:1", "user: a", "password: x", "password_file: secrets/proxy"),
            "engine.yaml:3:1: give password or password_file, one of them",
        ),
        (
            ("url: http://p.example:1", "user: a", "password_file: secrets/none"),
            "engine.yaml:6:18: password_file: there is no file",
        ),
        (
            ("url: http://p.example:1", "direct: [a.example, 'http://b']"),
            "engine.yaml:5:23: write a host alone, like",
        ),
        (("url: http://p.example:1", "direct: ['*.example']"), "engine.yaml:5:12: write a host alone, like"),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, lines: tuple[str, ...], said: str) -> None:
    found, problems = read(a_folder(tmp_path, *lines))
    assert found is None
    assert len(problems) == 1, problems
    assert said in problems[0]


def test_a_password_that_stands_on_two_lines_is_told_with_its_file(tmp_path: Path) -> None:
    found = a_reading(tmp_path, "url: http://p.example:1", "user: a", "password_file: secrets/proxy")
    (found.folder / "secrets/proxy").write_text("one\ntwo\n")
    with pytest.raises(ProviderError, match="line break") as raised:
        build_proxy(found)
    assert raised.value.place.endswith("secrets/proxy")


@pytest.mark.parametrize("line", ["password_file: secrets/proxy", f"password: {PASSWORD}"])
def test_the_password_is_hidden_in_logs_and_as_it_is_now(tmp_path: Path, line: str) -> None:
    found = a_reading(tmp_path, "url: http://p.example:1", "user: tocsin", line)
    assert PASSWORD not in Masking(secrets_of(found)).hide(f"sent {PASSWORD}")
    assert PASSWORD not in repr(found)


def test_another_proxy_waits_for_the_next_start(tmp_path: Path) -> None:
    found = a_reading(tmp_path, "url: http://p.example:1")
    file = found.folder / "engine.yaml"
    file.write_text(file.read_text().replace("p.example", "q.example"))
    assert SettingsFiles(found, lambda settings: None).read(found.ruleset).waits == ("proxy",)
