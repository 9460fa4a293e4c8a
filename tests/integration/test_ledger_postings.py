"""What moves value, and what it leaves behind: balances, statements, replays, reversals, history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guerdon.core.ids import new_id
from guerdon.kernel.ledger import errors, service
from guerdon.kernel.ledger.schemas import Account, Pocket, Posting, Reference, SystemAccount
from guerdon.kernel.ledger.service.exporting import ExportFormat
from support.ledger import CREDIT, POINT, REFERENCE, TOKEN, Ledger, award, gift, held, spend

DAY = timedelta(days=1)


@pytest.fixture
def awa(ledger: Ledger):
    return ledger.member()


@pytest.fixture
def ben(ledger: Ledger):
    return ledger.member()


def test_an_award_a_spend_and_a_gift(ledger: Ledger, awa, ben):
    first = ledger.award(awa, 100)
    assert (first.verdict, first.debit_after, first.credit_after) == ("posted", None, 100)
    second = ledger.post(spend(awa, 30, "s"))
    assert (second.debit_after, second.credit_after) == (70, None)
    third = ledger.post(gift(awa, ben, 20, "g"))
    assert third.debit_after == 50
    assert (ledger.balances(awa), ledger.balances(ben)) == ({"available": 50}, {"available": 20})
    (available,) = ledger.do(service.balances, awa, ledger.now)
    assert (available.earned_minor, available.spent_minor, available.floor_minor) == (100, 30, 0)
    system = {each.account: each.balance_minor for each in ledger.do(service.system_balances)}
    assert system == {"issuance": -100, "redemption": 30}
    assert ledger.faults() == []


def test_a_row_carries_all_that_was_given(ledger: Ledger, awa):
    thing, actor, moment = new_id(), new_id(), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    posting = Posting(
        SystemAccount("issuance", TOKEN),
        Account(awa, TOKEN),
        2**63 - 1,
        "award",
        "ß" * 255,
        reference=Reference(REFERENCE, thing),
        actor_id=actor,
        happened_at=moment,
        detail={"why": "é", "n": [1, None]},
    )
    posted = ledger.post(posting)
    (entry,) = ledger.do(service.get_transfer, awa, posted.transfer_id)
    assert (entry.amount_minor, entry.balance_before_minor, entry.balance_after_minor) == (2**63 - 1, 0, 2**63 - 1)
    assert (entry.reference, entry.actor_id, entry.happened_at) == (Reference(REFERENCE, thing), actor, moment)
    assert entry.detail == {"why": "é", "n": [1, None]}
    assert ledger.post(posting).replayed


def test_a_replay_of_a_whole_batch_after_everything_is_spent(ledger: Ledger, awa, ben):
    batch = [award(awa, 100, "a"), spend(awa, 60, "b"), gift(awa, ben, 40, "c")]
    first = ledger.do(service.post_batch, batch, ledger.now)
    before = ledger.snapshot()
    for all_or_nothing in (True, False):
        again = ledger.do(service.post_batch, batch, ledger.now, all_or_nothing=all_or_nothing)
        assert [each.transfer_id for each in again] == [each.transfer_id for each in first]
        assert all(each.replayed for each in again)
        assert [each.debit_after for each in again] == [None, 40, 0]
    assert ledger.snapshot() == before


def test_a_replay_within_a_batch_that_leaves_nothing(ledger: Ledger, awa):
    ledger.award(awa, 10)
    twice = [spend(awa, 10, "x"), spend(awa, 10, "x"), spend(awa, 9, "x")]
    found = ledger.do(service.post_batch, twice, ledger.now, all_or_nothing=False)
    assert [each.verdict for each in found] == ["posted", "replayed", "idempotency_conflict"]
    assert found[0].transfer_id == found[1].transfer_id
    assert ledger.balances(awa) == {}


def test_keys_belong_to_an_owner(ledger: Ledger, awa, ben):
    assert not ledger.award(awa, 1, key="same").replayed
    assert not ledger.award(ben, 1, key="same").replayed


def test_the_two_keys_of_a_gift_cannot_be_taken(ledger: Ledger, awa, ben):
    ledger.award(awa, 10)
    from guerdon.core.ids import idempotency_uuid

    inner = idempotency_uuid("gift")
    for text in (f"peer:{awa}:{inner}", f"{awa}:{inner}"):
        ledger.award(ben, 1, key=text)
    assert ledger.post(gift(awa, ben, 10, "gift")).verdict == "posted"


def test_the_key_of_a_settlement_cannot_be_taken(ledger: Ledger, awa):
    ledger.award(awa, 10)
    hold_id = ledger.hold(awa, 10, due_at=ledger.now + DAY)
    for text in (f"due:{hold_id}", str(hold_id)):
        ledger.award(awa, 1, key=text)
    ledger.clock.move(2 * DAY)
    assert ledger.do(service.settle_due, ledger.now) == 1
    assert ledger.balances(awa) == {"available": 12}


def test_capture_in_parts_then_the_rest(ledger: Ledger, awa):
    ledger.award(awa, 100)
    hold_id = ledger.hold(awa, 60)
    assert ledger.balances(awa) == {"available": 40, "held": 60}
    ledger.do(service.capture, awa, hold_id, key="1", at=ledger.now, amount_minor=25)
    ledger.do(service.release, awa, hold_id, key="2", at=ledger.now, amount_minor=5)
    rest = ledger.do(service.capture, awa, hold_id, key="3", at=ledger.now)
    assert rest.debit_after == 0
    again = ledger.do(service.capture, awa, hold_id, key="3", at=ledger.now)
    assert (again.transfer_id, again.replayed) == (rest.transfer_id, True)
    assert ledger.balances(awa) == {"available": 45}
    assert ledger.do(service.get_hold, awa, hold_id).closed_at == ledger.now
    assert ledger.faults() == []


def test_a_hold_past_its_due_time_is_available_before_and_after_the_job(ledger: Ledger, awa):
    ledger.award(awa, 100)
    ledger.hold(awa, 60, due_at=ledger.now + DAY)
    ledger.clock.move(DAY)
    before = ledger.balances(awa)
    assert before == {"available": 100}
    assert ledger.do(service.settle_due, ledger.now) == 1
    assert ledger.do(service.settle_due, ledger.now) == 0
    assert ledger.balances(awa) == before
    assert [each.kind for each in ledger.do(service.statement, awa, ledger.now)] == ["release", "hold", "award"]


def test_what_is_due_can_be_spent_without_the_job(ledger: Ledger, awa):
    ledger.award(awa, 100)
    ledger.hold(awa, 100, due_at=ledger.now + DAY)
    ledger.clock.move(DAY)
    assert ledger.post(spend(awa, 100, "s")).debit_after == 0
    assert ledger.faults() == []


def test_a_pending_award_matures(ledger: Ledger, awa):
    source = SystemAccount("issuance", POINT)
    options = {"kind": "award", "at": ledger.now, "matures_at": ledger.now + DAY}
    ledger.do(service.award_pending, source, awa, 50, key="p", **options)
    assert ledger.balances(awa) == {"pending": 50}
    ledger.clock.move(DAY)
    assert ledger.balances(awa) == {"available": 50}
    assert ledger.post(spend(awa, 50, "s")).verdict == "posted"


@pytest.mark.parametrize("settled", [True, False])
def test_a_matured_award_can_be_reversed_whether_or_not_the_job_has_run(ledger: Ledger, awa, settled):
    source = SystemAccount("issuance", POINT)
    options = {"kind": "award", "at": ledger.now, "matures_at": ledger.now + DAY}
    pending = ledger.do(service.award_pending, source, awa, 50, key="p", **options)
    ledger.clock.move(DAY)
    if settled:
        ledger.do(service.settle_due, ledger.now)
    reversal = ledger.do(service.reverse, awa, pending.transfer_id, key="r", at=ledger.now)
    assert ledger.balances(awa) == {}
    again = ledger.do(service.reverse, awa, pending.transfer_id, key="r", at=ledger.now)
    assert (again.replayed, again.transfer_id) == (True, reversal.transfer_id)
    assert ledger.faults() == []


def test_a_reversal_of_what_is_pending_replays(ledger: Ledger, awa):
    source = SystemAccount("issuance", POINT)
    options = {"kind": "award", "at": ledger.now, "matures_at": None}
    pending = ledger.do(service.award_pending, source, awa, 50, key="p", **options)
    first = ledger.do(service.reverse, awa, pending.transfer_id, key="r", at=ledger.now)
    again = ledger.do(service.reverse, awa, pending.transfer_id, key="r", at=ledger.now)
    assert (again.transfer_id, again.replayed) == (first.transfer_id, True)
    assert ledger.balances(awa) == {}


def test_reversal_in_parts(ledger: Ledger, awa):
    original = ledger.award(awa, 100)
    ledger.do(service.reverse, awa, original.transfer_id, key="1", at=ledger.now, amount_minor=40, reason="typo")
    rest = ledger.do(service.reverse, awa, original.transfer_id, key="2", at=ledger.now)
    assert rest.debit_after == 0
    assert ledger.do(service.reverse, awa, original.transfer_id, key="2", at=ledger.now).replayed
    (balance,) = ledger.do(service.balances, awa, ledger.now)
    assert (balance.balance_minor, balance.earned_minor) == (0, 0)
    assert ledger.faults() == []


def test_a_gift_goes_back_from_the_one_who_received(ledger: Ledger, awa, ben):
    ledger.award(awa, 10)
    given = ledger.post(gift(awa, ben, 10, "g"))
    with pytest.raises(errors.NotReversibleError):
        ledger.do(service.reverse, awa, given.transfer_id, key="r", at=ledger.now)
    ledger.do(service.reverse, ben, given.transfer_id, key="r", at=ledger.now)
    assert (ledger.balances(awa), ledger.balances(ben)) == ({"available": 10}, {})
    assert ledger.faults() == []


def test_an_adjustment_is_on_record_and_reversible(ledger: Ledger, awa, recorded):
    actor = new_id()
    options = {"reason": " Counted twice ", "actor_id": None, "key": "adj", "at": ledger.now}
    with ledger.database.transaction() as session:
        from guerdon.kernel.identity.service.accounts import create_account

        staff = create_account(session, ledger.clock, email="s@example.org", name="Staff", password=None)
    actor = options["actor_id"] = staff.id
    posted = ledger.do(service.adjust, Account(awa, CREDIT), 1250, **options)
    assert ledger.do(service.adjust, Account(awa, CREDIT), 1250, **options).replayed
    from guerdon.kernel.admin import audit

    with ledger.database.transaction() as session:
        ((entry, name),) = audit.search(session, action="ledger.balance_adjusted")
    assert (entry.actor_user_id, name, entry.resource_id, entry.reason) == (actor, "Staff", awa, "Counted twice")
    assert entry.new_values == {"unit": CREDIT, "amount": "12.50", "transfer_id": str(posted.transfer_id)}
    ledger.do(service.reverse, awa, posted.transfer_id, key="r", at=ledger.now)
    assert ledger.balances(awa, CREDIT) == {}


def test_the_present_is_not_the_past(ledger: Ledger, awa):
    def moment() -> datetime:
        with ledger.database.transaction() as session:
            from sqlalchemy import text

            return session.execute(text("SELECT clock_timestamp()")).scalar_one()

    happened = datetime(2026, 1, 1, tzinfo=UTC)
    start = moment()
    late = Posting(SystemAccount("issuance", POINT), Account(awa, POINT), 10, "award", "l", happened_at=happened)
    ledger.post(late)
    middle = moment()
    ledger.post(spend(awa, 4, "s"))
    account = Account(awa, POINT)
    recorded = [ledger.do(service.balance_at, account, each) for each in (start, middle, moment())]
    assert recorded == [0, 10, 6]
    by_happened = [
        ledger.do(service.balance_at, account, each, by_happened=True)
        for each in (happened - DAY, happened, ledger.now - DAY, ledger.now)
    ]
    assert by_happened == [0, 10, 10, 6]


def test_the_past_does_not_change_when_the_job_runs(ledger: Ledger, awa):
    ledger.award(awa, 100)
    start = ledger.now
    ledger.hold(awa, 60, due_at=start + DAY)
    ledger.clock.move(3 * DAY)
    moments = [start - DAY, start, start + DAY, start + 2 * DAY]

    def history() -> list[tuple[int, int]]:
        return [
            tuple(
                ledger.do(service.balance_at, account, each, by_happened=True)
                for account in (Account(awa, POINT), held(awa))
            )
            for each in moments
        ]

    expected = [(0, 0), (40, 60), (100, 0), (100, 0)]
    assert history() == expected
    ledger.do(service.settle_due, ledger.now)
    assert history() == expected


def test_statement_pages_lose_and_repeat_nothing(ledger: Ledger, awa):
    ledger.award(awa, 100)
    for _ in range(5):
        ledger.hold(awa, 10)
    for size in (1, 2, 3, 100):
        seen = []
        before = before_pocket = None
        while True:
            page = ledger.do(
                service.statement,
                awa,
                ledger.now,
                pocket=None,
                before=before,
                before_pocket=before_pocket,
                limit=size,
            )
            if not page:
                break
            seen += [(each.transfer_id, each.pocket) for each in page]
            before, before_pocket = page[-1].transfer_id, page[-1].pocket
        assert len(seen) == len(set(seen)) == 11
        assert [each[0] for each in seen] == sorted((each[0] for each in seen), reverse=True)


def test_statement_filters(ledger: Ledger, awa):
    ledger.award(awa, 100)
    ledger.award(awa, 100, CREDIT)
    ledger.clock.move(DAY)
    ledger.post(spend(awa, 1, "s"))
    now = ledger.now
    units = [each.unit for each in ledger.do(service.statement, awa, now, unit=CREDIT)]
    assert units == [CREDIT]
    assert [each.kind for each in ledger.do(service.statement, awa, now, since=now)] == ["spend"]
    assert [each.kind for each in ledger.do(service.statement, awa, now, until=now, unit=POINT)] == ["award"]
    assert ledger.do(service.statement, awa, now, pocket=Pocket.HELD) == []


def test_what_is_due_and_does_not_fit_waits_and_everything_can_be_read(ledger: Ledger, awa):
    most, source = 2**63 - 1, SystemAccount("issuance", POINT)
    ledger.award(awa, most - 5)
    ledger.do(service.award_pending, source, awa, 50, kind="award", key="p", at=ledger.now, matures_at=ledger.now + DAY)
    ledger.clock.move(DAY)
    for _ in range(2):
        ledger.do(service.settle_due, ledger.now)
        assert ledger.balances(awa) == {"available": most}
        assert ledger.do(service.balance_at, Account(awa, POINT), ledger.now, by_happened=True) == most
    assert ledger.do(service.statement, awa, ledger.now, pocket=None)
    ledger.post(spend(awa, 100, "s"))
    assert ledger.balances(awa) == {"available": most - 55}
    assert ledger.faults() == []


def test_folding_changes_no_balance(ledger: Ledger, awa):
    for _ in range(3):
        ledger.award(awa, 5)
    before = ledger.do(service.system_balances)
    assert ledger.do(service.fold_system_balances) == 3
    assert ledger.do(service.fold_system_balances) == 0
    assert ledger.do(service.system_balances) == before
    assert ledger.faults() == []


def test_a_bounded_owner_and_its_floor(ledger: Ledger, awa):
    budget = ledger.budget("test.budget", floor_minor=-50)
    assert ledger.budget("test.budget", floor_minor=0) == budget
    ledger.post(gift(budget, awa, 50, "1"))
    before = ledger.snapshot()
    with pytest.raises(errors.InsufficientBalanceError) as caught:
        ledger.post(gift(budget, awa, 1, "2"))
    assert caught.value.params["shortfall_minor"] == 1
    assert ledger.snapshot() == before
    ledger.do(service.set_floor, budget, POINT, None)
    ledger.post(gift(budget, awa, 1000, "3"))
    with pytest.raises(errors.InsufficientBalanceError):
        ledger.do(service.set_floor, budget, POINT, 0)


def test_export_and_its_two_forms_agree(ledger: Ledger, awa, ben):
    import csv
    import io
    import json

    ledger.award(awa, 12345, CREDIT)
    ledger.hold(awa, 5, CREDIT)
    ledger.post(replace(award(ben, 1, "shared"), detail={"share": 0.125, "of": [1, "2.50"]}))

    def export(form: ExportFormat, **wanted) -> str:
        with ledger.database.transaction() as session:
            return "".join(service.export_entries(session, form, service.Wanted(**wanted)))

    lines = [json.loads(line) for line in export(ExportFormat.JSONL).splitlines()]
    rows = list(csv.DictReader(io.StringIO(export(ExportFormat.CSV))))
    assert [(row["owner_id"], row["amount"]) for row in rows] == [(each["owner_id"], each["amount"]) for each in lines]
    assert [each["amount"] for each in lines if each["owner_id"] == str(awa)] == ["123.45", "-0.05", "0.05"]
    assert json.loads(export(ExportFormat.JSONL, owner_id=ben))["detail"] == {"share": 0.125, "of": [1, "2.50"]}
    assert json.loads(next(row["detail"] for row in rows if row["owner_id"] == str(ben)))["share"] == 0.125
    assert len(export(ExportFormat.JSONL, unit=CREDIT).splitlines()) == 3
