"""What stands in docs/providers.md about SMPP can be written, and what cannot be is said clearly."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.channels import registry
from engine.channels.provider import Listening
from engine.channels.providers.smpp.settings import SmppSettings
from engine.document import read, validate
from engine.errors import ProviderError
from engine.net import Http
from engine.settings.engine_file import engine_file

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
_LEAST = "driver: smpp, host: smpp.example, system_id: tocsin"


def written(inside: str) -> tuple[Any, list[str]]:
    text = f"version: 1\nproviders:\n  operator: {{{_LEAST}, {inside}}}\n"
    file, problems = validate(read(text.encode(), "engine.yaml"), engine_file())
    return file, [each.message for each in problems]


def test_the_page_s_example_is_read_as_it_says() -> None:
    section = PAGE.read_text().partition("\n## smpp\n")[2].partition("\n## ")[0]
    [example] = re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)
    file, problems = validate(read(b"version: 1\n" + example.encode(), "engine.yaml"), engine_file())
    assert file is not None, problems
    settings = file.providers["operator"]
    assert isinstance(settings, SmppSettings)
    assert (str(settings.endpoints()[0]), settings.tls, settings.window) == ("smpp.example:3550", "on", 10)
    assert settings.statuses == {0x0401: "no_credit", 0x0402: "busy"}
    # Every setting that is explained has its name.
    for name in re.findall(r"`(\w+)(?:: [\w.]+)?`", section.partition("\n| setting |")[0]):
        if name.islower() and "_" in name and not name.endswith(("_sm", "_link", "_payload", "_period")):
            known = {*SmppSettings.model_fields, "no_credit", "bad_number"}
            assert name in known, name


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("system_type: x", "password or password_file, one of them"),
        ("password: a, password_file: b", "password or password_file, one of them"),
        ("password: a, ca_file: b", "belongs to `tls: on`"),
        ("password: a, sender: Tocsin Alarms Ltd", "at most 11 characters"),
        ("password: a, sender: Größe", "ASCII"),
        ("password: a, window: 0", ""),
        ("password: a, port: 70000", ""),
        ("password: a, statuses: {0x0401: maybe}", ""),
        ("password: a, statuses: {often: busy}", ""),
        ("password: a, reference_tag: 0x0424", ""),
        ("password: a, host: 'a b'", ""),
        ("password: a, timeout: 0s", ""),
        ("password: a, segmentation: udh32", ""),
    ],
)
def test_what_cannot_be_is_said(inside: str, said: str) -> None:
    file, problems = written(inside)
    assert file is None
    assert len(problems) == 1
    assert said in problems[0]


def test_the_least_is_enough() -> None:
    file, problems = written("password: a")
    assert problems == []
    settings = file.providers["operator"]
    assert (settings.port, settings.timeout, settings.data_coding) == (2775, timedelta(seconds=10), None)


def test_the_password_may_stand_in_a_file_and_is_shown_nowhere(tmp_path: Path) -> None:
    secret = tmp_path / "smpp"
    secret.write_text("open-sesame-4711\n")
    settings = SmppSettings(driver="smpp", host="h", system_id="t", password_file=secret)
    provider = registry.build("operator", settings, Http())
    assert isinstance(provider, Listening)
    assert "open-sesame" not in repr(settings)
    for content in ("", "half\0"):
        secret.write_text(content)
        with pytest.raises(ProviderError) as caught:
            registry.build("operator", settings, Http())
        assert "half" not in str(caught.value)


@pytest.mark.parametrize(("host", "place"), [("h", "h:2775"), ("::1", "[::1]:2775")])
def test_the_doctor_is_told_where_it_is(host: str, place: str) -> None:
    settings = SmppSettings.model_validate({"driver": "smpp", "host": host, "system_id": "t", "password": "p"})
    assert [str(at) for at in settings.endpoints()] == [place]
