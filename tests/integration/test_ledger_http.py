"""The ledger over HTTP, as integrators and members meet it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from guerdon.core.ids import new_id
from guerdon.kernel.ledger import service
from support.ledger import CREDIT, POINT, TOKEN
from support.ledger_http import BASE, WHILE, account, issue, keyed


def test_units(teller, holders, ledger):
    answer = teller("awa").get(f"{BASE}/units")
    assert {"code": CREDIT, "scale": 2, "kind": "credits", "name": "credits"} in answer.json()


def test_a_transfer_its_replay_and_its_conflict(desk, holders, ledger):
    first = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], "12.50"), headers=keyed("k"))
    assert first.status_code == 201, first.text
    body = first.json()
    assert (body["amount"], body["credit_after"], body["debit_after"]) == ("12.50", "12.50", None)
    assert body["debit"] == {"owner_id": None, "system": "issuance", "unit": CREDIT, "pocket": None}
    assert body["credit"]["pocket"] == "available"
    assert (body["replayed"], body["actor_id"]) == (False, str(holders["ada"]))
    again = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], "12.5", idempotency_key="k"))
    assert (again.status_code, again.json()) == (200, {**body, "replayed": True})
    before = ledger.snapshot()
    other = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], "12.51"), headers=keyed("k"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert ledger.snapshot() == before


def test_a_transfer_can_be_loaded_by_its_owner_and_by_staff_only(desk, teller, holders):
    made = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], "1"), headers=keyed("k")).json()
    path = f"{BASE}/owners/{{}}/transfers/{made['id']}"
    expected = {**made, "replayed": True}
    assert teller("awa").get(path.format("me")).json() == expected
    assert teller("sam").get(path.format(holders["awa"])).json() == expected
    assert teller("ben").get(path.format(holders["awa"])).status_code == 403
    assert teller("ben").get(path.format("me")).json()["code"] == "transfer-not-found"


def test_an_account_that_is_none_or_two_at_once(desk, holders, ledger):
    before = ledger.snapshot()
    sound = issue(holders["awa"], "1")
    for debit in (
        {},
        {"owner_id": str(holders["ben"]), "system": "issuance"},
        {"system": "issuance", "pocket": "held"},
    ):
        answer = desk.post(f"{BASE}/transfers", json={**sound, "debit": {"unit": CREDIT, **debit}}, headers=keyed("k"))
        [fault] = answer.json()["errors"]
        assert (answer.status_code, fault["field"], fault["code"]) == (422, "debit", "account-ambiguous")
        assert fault["detail"].startswith("An account has either an owner_id or a system name")
    assert ledger.snapshot() == before


@pytest.mark.parametrize(
    ("amount", "unit", "code"),
    [
        ("12.505", CREDIT, "amount-too-precise"),
        ("0.5", POINT, "amount-too-precise"),
        ("0.0000000001", TOKEN, "amount-too-precise"),
        ("0", CREDIT, "amount-not-positive"),
        ("-1", CREDIT, "amount-not-positive"),
        ("92233720368547758.08", CREDIT, "amount-out-of-range"),
        ("9223372036854775808", POINT, "amount-out-of-range"),
    ],
)
def test_amounts_that_do_not_fit_the_unit(desk, holders, ledger, amount, unit, code):
    before = ledger.snapshot()
    answer = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], amount, unit), headers=keyed("k"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, "amount")
    batch = {"transfers": [issue(holders["awa"], "1", idempotency_key="a"), issue(holders["awa"], amount, unit)]}
    batch["transfers"][1]["idempotency_key"] = "b"
    answer = desk.post(f"{BASE}/transfers/batch", json=batch)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"] == "transfers.1.amount"
    assert ledger.snapshot() == before


@pytest.mark.parametrize("amount", [12.5, "12,50", "1e3", "NaN", "Infinity", "", " ", "0x10", None, True, [], "١٢"])
def test_amounts_that_are_none(desk, holders, ledger, amount):
    before = ledger.snapshot()
    answer = desk.post(f"{BASE}/transfers", json=issue(holders["awa"], amount), headers=keyed("k"))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == ["amount"]
    assert ledger.snapshot() == before


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z"])
def test_moments_that_cannot_be_shown_again(desk, holders, ledger, moment):
    before = ledger.snapshot()
    posting = issue(holders["awa"], "1", happened_at=moment, idempotency_key="a")
    pending = issue(holders["awa"], "1", due_at=moment, idempotency_key="b")
    pending["credit"]["pocket"] = "pending"
    batch = {"mode": "verdicts", "transfers": [posting, pending]}
    for path, body, fields in [
        ("transfers", posting, ["happened_at"]),
        ("transfers/batch", batch, ["transfers.0.happened_at", "transfers.1.due_at"]),
        (f"owners/{holders['awa']}/holds", {"unit": CREDIT, "amount": "1", "due_at": moment}, ["due_at"]),
    ]:
        answer = desk.post(f"{BASE}/{path}", json=body, headers=keyed("a"))
        assert answer.status_code == 422, answer.text
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
            (field, "moment-out-of-range") for field in fields
        ]
    assert ledger.snapshot() == before


def test_the_largest_amount(desk, holders):
    answer = desk.post(
        f"{BASE}/transfers", json=issue(holders["awa"], "9223372036.854775807", TOKEN), headers=keyed("k")
    )
    assert (answer.status_code, answer.json()["credit_after"]) == (201, "9223372036.854775807")


REFUSALS: dict[str, tuple[int, str, Callable[[dict[str, UUID]], dict[str, Any]]]] = {
    "below the floor": (
        409,
        "insufficient-balance",
        lambda p: {"debit": account(p["awa"]), "credit": account(p["ben"])},
    ),
    "unknown owner": (404, "unknown-account", lambda p: {"credit": account(new_id())}),
    "unknown system account": (404, "unknown-account", lambda p: {"debit": {"system": "nowhere", "unit": CREDIT}}),
    "unknown unit": (
        404,
        "unknown-unit",
        lambda p: {"debit": {"system": "issuance", "unit": "NOPE"}, "credit": account(p["awa"], "NOPE")},
    ),
    "unit mismatch": (422, "unit-mismatch", lambda p: {"credit": account(p["awa"], POINT)}),
    "same account": (422, "same-account", lambda p: {"debit": account(p["awa"]), "credit": account(p["awa"])}),
    "nobody's": (422, "no-owner-account", lambda p: {"credit": {"system": "redemption", "unit": CREDIT}}),
    "unknown kind": (422, "unknown-kind", lambda p: {"kind": "magic"}),
    "unknown reference": (
        422,
        "unknown-reference-type",
        lambda p: {"reference": {"type": "magic", "id": str(new_id())}},
    ),
    "held without its hold": (
        422,
        "hold-required",
        lambda p: {"debit": account(p["awa"], pocket="held"), "credit": account(p["awa"])},
    ),
    "a hold without held": (422, "hold-not-debited", lambda p: {"hold_id": str(new_id())}),
    "a due time without a hold": (422, "due-without-hold", lambda p: {"due_at": "2030-01-01T00:00:00Z"}),
    "no such hold": (
        404,
        "hold-not-found",
        lambda p: {
            "debit": account(p["awa"], pocket="held"),
            "credit": account(p["awa"]),
            "hold_id": str(new_id()),
        },
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refused_transfers_move_nothing(desk, holders, ledger, name):
    status, code, change = REFUSALS[name]
    before = ledger.snapshot()
    body = {**issue(holders["awa"], "1"), **change(holders)}
    answer = desk.post(f"{BASE}/transfers", json=body, headers=keyed("k"))
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert ledger.snapshot() == before


@pytest.mark.parametrize(
    "credit",
    [
        {"unit": CREDIT},
        {"owner_id": str(new_id()), "system": "issuance", "unit": CREDIT},
        {"system": "redemption", "unit": CREDIT, "pocket": "held"},
        {"owner_id": "x", "unit": CREDIT},
        {"owner_id": str(new_id())},
        {"owner_id": str(new_id()), "unit": CREDIT, "pocket": "sock"},
    ],
)
def test_accounts_that_name_nothing(desk, ledger, holders, credit):
    before = ledger.snapshot()
    answer = desk.post(f"{BASE}/transfers", json={**issue(holders["awa"], "1"), "credit": credit}, headers=keyed("k"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("credit")
    assert ledger.snapshot() == before


def test_keys(desk, holders, ledger):
    before = ledger.snapshot()
    path = f"{BASE}/transfers"
    assert desk.post(path, json=issue(holders["awa"], "1")).json()["code"] == "idempotency-key-missing"
    both = desk.post(path, json=issue(holders["awa"], "1", idempotency_key="a"), headers=keyed("b"))
    assert both.json()["code"] == "idempotency-keys-differ"
    assert desk.post(path, json=issue(holders["awa"], "1"), headers=keyed("x" * 256)).status_code == 422
    assert desk.post(path, json=issue(holders["awa"], "1", idempotency_key="")).status_code == 422
    unseen = issue(holders["awa"], "1", idempotency_key="a\u200db")
    for where, body in ((path, unseen), (f"{path}/batch", {"mode": "atomic", "transfers": [unseen]})):
        refused = desk.post(where, json=body)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["code"] == "text-invisible"
        assert "Character 2 is U+200D ZERO WIDTH JOINER" in refused.json()["errors"][0]["detail"]
    assert ledger.snapshot() == before


def batch_of(holders: dict[str, UUID], mode: str, **more: Any) -> dict[str, Any]:
    out = {"credit": {"system": "redemption", "unit": CREDIT}, "debit": account(holders["awa"]), "kind": "spend"}
    transfers = [
        issue(holders["awa"], "10", idempotency_key="1"),
        {**issue(holders["awa"], "99"), **out, "idempotency_key": "2"},
        issue(holders["awa"], "10", idempotency_key="1"),
        issue(holders["awa"], "0.001", idempotency_key="3"),
        {**issue(holders["awa"], "4"), **out, "idempotency_key": "4"},
        issue(holders["awa"], "1"),
    ]
    return {"mode": mode, "transfers": transfers, **more}


def test_a_batch_with_verdicts_and_its_dry_run(desk, holders, ledger):
    path = f"{BASE}/transfers/batch"
    before = ledger.snapshot()
    foretold = desk.post(path, json=batch_of(holders, "verdicts", dry_run=True)).json()
    assert ledger.snapshot() == before
    real = desk.post(path, json=batch_of(holders, "verdicts")).json()
    verdicts = [each["verdict"] for each in real["items"]]
    expected = ["posted", "insufficient_balance", "replayed", "amount_too_precise", "posted", "key_missing"]
    assert verdicts == expected == [each["verdict"] for each in foretold["items"]]
    assert (real["posted"], real["replayed"], real["refused"]) == (2, 1, 3)
    assert real["items"][1]["problem"] == {"available": "10.00", "shortfall": "89.00"}
    assert real["items"][4]["debit_after"] == "6.00"
    assert foretold["items"][0]["transfer_id"] is None
    assert ledger.balances(holders["awa"], CREDIT) == {"available": 600}


def test_an_atomic_batch_names_the_item_and_moves_nothing(desk, holders, ledger):
    before = ledger.snapshot()
    body = batch_of(holders, "atomic")
    body["transfers"] = body["transfers"][:2]
    answer = desk.post(f"{BASE}/transfers/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient-balance")
    assert answer.json()["field"] == "transfers.1"
    assert ledger.snapshot() == before


def test_a_batch_above_the_size(desk, holders, ledger):
    body = {"transfers": [issue(holders["awa"], "1", idempotency_key="k")] * 10_001}
    before = ledger.snapshot()
    answer = desk.post(f"{BASE}/transfers/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "batch-too-large")
    assert ledger.snapshot() == before


def test_holds(desk, teller, holders, ledger):
    ledger.award(holders["awa"], 10_00, CREDIT)
    owner = f"{BASE}/owners/{holders['awa']}"
    due = (ledger.now + WHILE).isoformat()
    made = desk.post(f"{owner}/holds", json={"unit": CREDIT, "amount": "8", "due_at": due}, headers=keyed("h"))
    assert (made.status_code, made.json()["remaining"]) == (201, "8.00"), made.text
    again = desk.post(f"{owner}/holds", json={"unit": CREDIT, "amount": "8", "due_at": due}, headers=keyed("h"))
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    hold = f"{owner}/holds/{made.json()['id']}"
    before = ledger.snapshot()
    too_much = desk.post(f"{hold}/capture", json={"amount": "8.01"}, headers=keyed("c"))
    assert (too_much.status_code, too_much.json()["code"]) == (409, "hold-exceeded")
    assert ledger.snapshot() == before
    taken = desk.post(f"{hold}/capture", json={"amount": "3"}, headers=keyed("c"))
    assert (taken.status_code, taken.json()["debit_after"]) == (201, "5.00")
    given = desk.post(f"{hold}/release", json={}, headers=keyed("r"))
    assert (given.status_code, given.json()["amount"]) == (201, "5.00")
    assert desk.post(f"{hold}/release", json={}, headers=keyed("r")).status_code == 200
    second = desk.post(f"{hold}/release", json={}, headers=keyed("r2"))
    assert (second.status_code, second.json()["code"]) == (409, "hold-closed")
    own = teller("awa").get(f"{BASE}/owners/me/holds/{made.json()['id']}").json()
    assert (own["status"], own["remaining"]) == ("closed", "0.00")
    assert ledger.balances(holders["awa"], CREDIT) == {"available": 7_00}


def test_nine_decimals_at_their_extremes(desk, teller, holders, ledger):
    """The largest and the smallest amount that there is, in and out, said as exactly as they came."""
    most, least = "9223372036.854775807", "0.000000001"
    awa = holders["awa"]
    made = desk.post(f"{BASE}/transfers", json=issue(awa, most, TOKEN), headers=keyed("all"))
    assert (made.status_code, made.json()["amount"], made.json()["credit_after"]) == (201, most, most), made.text
    before = ledger.snapshot()
    for key, amount, code in (
        ("more", least, "balance-overflow"),
        ("too much", "9223372036.854775808", "amount-out-of-range"),
        ("too fine", "0.0000000001", "amount-too-precise"),
        ("nothing", "0.000000000", "amount-not-positive"),
    ):
        refused = desk.post(f"{BASE}/transfers", json=issue(awa, amount, TOKEN), headers=keyed(key))
        assert refused.json()["code"] == code, (amount, refused.text)
    assert ledger.snapshot() == before
    held = desk.post(f"{BASE}/owners/{awa}/holds", json={"unit": TOKEN, "amount": least}, headers=keyed("h")).json()
    assert (held["amount"], held["remaining"]) == (least, least)
    reader = teller("awa")
    own = reader.get(f"{BASE}/accounts/me").json()["accounts"]
    assert [(each["pocket"], each["balance"], each["earned"]) for each in own] == [
        ("available", "9223372036.854775806", most),
        ("held", least, None),
    ]
    entries = reader.get(f"{BASE}/statements/me", params={"unit": TOKEN, "pocket": "available"}).json()["items"]
    assert [(each["amount"], each["balance_after"]) for each in entries] == [
        ("-0.000000001", "9223372036.854775806"),
        (most, most),
    ]
    balances = {(each["account"], each["unit"]): each["balance"] for each in desk.get(f"{BASE}/system-accounts").json()}
    assert balances["issuance", TOKEN] == f"-{most}"
    assert ledger.faults() == []


def test_a_hold_that_was_due_before_it_was_made(desk, holders, ledger):
    ledger.award(holders["awa"], 10_00, CREDIT)
    owner = f"{BASE}/owners/{holders['awa']}"
    body = {"unit": CREDIT, "amount": "8", "due_at": (ledger.now - WHILE).isoformat()}
    for status in (201, 200):
        made = desk.post(f"{owner}/holds", json=body, headers=keyed("h"))
        assert (made.status_code, made.json()["status"], made.json()["remaining"]) == (status, "closed", "0.00")
    read = desk.get(f"{owner}/holds/{made.json()['id']}").json()
    assert read | {"replayed": True} == made.json()
    assert ledger.balances(holders["awa"], CREDIT) == {"available": 10_00}


def test_a_hold_that_has_expired(desk, holders, ledger):
    ledger.award(holders["awa"], 10_00, CREDIT)
    hold_id = ledger.hold(holders["awa"], 10_00, CREDIT, due_at=ledger.now + WHILE)
    ledger.clock.move(WHILE)
    before = ledger.snapshot()
    path = f"{BASE}/owners/{holders['awa']}/holds/{hold_id}"
    answer = desk.post(f"{path}/capture", json={}, headers=keyed("c"))
    assert (answer.status_code, answer.json()["code"]) == (409, "hold-expired")
    assert ledger.snapshot() == before
    assert desk.get(path).json()["status"] == "closed"


def test_reversal(desk, holders, ledger):
    made = ledger.award(holders["awa"], 10_00, CREDIT)
    path = f"{BASE}/owners/{holders['awa']}/transfers/{made.transfer_id}/reverse"
    part = desk.post(path, json={"amount": "4", "reason": "typo"}, headers=keyed("1"))
    assert (part.status_code, part.json()["reverses_id"]) == (201, str(made.transfer_id))
    assert part.json()["detail"] == {"reason": "typo"}
    before = ledger.snapshot()
    more = desk.post(path, json={"amount": "6.01"}, headers=keyed("2"))
    assert (more.status_code, more.json()["code"]) == (409, "reversal-exceeded")
    again = desk.post(
        f"{BASE}/owners/{holders['awa']}/transfers/{part.json()['id']}/reverse", json={}, headers=keyed("3")
    )
    assert again.json()["code"] == "not-reversible"
    assert ledger.snapshot() == before
    assert desk.post(path, json={}, headers=keyed("2")).json()["credit_after"] is None
    assert ledger.balances(holders["awa"], CREDIT) == {}


def test_adjustments(desk, teller, holders, ledger):
    ledger.do(service.open_member, holders["ada"])
    path = f"{BASE}/adjustments"
    body = {"owner_id": str(holders["awa"]), "unit": CREDIT, "amount": "5.00", "reason": "Forgotten"}
    made = desk.post(path, json=body, headers=keyed("a"))
    assert (made.status_code, made.json()["kind"]) == (201, "adjustment")
    assert desk.post(path, json=body, headers=keyed("a")).status_code == 200
    down = desk.post(path, json={**body, "amount": "-1.5"}, headers=keyed("b"))
    assert down.json()["debit_after"] == "3.50"
    before = ledger.snapshot()
    for change, status, code in (
        ({"owner_id": str(holders["ada"])}, 403, "own-account"),
        ({"reason": "  "}, 422, "adjustment-reason-missing"),
        ({"amount": "0"}, 422, "amount-not-positive"),
        ({"amount": "-99"}, 409, "insufficient-balance"),
    ):
        answer = desk.post(path, json={**body, **change}, headers=keyed(code))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert teller("sam").post(path, json=body, headers=keyed("x")).status_code == 403
    assert teller("awa").post(path, json=body, headers=keyed("x")).status_code == 403
    assert ledger.snapshot() == before
    log = desk.get("/api/v1/admin/audit?action=ledger.").json()["items"]
    assert [(each["reason"], each["actor_user_id"]) for each in log] == [("Forgotten", str(holders["ada"]))] * 2


def test_members_and_staff_post_nothing(teller, holders, ledger):
    before = ledger.snapshot()
    owner = f"{BASE}/owners/{holders['awa']}"
    for name in ("awa", "sam"):
        client = teller(name)
        for path, body in (
            (f"{BASE}/transfers", issue(holders["awa"], "1")),
            (f"{BASE}/transfers/batch", {"transfers": [issue(holders["awa"], "1", idempotency_key="k")]}),
            (f"{owner}/holds", {"unit": CREDIT, "amount": "1"}),
            (f"{owner}/holds/{new_id()}/capture", {}),
            (f"{owner}/holds/{new_id()}/release", {}),
            (f"{owner}/transfers/{new_id()}/reverse", {}),
        ):
            assert client.post(path, json=body, headers=keyed("k")).status_code == 403
    assert ledger.snapshot() == before
