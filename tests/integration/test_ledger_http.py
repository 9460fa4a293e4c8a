"""The ledger over HTTP, as integrators and members meet it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from guerdon.core.clock import FixedClock
from guerdon.core.ids import new_id
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger import service
from support.http_client import Client
from support.ledger import CREDIT, POINT, TOKEN, Ledger

BASE = "/api/v1/ledger"
WHILE = timedelta(minutes=10)
"""Shorter than a token lasts."""


@pytest.fixture
def people(ledger: Ledger, recorded: None) -> dict[str, UUID]:
    found = {}
    with ledger.database.transaction() as session:
        for name, role in (("ada", "admin"), ("sam", "staff"), ("awa", "user"), ("ben", "user")):
            options = {"email": f"{name}@example.org", "name": name, "password": None, "roles": (role,)}
            found[name] = create_account(session, ledger.clock, **options).id
        for name in ("awa", "ben"):
            service.open_member(session, found[name])
    return found


@pytest.fixture
def program(identity_app: FastAPI, people: dict[str, UUID], clock: FixedClock) -> Callable[..., Client]:
    """Clients with an access token; signing in is not what these tests are about."""

    def open_program(name: str | None = None) -> Client:
        client = Client(identity_app)
        return client.bear(identity_app.state.access_tokens.issue(people[name], clock)[0]) if name else client

    return open_program


@pytest.fixture
def api(program: Callable[..., Client]) -> Client:
    """An administrator's client."""
    return program("ada")


def issue(owner_id: UUID, amount: str, unit: str = CREDIT, **more: Any) -> dict[str, Any]:
    return {
        "debit": {"system": "issuance", "unit": unit},
        "credit": {"owner_id": str(owner_id), "unit": unit},
        "amount": amount,
        "kind": "award",
        **more,
    }


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_units(program, people, ledger):
    answer = program("awa").get(f"{BASE}/units")
    assert {"code": CREDIT, "scale": 2, "kind": "credits", "name": "credits"} in answer.json()


def test_a_transfer_its_replay_and_its_conflict(api, people, ledger):
    first = api.post(f"{BASE}/transfers", json=issue(people["awa"], "12.50"), headers=keyed("k"))
    assert first.status_code == 201, first.text
    body = first.json()
    assert (body["amount"], body["credit_after"], body["debit_after"]) == ("12.50", "12.50", None)
    assert body["debit"] == {"owner_id": None, "system": "issuance", "unit": CREDIT, "pocket": None}
    assert body["credit"]["pocket"] == "available"
    assert (body["replayed"], body["actor_id"]) == (False, str(people["ada"]))
    again = api.post(f"{BASE}/transfers", json=issue(people["awa"], "12.5", idempotency_key="k"))
    assert (again.status_code, again.json()) == (200, {**body, "replayed": True})
    before = ledger.snapshot()
    other = api.post(f"{BASE}/transfers", json=issue(people["awa"], "12.51"), headers=keyed("k"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-conflict")
    assert ledger.snapshot() == before


def test_a_transfer_can_be_loaded_by_its_owner_and_by_staff_only(api, program, people):
    made = api.post(f"{BASE}/transfers", json=issue(people["awa"], "1"), headers=keyed("k")).json()
    path = f"{BASE}/owners/{{}}/transfers/{made['id']}"
    expected = {**made, "replayed": True}
    assert program("awa").get(path.format("me")).json() == expected
    assert program("sam").get(path.format(people["awa"])).json() == expected
    assert program("ben").get(path.format(people["awa"])).status_code == 403
    assert program("ben").get(path.format("me")).json()["code"] == "transfer-not-found"


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
def test_amounts_that_do_not_fit_the_unit(api, people, ledger, amount, unit, code):
    before = ledger.snapshot()
    answer = api.post(f"{BASE}/transfers", json=issue(people["awa"], amount, unit), headers=keyed("k"))
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (422, code, "amount")
    batch = {"transfers": [issue(people["awa"], "1", idempotency_key="a"), issue(people["awa"], amount, unit)]}
    batch["transfers"][1]["idempotency_key"] = "b"
    answer = api.post(f"{BASE}/transfers/batch", json=batch)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["field"] == "transfers.1.amount"
    assert ledger.snapshot() == before


@pytest.mark.parametrize("amount", [12.5, "12,50", "1e3", "NaN", "Infinity", "", " ", "0x10", None, True, [], "١٢"])
def test_amounts_that_are_none(api, people, ledger, amount):
    before = ledger.snapshot()
    answer = api.post(f"{BASE}/transfers", json=issue(people["awa"], amount), headers=keyed("k"))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == ["amount"]
    assert ledger.snapshot() == before


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z"])
def test_moments_that_cannot_be_shown_again(api, people, ledger, moment):
    before = ledger.snapshot()
    posting = issue(people["awa"], "1", happened_at=moment, idempotency_key="a")
    pending = issue(people["awa"], "1", due_at=moment, idempotency_key="b")
    pending["credit"]["pocket"] = "pending"
    batch = {"mode": "verdicts", "transfers": [posting, pending]}
    for path, body, fields in [
        ("transfers", posting, ["happened_at"]),
        ("transfers/batch", batch, ["transfers.0.happened_at", "transfers.1.due_at"]),
        (f"owners/{people['awa']}/holds", {"unit": CREDIT, "amount": "1", "due_at": moment}, ["due_at"]),
    ]:
        answer = api.post(f"{BASE}/{path}", json=body, headers=keyed("a"))
        assert answer.status_code == 422, answer.text
        assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [
            (field, "moment-out-of-range") for field in fields
        ]
    assert ledger.snapshot() == before


def test_the_largest_amount(api, people):
    answer = api.post(f"{BASE}/transfers", json=issue(people["awa"], "9223372036.854775807", TOKEN), headers=keyed("k"))
    assert (answer.status_code, answer.json()["credit_after"]) == (201, "9223372036.854775807")


def account(owner_id: object, unit: str = CREDIT, **more: str) -> dict[str, str]:
    return {"owner_id": str(owner_id), "unit": unit, **more}


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
def test_refused_transfers_move_nothing(api, people, ledger, name):
    status, code, change = REFUSALS[name]
    before = ledger.snapshot()
    body = {**issue(people["awa"], "1"), **change(people)}
    answer = api.post(f"{BASE}/transfers", json=body, headers=keyed("k"))
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
def test_accounts_that_name_nothing(api, ledger, people, credit):
    before = ledger.snapshot()
    answer = api.post(f"{BASE}/transfers", json={**issue(people["awa"], "1"), "credit": credit}, headers=keyed("k"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("credit")
    assert ledger.snapshot() == before


def test_keys(api, people, ledger):
    before = ledger.snapshot()
    path = f"{BASE}/transfers"
    assert api.post(path, json=issue(people["awa"], "1")).json()["code"] == "idempotency-key-missing"
    both = api.post(path, json=issue(people["awa"], "1", idempotency_key="a"), headers=keyed("b"))
    assert both.json()["code"] == "idempotency-keys-differ"
    assert api.post(path, json=issue(people["awa"], "1"), headers=keyed("x" * 256)).status_code == 422
    assert api.post(path, json=issue(people["awa"], "1", idempotency_key="")).status_code == 422
    unseen = issue(people["awa"], "1", idempotency_key="a\u200db")
    for where, body in ((path, unseen), (f"{path}/batch", {"mode": "atomic", "transfers": [unseen]})):
        refused = api.post(where, json=body)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["code"] == "text-invisible"
        assert "Character 2 is U+200D ZERO WIDTH JOINER" in refused.json()["errors"][0]["detail"]
    assert ledger.snapshot() == before


def batch_of(people: dict[str, UUID], mode: str, **more: Any) -> dict[str, Any]:
    out = {"credit": {"system": "redemption", "unit": CREDIT}, "debit": account(people["awa"]), "kind": "spend"}
    transfers = [
        issue(people["awa"], "10", idempotency_key="1"),
        {**issue(people["awa"], "99"), **out, "idempotency_key": "2"},
        issue(people["awa"], "10", idempotency_key="1"),
        issue(people["awa"], "0.001", idempotency_key="3"),
        {**issue(people["awa"], "4"), **out, "idempotency_key": "4"},
        issue(people["awa"], "1"),
    ]
    return {"mode": mode, "transfers": transfers, **more}


def test_a_batch_with_verdicts_and_its_dry_run(api, people, ledger):
    path = f"{BASE}/transfers/batch"
    before = ledger.snapshot()
    foretold = api.post(path, json=batch_of(people, "verdicts", dry_run=True)).json()
    assert ledger.snapshot() == before
    real = api.post(path, json=batch_of(people, "verdicts")).json()
    verdicts = [each["verdict"] for each in real["items"]]
    expected = ["posted", "insufficient_balance", "replayed", "amount_too_precise", "posted", "key_missing"]
    assert verdicts == expected == [each["verdict"] for each in foretold["items"]]
    assert (real["posted"], real["replayed"], real["refused"]) == (2, 1, 3)
    assert real["items"][1]["problem"] == {"available": "10.00", "shortfall": "89.00"}
    assert real["items"][4]["debit_after"] == "6.00"
    assert foretold["items"][0]["transfer_id"] is None
    assert ledger.balances(people["awa"], CREDIT) == {"available": 600}


def test_an_atomic_batch_names_the_item_and_moves_nothing(api, people, ledger):
    before = ledger.snapshot()
    body = batch_of(people, "atomic")
    body["transfers"] = body["transfers"][:2]
    answer = api.post(f"{BASE}/transfers/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient-balance")
    assert answer.json()["field"] == "transfers.1"
    assert ledger.snapshot() == before


def test_a_batch_above_the_size(api, people, ledger):
    body = {"transfers": [issue(people["awa"], "1", idempotency_key="k")] * 10_001}
    before = ledger.snapshot()
    answer = api.post(f"{BASE}/transfers/batch", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "batch-too-large")
    assert ledger.snapshot() == before


def test_holds(api, program, people, ledger):
    ledger.award(people["awa"], 10_00, CREDIT)
    owner = f"{BASE}/owners/{people['awa']}"
    due = (ledger.now + WHILE).isoformat()
    made = api.post(f"{owner}/holds", json={"unit": CREDIT, "amount": "8", "due_at": due}, headers=keyed("h"))
    assert (made.status_code, made.json()["remaining"]) == (201, "8.00"), made.text
    again = api.post(f"{owner}/holds", json={"unit": CREDIT, "amount": "8", "due_at": due}, headers=keyed("h"))
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    hold = f"{owner}/holds/{made.json()['id']}"
    before = ledger.snapshot()
    too_much = api.post(f"{hold}/capture", json={"amount": "8.01"}, headers=keyed("c"))
    assert (too_much.status_code, too_much.json()["code"]) == (409, "hold-exceeded")
    assert ledger.snapshot() == before
    taken = api.post(f"{hold}/capture", json={"amount": "3"}, headers=keyed("c"))
    assert (taken.status_code, taken.json()["debit_after"]) == (201, "5.00")
    given = api.post(f"{hold}/release", json={}, headers=keyed("r"))
    assert (given.status_code, given.json()["amount"]) == (201, "5.00")
    assert api.post(f"{hold}/release", json={}, headers=keyed("r")).status_code == 200
    second = api.post(f"{hold}/release", json={}, headers=keyed("r2"))
    assert (second.status_code, second.json()["code"]) == (409, "hold-closed")
    own = program("awa").get(f"{BASE}/owners/me/holds/{made.json()['id']}").json()
    assert (own["status"], own["remaining"]) == ("closed", "0.00")
    assert ledger.balances(people["awa"], CREDIT) == {"available": 7_00}


def test_nine_decimals_at_their_extremes(api, program, people, ledger):
    """The largest and the smallest amount that there is, in and out, said as exactly as they came."""
    most, least = "9223372036.854775807", "0.000000001"
    awa = people["awa"]
    made = api.post(f"{BASE}/transfers", json=issue(awa, most, TOKEN), headers=keyed("all"))
    assert (made.status_code, made.json()["amount"], made.json()["credit_after"]) == (201, most, most), made.text
    before = ledger.snapshot()
    for key, amount, code in (
        ("more", least, "balance-overflow"),
        ("too much", "9223372036.854775808", "amount-out-of-range"),
        ("too fine", "0.0000000001", "amount-too-precise"),
        ("nothing", "0.000000000", "amount-not-positive"),
    ):
        refused = api.post(f"{BASE}/transfers", json=issue(awa, amount, TOKEN), headers=keyed(key))
        assert refused.json()["code"] == code, (amount, refused.text)
    assert ledger.snapshot() == before
    held = api.post(f"{BASE}/owners/{awa}/holds", json={"unit": TOKEN, "amount": least}, headers=keyed("h")).json()
    assert (held["amount"], held["remaining"]) == (least, least)
    reader = program("awa")
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
    balances = {(each["account"], each["unit"]): each["balance"] for each in api.get(f"{BASE}/system-accounts").json()}
    assert balances["issuance", TOKEN] == f"-{most}"
    assert ledger.faults() == []


def test_a_hold_that_was_due_before_it_was_made(api, people, ledger):
    ledger.award(people["awa"], 10_00, CREDIT)
    owner = f"{BASE}/owners/{people['awa']}"
    body = {"unit": CREDIT, "amount": "8", "due_at": (ledger.now - WHILE).isoformat()}
    for status in (201, 200):
        made = api.post(f"{owner}/holds", json=body, headers=keyed("h"))
        assert (made.status_code, made.json()["status"], made.json()["remaining"]) == (status, "closed", "0.00")
    read = api.get(f"{owner}/holds/{made.json()['id']}").json()
    assert read | {"replayed": True} == made.json()
    assert ledger.balances(people["awa"], CREDIT) == {"available": 10_00}


def test_a_hold_that_has_expired(api, people, ledger):
    ledger.award(people["awa"], 10_00, CREDIT)
    hold_id = ledger.hold(people["awa"], 10_00, CREDIT, due_at=ledger.now + WHILE)
    ledger.clock.move(WHILE)
    before = ledger.snapshot()
    path = f"{BASE}/owners/{people['awa']}/holds/{hold_id}"
    answer = api.post(f"{path}/capture", json={}, headers=keyed("c"))
    assert (answer.status_code, answer.json()["code"]) == (409, "hold-expired")
    assert ledger.snapshot() == before
    assert api.get(path).json()["status"] == "closed"


def test_reversal(api, people, ledger):
    made = ledger.award(people["awa"], 10_00, CREDIT)
    path = f"{BASE}/owners/{people['awa']}/transfers/{made.transfer_id}/reverse"
    part = api.post(path, json={"amount": "4", "reason": "typo"}, headers=keyed("1"))
    assert (part.status_code, part.json()["reverses_id"]) == (201, str(made.transfer_id))
    assert part.json()["detail"] == {"reason": "typo"}
    before = ledger.snapshot()
    more = api.post(path, json={"amount": "6.01"}, headers=keyed("2"))
    assert (more.status_code, more.json()["code"]) == (409, "reversal-exceeded")
    again = api.post(
        f"{BASE}/owners/{people['awa']}/transfers/{part.json()['id']}/reverse", json={}, headers=keyed("3")
    )
    assert again.json()["code"] == "not-reversible"
    assert ledger.snapshot() == before
    assert api.post(path, json={}, headers=keyed("2")).json()["credit_after"] is None
    assert ledger.balances(people["awa"], CREDIT) == {}


def test_adjustments(api, program, people, ledger):
    ledger.do(service.open_member, people["ada"])
    path = f"{BASE}/adjustments"
    body = {"owner_id": str(people["awa"]), "unit": CREDIT, "amount": "5.00", "reason": "Forgotten"}
    made = api.post(path, json=body, headers=keyed("a"))
    assert (made.status_code, made.json()["kind"]) == (201, "adjustment")
    assert api.post(path, json=body, headers=keyed("a")).status_code == 200
    down = api.post(path, json={**body, "amount": "-1.5"}, headers=keyed("b"))
    assert down.json()["debit_after"] == "3.50"
    before = ledger.snapshot()
    for change, status, code in (
        ({"owner_id": str(people["ada"])}, 403, "own-account"),
        ({"reason": "  "}, 422, "adjustment-reason-missing"),
        ({"amount": "0"}, 422, "amount-not-positive"),
        ({"amount": "-99"}, 409, "insufficient-balance"),
    ):
        answer = api.post(path, json={**body, **change}, headers=keyed(code))
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert program("sam").post(path, json=body, headers=keyed("x")).status_code == 403
    assert program("awa").post(path, json=body, headers=keyed("x")).status_code == 403
    assert ledger.snapshot() == before
    log = api.get("/api/v1/admin/audit?action=ledger.").json()["items"]
    assert [(each["reason"], each["actor_user_id"]) for each in log] == [("Forgotten", str(people["ada"]))] * 2


def test_balances_of_oneself_and_of_others(program, people, ledger):
    ledger.award(people["awa"], 7, POINT)
    ledger.hold(people["awa"], 3, POINT, due_at=ledger.now + WHILE)
    own = program("awa").get(f"{BASE}/accounts/me").json()
    assert [(each["pocket"], each["balance"], each["earned"]) for each in own["accounts"]] == [
        ("available", "4", "7"),
        ("held", "3", None),
    ]
    path = f"{BASE}/accounts/{people['awa']}"
    assert program("sam").get(path).json() == own
    assert program("ben").get(path).json()["code"] == "permission-denied"
    assert program().get(path).status_code == 401
    assert program("sam").get(f"{BASE}/accounts/{new_id()}").json()["code"] == "unknown-account"
    assert program("sam").get(f"{BASE}/accounts/nobody").status_code == 422
    assert program("sam").get(f"{BASE}/accounts/me").json()["accounts"] == []
    past = {"at": (ledger.now - WHILE).isoformat(), "basis": "happened"}
    found = program("awa").get(f"{BASE}/accounts/me", params=past).json()
    assert [each["balance"] for each in found["accounts"]] == ["0", "0"]
    future = {"at": (ledger.now + WHILE).isoformat(), "basis": "happened"}
    found = program("awa").get(f"{BASE}/accounts/me", params=future).json()
    assert [each["balance"] for each in found["accounts"]] == ["7", "0"]


def test_what_was_spent_is_told_of_the_unit(api, program, people, ledger):
    """What is captured leaves one pocket, and comes back to another when it is reversed."""
    ledger.award(people["awa"], 100, POINT)
    hold_id = ledger.hold(people["awa"], 30, POINT)
    taken = ledger.do(service.capture, people["awa"], hold_id, key="c", at=ledger.now, amount_minor=20)
    path = f"{BASE}/owners/{people['awa']}/transfers/{taken.transfer_id}/reverse"
    assert api.post(path, json={"amount": "15"}, headers=keyed("r")).status_code == 201
    own = program("awa").get(f"{BASE}/accounts/me").json()["accounts"]
    assert [(each["pocket"], each["balance"], each["earned"], each["spent"]) for each in own] == [
        ("available", "85", "100", "5"),
        ("held", "10", None, None),
    ]


def test_a_statement_is_whole_though_value_moves_while_it_is_read(program, people, ledger):
    """Pages go on behind what was seen: nothing twice, nothing lost, whoever posts, holds or captures meanwhile."""
    awa = people["awa"]
    for amount in range(1, 30):
        ledger.award(awa, amount)
    holds = [ledger.hold(awa, 1) for _ in range(4)]
    reader, posted = program("awa"), threading.Event()

    def post() -> None:
        for amount in range(1, 60):
            ledger.award(awa, amount, key=f"meanwhile {amount}")
            ledger.hold(awa, 1)
            if amount % 15 == 0:
                ledger.do(service.capture, awa, holds.pop(), key=f"capture {amount}", at=ledger.now)
        posted.set()

    before = {_seen(each) for each in reader.get(f"{BASE}/statements/me", params={"limit": 200}).json()["items"]}
    posting = threading.Thread(target=post)
    posting.start()
    times = 0
    while not (posted.is_set() and times > 3):
        seen, cursor = [], None
        while True:
            page = reader.get(
                f"{BASE}/statements/me", params={"limit": 3} | ({"cursor": cursor} if cursor else {})
            ).json()
            seen += [_seen(each) for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen))
        assert before <= set(seen)
        assert [transfer for transfer, _ in seen] == sorted((transfer for transfer, _ in seen), reverse=True)
        times += 1
    posting.join()
    assert ledger.faults() == []


def _seen(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["transfer_id"], entry["pocket"]


def test_statements_page_by_cursor(program, people, ledger):
    ledger.award(people["awa"], 10)
    for _ in range(3):
        ledger.hold(people["awa"], 1)
    reader = program("awa")
    whole = reader.get(f"{BASE}/statements/me", params={"unit": POINT}).json()
    assert (len(whole["items"]), whole["next_cursor"]) == (7, None)
    pages, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = reader.get(f"{BASE}/statements/me", params=params).json()
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == whole["items"]
    available = reader.get(f"{BASE}/statements/me", params={"pocket": "available"}).json()["items"]
    assert [each["balance_after"] for each in available] == ["7", "8", "9", "10"]
    for bad in ("x", "WyJhIiwiYiJd", "bm9uZQ"):
        assert reader.get(f"{BASE}/statements/me", params={"cursor": bad}).json()["code"] == "cursor-invalid"
    assert reader.get(f"{BASE}/statements/{people['ben']}").status_code == 403
    assert reader.get(f"{BASE}/statements/me", params={"unit": "NOPE"}).json()["code"] == "unknown-unit"


def test_system_accounts(api, program, people, ledger):
    ledger.award(people["awa"], 250, CREDIT)
    found = api.get(f"{BASE}/system-accounts").json()
    assert {"unit": CREDIT, "account": "issuance", "balance": "-2.50"} in found
    assert program("awa").get(f"{BASE}/system-accounts").status_code == 403


def test_members_and_staff_post_nothing(program, people, ledger):
    before = ledger.snapshot()
    owner = f"{BASE}/owners/{people['awa']}"
    for name in ("awa", "sam"):
        client = program(name)
        for path, body in (
            (f"{BASE}/transfers", issue(people["awa"], "1")),
            (f"{BASE}/transfers/batch", {"transfers": [issue(people["awa"], "1", idempotency_key="k")]}),
            (f"{owner}/holds", {"unit": CREDIT, "amount": "1"}),
            (f"{owner}/holds/{new_id()}/capture", {}),
            (f"{owner}/holds/{new_id()}/release", {}),
            (f"{owner}/transfers/{new_id()}/reverse", {}),
        ):
            assert client.post(path, json=body, headers=keyed("k")).status_code == 403
    assert ledger.snapshot() == before
