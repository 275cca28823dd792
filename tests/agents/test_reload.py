"""A changed configuration is taken up whole or not at all, while the engine runs."""

import asyncio
import threading
from collections.abc import AsyncIterator, Hashable
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from engine.agents import reload as hop
from engine.agents.configuration import Configuration
from engine.agents.desk import Bells, Desk
from engine.rules.evaluate import evaluate
from engine.settings import load
from engine.settings.reading import SettingsFiles, configure
from engine.store import accounts, revision
from engine.store.database import Database
from engine.store.tables import account
from tests.builders import NOW, a_mail
from tests.contracts.transport import until

ENGINE = "version: 1\ndata: ../var\nproviders: {phone: {driver: fake, url: 'http://127.0.0.1:8026'}}\n"
TARIFF = "version: 1\ncurrency: EUR\nsms: [{prefix: '+32', price: '0.08', provider: phone}]\n"
ANNA = "version: 1\nid: anna\nnumbers: ['+32470000001']\n"
RULES = "version: 1\nrules:\n  - {name: Urgent, when: {subject: urgent}, notify: {text: now}}\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """A desk over a folder of files, with the hop that keeps an eye on them running."""
    monkeypatch.setattr(hop, "EVERY", 0.02)
    write(
        tmp_path / "config",
        {"engine.yaml": ENGINE, "tariff.yaml": TARIFF, "accounts/anna.yaml": ANNA, "rules/anna/a.yaml": RULES},
    )
    settings, problems = load(tmp_path / "config")
    assert settings is not None, problems
    store = Database(f"sqlite:///{tmp_path}/store.db")
    revision.ensure(store)
    first: Configuration = configure(settings)
    store.write(lambda c: accounts.upsert(c, list(first.accounts.values()), first.version, NOW))
    nothing = cast(Any, None)
    looked = threading.Event()

    class Looked(SettingsFiles):
        def look(self) -> Hashable:
            found = super().look()
            looked.set()
            return found

    files = Looked(settings, lambda settings: None)
    desk = Desk(
        store=store,
        accounts=first.accounts,
        ruleset=first.ruleset,
        tariff=first.tariff,
        providers={},
        publish=nothing,
        clock=lambda: NOW,
        jitter=nothing,
        mailboxes=first.mailboxes,
        owns=nothing,
        office=nothing,
        bells=Bells(),
        version=first.version,
        files=files,
    )
    task = asyncio.create_task(hop.reload(desk))
    assert await asyncio.to_thread(looked.wait, 60)  # what is written from now on is a change
    yield desk
    desk.draining.set()
    await task
    store.close()


async def test_a_changed_rule_is_in_force_without_a_restart(desk: Desk, tmp_path: Path) -> None:
    before = desk.version
    write(tmp_path / "config", {"rules/anna/a.yaml": RULES.replace("Urgent", "Very urgent")})
    await until(lambda: desk.version != before)
    assert [rule.name for rule in desk.ruleset.of("anna")] == ["Very urgent"]
    assert desk.bells.partitions.is_set()  # the watch looks again at who is to be watched


async def test_a_new_account_has_its_purse_before_it_is_in_force(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "config", {"accounts/bert.yaml": ANNA.replace("anna", "bert").replace("0001", "0002")})
    await until(lambda: "bert" in desk.accounts)
    known = desk.store.read(lambda c: c.execute(sa.select(account.c.id)).scalars().all())
    assert sorted(known) == ["anna", "bert"]


async def test_an_account_that_is_gone_is_frozen(desk: Desk, tmp_path: Path) -> None:
    write(tmp_path / "config", {"accounts/bert.yaml": ANNA.replace("anna", "bert").replace("0001", "0002")})
    await until(lambda: "bert" in desk.accounts)
    (tmp_path / "config" / "accounts" / "bert.yaml").unlink()
    await until(lambda: "bert" not in desk.accounts)
    frozen = desk.store.read(lambda c: c.execute(sa.select(account.c.frozen).where(account.c.id == "bert")).scalar())
    assert frozen is True


async def test_a_broken_file_changes_nothing_and_is_reported_with_its_place(
    desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before, rules = desk.version, desk.ruleset
    write(tmp_path / "config", {"rules/anna/a.yaml": RULES.replace("subject", "subjet")})
    await until(lambda: "has mistakes" in caplog.text)
    assert "a.yaml:3:27: unknown setting 'subjet'; did you mean 'subject'?" in caplog.text
    assert desk.version == before
    assert desk.ruleset is rules
    write(tmp_path / "config", {"rules/anna/a.yaml": RULES.replace("urgent", "spoed")})
    await until(lambda: desk.version != before)


async def test_a_broken_file_is_reported_once(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "config", {"rules/anna/a.yaml": "rules: ["})
    await until(lambda: "has mistakes" in caplog.text)
    await asyncio.sleep(0.3)
    assert caplog.text.count("has mistakes") == 1


async def test_what_needs_a_restart_says_so(desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "config", {"engine.yaml": ENGINE + "web: {port: 9999}\n"})
    await until(lambda: "only in force after the next start: web" in caplog.text)


async def test_who_asks_is_answered_without_a_change(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.bells.configuration.set()
    await until(lambda: not desk.bells.configuration.is_set())
    assert "mistakes" not in caplog.text


@pytest.fixture
def files(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """So many files of 1,000 rules each, for every account."""
    for file in range(request.param):
        rules = [
            f"  - {{name: R{file} {n}, when: {{subject: word{file}x{n}x}}, notify: {{text: now}}}}"
            for n in range(1_000)
        ]
        text = "\n".join(["version: 1", "rules:", *rules])
        write(tmp_path / "config", {f"rules/global/{file}.yaml": text + "\n"})


@pytest.mark.parametrize("files", [10], indirect=True)
async def test_one_changed_rule_of_ten_thousand_is_asked_of_the_next_mail(
    files: None, desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "tocsin.reload")
    mail, before, old = a_mail(account="anna", subject="Spoed!"), desk.version, desk.ruleset
    assert not evaluate(mail, desk.accounts["anna"], desk.ruleset, NOW).notifications
    path = tmp_path / "config/rules/global/7.yaml"
    path.write_text(path.read_text().replace("word7x500x", "spoed"))
    await until(lambda: desk.version != before)
    assert f"configuration {desk.version} is in force" in caplog.text
    [told] = evaluate(mail, desk.accounts["anna"], desk.ruleset, NOW).notifications
    assert told.rule == "r7-500"
    pairs = [*zip(old.scopes["global"], desk.ruleset.scopes["global"], strict=True)]
    assert [one.id for one, other in pairs if one is not other] == ["r7-500"]


@pytest.mark.parametrize("files", [1], indirect=True)
async def test_many_changed_rules_are_in_the_index_before_they_are_in_force(
    files: None, desk: Desk, tmp_path: Path
) -> None:
    before = desk.version
    path = tmp_path / "config/rules/global/0.yaml"
    path.write_text(path.read_text().replace("word0x", "spoed0x"))
    await until(lambda: desk.version != before)
    assert not desk.ruleset.indexed["global"].due
    mail = a_mail(account="anna", subject="spoed0x1x")
    [told] = evaluate(mail, desk.accounts["anna"], desk.ruleset, NOW).notifications
    assert told.rule == "r0-1"
