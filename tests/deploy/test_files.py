"""What ships the engine is checked by the real tools, and agrees with the engine that it ships."""

import json
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from engine import settings
from engine.agents.app import LONGEST_STOP
from engine.agents.line import LINE
from engine.wiring import PATIENCE

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"


def _tool(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name(name)
    return subprocess.run([tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as Docker Compose understands it, with every profile."""
    done = _tool("docker-compose", "--profile", "dev", "config", "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_docker_compose_finds_no_mistake() -> None:
    done = _tool("docker-compose", "config", "-q")
    assert (done.returncode, done.stderr) == (0, "")


def test_docker_compose_would_find_one(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(COMPOSE.read_text().replace("depends_on:", "depend_on:"))
    assert _tool("docker-compose", "-f", str(broken), "config", "-q").returncode != 0


def test_hadolint_finds_no_mistake() -> None:
    done = _tool("hadolint", "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")


def test_the_engines_wait_for_what_they_need(compose: dict[str, Any]) -> None:
    needs = {name: each["condition"] for name, each in compose["services"]["engine"]["depends_on"].items()}
    assert needs == {
        "kafka": "service_healthy",
        "postgres": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_every_port_is_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    ports = [port for each in compose["services"].values() for port in each.get("ports", [])]
    assert ports
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


@pytest.mark.parametrize("name", ["engine", "migrate", "phone"])
def test_a_container_of_ours_can_do_no_more_than_it_must(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["read_only"] is True
    assert service["init"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["logging"]["options"]["max-size"]


def test_a_container_is_given_longer_than_the_drain_may_take(compose: dict[str, Any]) -> None:
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", compose["services"]["engine"]["stop_grace_period"]).groups()  # type: ignore[union-attr]
    grace = timedelta(minutes=int(minutes or 0), seconds=int(seconds))
    drain = timedelta(seconds=PATIENCE * len({hop.drain for hop in LINE}) + 2 * LONGEST_STOP)
    assert grace > drain


def test_the_image_and_the_makefile_use_the_same_uv_and_the_image_is_nobody() -> None:
    image, makefile = (ROOT / "Dockerfile").read_text(), (ROOT / "Makefile").read_text()
    assert re.search(r"uv==([\d.]+)", image)[1] == re.search(r"UV_VERSION := ([\d.]+)", makefile)[1]  # type: ignore[index]
    assert "USER 10001:10001" in image
    assert "STOPSIGNAL SIGTERM" in image


def test_the_configuration_of_the_containers_is_sound(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.mkdir()
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("store_password", "phone_token"):
        (secrets / name).write_text(f"the {name}&\n")
    text = (ROOT / "deploy" / "engine.yaml").read_text().replace("/run/secrets", str(secrets))
    (config / "engine.yaml").write_text(text)
    shutil.copy(ROOT / "config" / "tariff.yaml", config)
    found, problems = settings.load(config)
    assert [problem.message for problem in problems] == []
    assert found is not None
    assert found.stream == "kafka://kafka:19092"
    assert found.store == "postgresql+psycopg://tocsin:the%20store_password%26@postgres:5432/tocsin"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("/run/secrets/store_password", "/nowhere"), "there is no file /nowhere"),
        (("store: postgresql+psycopg://tocsin@postgres:5432/tocsin", ""), "belongs to a store that is a server"),
        (("web:", "admin: nobody\nweb:"), "there is no account 'nobody'"),
    ],
)
def test_a_mistake_in_it_is_named(tmp_path: Path, changed: tuple[str, str], said: str) -> None:
    (tmp_path / "secret").write_text("s")
    text = (ROOT / "deploy" / "engine.yaml").read_text().replace(*changed).replace("phone_token", "p")
    text = text.replace("/run/secrets/store_password", str(tmp_path / "secret")).replace(
        "/run/secrets/p", str(tmp_path / "secret")
    )
    (tmp_path / "engine.yaml").write_text(text)
    shutil.copy(ROOT / "config" / "tariff.yaml", tmp_path)
    found, problems = settings.load(tmp_path)
    assert found is None
    assert any(said in problem.message for problem in problems), problems
