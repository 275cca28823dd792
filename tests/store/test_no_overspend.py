"""Eight threads spend while two `tocsin topup` processes pay in: never one unit too many, the sum exact."""

import subprocess
import sys
import threading
from pathlib import Path

from engine.money import Money
from engine.store import accounts, inbox, ledger, revision
from engine.store.database import Database
from tests.builders import NOW, PRICE, a_notification, a_quote, an_account

CREDIT, ATTEMPTS, THREADS, PAYERS = 500, 1000, 8, 2

ACCOUNT = """\
version: 1
id: anna
language: nl
zone: Europe/Brussels
numbers: ["+32 470 00 00 01"]
plan: {parts_per_month: 0, daily_cap: 1000000}
"""
ENGINE = """\
version: 1
data: ../var
providers: {phone: {driver: fake, url: "http://127.0.0.1:9", class: opaque}}
"""
TARIFF = """\
version: 1
currency: EUR
sms: [{prefix: "+32", price: "0.08", provider: phone}]
"""


def test_never_one_unit_too_many_while_others_pay_in(tmp_path: Path) -> None:
    config = tmp_path / "config"
    (config / "accounts").mkdir(parents=True)
    (config / "accounts" / "anna.yaml").write_text(ACCOUNT)
    (config / "engine.yaml").write_text(ENGINE)
    (config / "tariff.yaml").write_text(TARIFF)
    (tmp_path / "var").mkdir()
    store = Database(f"sqlite:///{tmp_path}/var/store.db")
    revision.ensure(store)
    store.write(lambda c: accounts.upsert(c, [an_account()], "v", NOW))
    credit = Money(minor=PRICE.minor * CREDIT, currency="EUR")
    store.write(lambda c: ledger.topup(c, "anna", credit, "first", NOW, "test"))

    # Each payer pays for three messages, in three runs of the real command.
    command = [sys.executable, "-m", "engine", "-c", str(config), "topup", "anna", "0.08", "--yes"]
    failures: list[str] = []

    def pay() -> None:
        for _ in range(3):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                failures.append(done.stderr)

    def spend(share: range) -> None:
        for number in share:
            asked = [(a_notification(number), a_quote())]
            store.write(lambda c: inbox.take_in(c, asked, "EUR", NOW))  # noqa: B023

    payers = [threading.Thread(target=pay) for _ in range(PAYERS)]
    each = ATTEMPTS // THREADS
    spenders = [threading.Thread(target=spend, args=(range(n * each, (n + 1) * each),)) for n in range(THREADS)]
    for thread in (*payers, *spenders):
        thread.start()
    for thread in (*payers, *spenders):
        thread.join()
    assert failures == []

    paid_in = CREDIT + PAYERS * 3
    [balance] = store.read(lambda c: ledger.credits(c, "anna"))
    admitted, rest = divmod(balance.held, PRICE.minor)
    assert rest == 0
    assert balance.available + balance.held == paid_in * PRICE.minor
    assert CREDIT <= admitted <= paid_in
    spend(range(ATTEMPTS, ATTEMPTS + 20))  # what the payers brought after the last attempt
    [balance] = store.read(lambda c: ledger.credits(c, "anna"))
    assert (balance.available, balance.held) == (0, paid_in * PRICE.minor)
    assert store.read(ledger.differences) == []
    store.close()
