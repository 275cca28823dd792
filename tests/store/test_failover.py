"""Several providers for one message: who takes over when one says no, is silent, or is given up."""

from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from engine.answer import Answer, Outcome, ProviderClass
from engine.health import FIRST_REST, THRESHOLD, Health, State
from engine.message import message_id
from engine.notification import Channel, Lane, Notification
from engine.reason import Reason
from engine.store import accounts, attempts, due, inbox, ledger, pace, receipts, send_queue
from engine.store.database import Database
from engine.store.due import DueKind
from engine.store.send_queue import Claim, Claims, Terms
from engine.store.tables import message
from tests.builders import ACCEPTED, BUSY, NOW, REFUSED, SILENT, a_notification, a_quote, an_account

UNREACHABLE = Answer(outcome=Outcome.NOT_TAKEN, reason=Reason.PROVIDER_UNREACHABLE)
LOCKED_OUT = Answer(outcome=Outcome.REFUSED, reason=Reason.PROVIDER_AUTH)
SECOND = timedelta(seconds=1)


def both(of_a: ProviderClass = ProviderClass.OPAQUE, **other: object) -> dict[str, Terms]:
    def one(kind: ProviderClass) -> Terms:
        return Terms(kind, 10 * SECOND, timedelta(hours=24), **other)  # type: ignore[arg-type]

    return {"a": one(of_a), "b": one(ProviderClass.OPAQUE)}


def admit(store: Database, *told: Notification) -> None:
    store.write(lambda c: accounts.upsert(c, [an_account(parts=10_000)], "v", NOW))
    quote = a_quote(provider="a").model_copy(update={"others": ("b",)})
    store.write(lambda c: inbox.take_in(c, [(each, quote) for each in told], "EUR", NOW))


def claims(store: Database, known: dict[str, Terms], later: timedelta = timedelta(0), **calls: int) -> Claims:
    return store.write(lambda c: send_queue.claim(c, known, 16, lambda: NOW + later, calls))


def answer(
    store: Database, claim: Claim, said: Answer, known: dict[str, Terms], later: timedelta = 0 * SECOND
) -> None:
    mine = known[claim.message.provider]
    store.write(lambda c: attempts.answer(c, claim, said, mine, NOW + later, 3 * SECOND))


def facts(store: Database, told: Notification) -> list[str]:
    return [f"{each.fate} {each.reason}" for each in store.read(lambda c: receipts.of_notification(c, told.id))]


def spent(store: Database) -> tuple[int, int]:
    shown = store.read(lambda c: ledger.credits(c, "anna"))[0]
    return shown.held, shown.spent


def state(store: Database, name: str, later: timedelta = timedelta(0)) -> State:
    return store.write(lambda c: pace.hold(c, {name: None}))[name].health.state(NOW + later)


def on_sqlite_only(store: Database) -> None:
    if store.url.startswith("postgresql"):
        pytest.skip("there the server's clock counts, which no test sets")


@pytest.mark.parametrize("said", [UNREACHABLE, LOCKED_OUT], ids=["not reached", "our account is refused"])
def test_a_no_that_holds_for_one_provider_sends_it_through_the_next_at_once(store: Database, said: Answer) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    [first] = claims(store, known).claims
    answer(store, first, said, known)
    [second] = claims(store, known).claims
    assert (first.message.provider, second.message.provider) == ("a", "b")
    assert first.client_ref != second.client_ref
    answer(store, second, ACCEPTED, known)
    assert facts(store, told) == ["queued admitted", f"queued {said.reason}", "sent accepted"]
    assert spent(store) == (0, 1)


def test_a_no_that_holds_for_the_message_ends_it(store: Database) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    answer(store, claims(store, known).claims[0], REFUSED, known)
    assert facts(store, told)[-1] == "failed bad_number"
    assert claims(store, known).claims == []


def test_when_both_have_refused_it_is_given_up_and_costs_nothing(store: Database) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    for _ in range(2):
        answer(store, claims(store, known).claims[0], LOCKED_OUT, known)
    assert facts(store, told)[-1] == "failed provider_auth"
    assert spent(store) == (0, 0)


def test_too_fast_is_no_reason_to_go_elsewhere(store: Database) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    answer(store, claims(store, known).claims[0], BUSY, known)
    [due_at] = store.read(lambda c: c.execute(sa.select(due.due.c.kind)).scalars().all())
    assert due_at == DueKind.RETRY.value
    assert claims(store, known).claims == []


@pytest.mark.parametrize("reason", [Reason.STORE_DOWN, Reason.HELD_UP])
def test_what_we_could_not_hand_over_ourselves_stays_with_its_provider(store: Database, reason: Reason) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    answer(store, claims(store, known).claims[0], Answer(outcome=Outcome.NOT_TAKEN, reason=reason), known)
    assert facts(store, told)[-1] == f"queued {reason}"
    store.write(lambda c: send_queue.ready(c, message_id(told.id, Channel.SMS)))
    assert [each.message.provider for each in claims(store, known).claims] == ["a"]


def test_no_answer_holds_the_message_unless_its_owner_prefers_twice_to_never(store: Database) -> None:
    held, again, known = a_notification(1), a_notification(2, on_unknown="resend"), both()
    admit(store, held, again)
    for claim in claims(store, known).claims:
        answer(store, claim, SILENT, known)
    [claim] = claims(store, known).claims
    assert (claim.message.provider, claim.message.on_unknown) == ("b", "resend")
    answer(store, claim, ACCEPTED, known)
    assert facts(store, held)[-1] == "uncertain held_uncertain"
    assert facts(store, again) == ["queued admitted", "queued no_answer", "sent accepted"]
    assert spent(store) == (1, 1)


def test_a_late_yes_of_the_first_provider_settles_what_the_second_was_to_send(store: Database) -> None:
    told, known = a_notification(on_unknown="resend"), both()
    admit(store, told)
    [first] = claims(store, known).claims
    answer(store, first, SILENT, known)
    answer(store, first, ACCEPTED, known)
    assert claims(store, known).claims == []
    assert spent(store) == (0, 1)


def test_a_silent_provider_is_given_up_and_what_waits_for_it_goes_through_the_other(store: Database) -> None:
    on_sqlite_only(store)
    told, known = [a_notification(n) for n in range(60)], both(window=16)
    admit(store, *told)
    first = claims(store, known).claims
    assert [each.message.provider for each in first] == ["a"] * 16
    assert claims(store, known, a=16).claims == []
    for each in first:
        answer(store, each, SILENT, known)
    assert state(store, "a") is State.OPEN
    through = []
    while found := claims(store, known).claims:
        for each in found:
            answer(store, each, ACCEPTED.model_copy(update={"provider_ref": each.client_ref}), known)
        through += [each.message.provider for each in found]
    assert through == ["b"] * 44
    assert spent(store) == (16, 44)
    moved = [facts(store, each)[1] for each in told if len(facts(store, each)) == 3]
    assert moved == ["queued provider_down"] * 44


def test_what_may_have_been_taken_stays_where_it_was(store: Database) -> None:
    """An idempotent provider is asked again under the same reference; another one knows nothing of that."""
    on_sqlite_only(store)
    known = both(ProviderClass.IDEMPOTENT)
    told = [a_notification(n) for n in range(THRESHOLD)]
    admit(store, *told)
    for each in claims(store, known).claims:
        answer(store, each, SILENT, known)
    later = timedelta(seconds=4)
    for each in store.write(lambda c: due.take(c, NOW + later)):
        store.write(lambda c: send_queue.ready(c, UUID(each.key)))  # noqa: B023
    assert claims(store, known, later).claims == []
    providers = store.read(lambda c: c.execute(sa.select(message.c.provider).distinct()).scalars().all())
    assert providers == ["a"]


def test_after_a_rest_one_message_tries_and_the_others_do_not_wait_for_it(store: Database) -> None:
    on_sqlite_only(store)
    known = both()
    admit(store, *(a_notification(n) for n in range(THRESHOLD)))
    for each in claims(store, known).claims:
        answer(store, each, UNREACHABLE, known)
    assert state(store, "a") is State.OPEN
    assert [each.message.provider for each in claims(store, known).claims] == ["b"] * THRESHOLD
    admit(store, *(a_notification(100 + n) for n in range(5)))
    later = FIRST_REST + SECOND
    found = claims(store, known, later)
    assert [each.message.provider for each in found.claims] == ["a"]
    assert [each.message.provider for each in claims(store, known, later).claims] == ["b"] * 4
    answer(store, found.claims[0], ACCEPTED, known, later)
    assert state(store, "a", later) is State.CLOSED


def test_with_nobody_to_stand_in_everything_waits_for_the_try(store: Database) -> None:
    on_sqlite_only(store)
    known = both()
    del known["b"]
    admit(store, *(a_notification(n) for n in range(THRESHOLD + 5)))
    for each in claims(store, known).claims[:THRESHOLD]:
        answer(store, each, SILENT, known)
    admit(store, *(a_notification(100 + n) for n in range(3)))
    taken = claims(store, known)
    assert taken.claims == []
    assert taken.wait == FIRST_REST
    assert taken.shares == {"a": 0.0}


def test_a_provider_that_is_no_longer_configured_hands_over_what_waits(store: Database) -> None:
    told, known = a_notification(), both()
    del known["a"]
    admit(store, told)
    assert claims(store, known).claims == []
    [claim] = claims(store, known).claims
    assert claim.message.provider == "b"


def test_what_a_provider_that_is_no_longer_configured_may_have_taken_waits_for_its_receipt(store: Database) -> None:
    told, again = a_notification(1), a_notification(2, on_unknown="resend")
    known = both(ProviderClass.IDEMPOTENT)
    admit(store, told, again)
    for each in claims(store, known).claims:
        answer(store, each, SILENT, known)
        store.write(lambda c: send_queue.ready(c, each.message.id))  # noqa: B023
    del known["a"]
    assert claims(store, known).claims == []
    [claim] = claims(store, known).claims
    assert (claim.message.provider, claim.message.on_unknown) == ("b", "resend")
    assert facts(store, told)[-1] == "uncertain provider_unknown"
    assert spent(store) == (2, 0)


def test_too_fast_makes_it_slower_for_all_and_its_wait_holds_for_all(store: Database) -> None:
    on_sqlite_only(store)
    known = both()
    admit(store, *(a_notification(n) for n in range(40)))
    first = claims(store, known).claims
    answer(store, first[0], BUSY.model_copy(update={"retry_after": 5 * SECOND}), known)
    waiting = claims(store, known)
    assert waiting.claims == []
    assert waiting.wait is not None
    assert timedelta(seconds=4) < waiting.wait <= 5 * SECOND
    # Then 20 a second, and faster by a tenth each second: one at a time, not the 16 that could go.
    assert len(claims(store, known, 5 * SECOND).claims) == 1


def test_one_provider_that_is_full_leaves_the_seats_of_the_others(store: Database) -> None:
    known = both(window=2)
    admit(store, *(a_notification(n) for n in range(4)))
    quote = a_quote(provider="b")
    store.write(lambda c: inbox.take_in(c, [(a_notification(50 + n), quote) for n in range(4)], "EUR", NOW))
    assert sorted(each.message.provider for each in claims(store, known).claims) == ["a", "a", "b", "b"]
    assert [each.message.provider for each in claims(store, known, a=2, b=1).claims] == ["b"]


def test_bulk_from_many_accounts_is_walked_and_urgent_ones_come_first(store: Database) -> None:
    names = [f"office-{n:03}" for n in range(40)]
    store.write(lambda c: accounts.upsert(c, [an_account(name, parts=100) for name in names], "v", NOW))
    told = [a_notification(n, account=name, lane=Lane.BULK) for n in range(3) for name in names]
    told += [a_notification(9, account="office-017", lane=Lane.URGENT)]
    store.write(lambda c: inbox.take_in(c, [(each, a_quote(provider="b")) for each in told], "EUR", NOW))
    found = claims(store, both()).claims
    assert len(found) == 16
    assert found[0].message.account == "office-017"
    bulk = [each.message.account for each in found[1:]]
    assert bulk == names[:15]


def test_a_provider_that_is_well_writes_nothing_of_its_health(store: Database) -> None:
    told, known = a_notification(), both()
    admit(store, told)
    answer(store, claims(store, known).claims[0], ACCEPTED, known)
    health = store.write(lambda c: pace.hold(c, {"a": None}))["a"].health
    assert health == Health()


@pytest.mark.parametrize("said", [UNREACHABLE, BUSY, LOCKED_OUT], ids=["not reached", "too fast", "our account"])
def test_a_call_that_did_nothing_says_nothing_of_an_earlier_one_under_the_same_reference(
    store: Database, said: Answer
) -> None:
    """An idempotent provider may have taken the first call; only the same reference there keeps it from a second."""
    told, known = a_notification(), both(ProviderClass.IDEMPOTENT)
    admit(store, told)
    later = timedelta(0)
    refs = []
    for answered in (SILENT, said, said):
        [claim] = claims(store, known, later).claims
        refs.append((claim.message.provider, claim.client_ref))
        answer(store, claim, answered, known, later)
        later += timedelta(seconds=30)
        for each in store.write(lambda c: due.take(c, NOW + later)):  # noqa: B023
            store.write(lambda c: send_queue.ready(c, UUID(each.key)))  # noqa: B023
    [claim] = claims(store, known, later).claims
    assert {*refs, (claim.message.provider, claim.client_ref)} == {("a", refs[0][1])}
    answer(store, claim, ACCEPTED, known, later)
    assert facts(store, told)[-1] == "sent accepted"
    assert spent(store) == (0, 1)
