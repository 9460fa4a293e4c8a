"""The ledger over HTTP, read: balances, statements, system accounts."""

import threading
from typing import Any

from guerdon.core.ids import new_id
from guerdon.kernel.ledger import service
from support.ledger import CREDIT, POINT
from support.ledger_http import BASE, WHILE, keyed


def test_balances_of_oneself_and_of_others(teller, holders, ledger):
    ledger.award(holders["awa"], 7, POINT)
    ledger.hold(holders["awa"], 3, POINT, due_at=ledger.now + WHILE)
    own = teller("awa").get(f"{BASE}/accounts/me").json()
    assert [(each["pocket"], each["balance"], each["earned"]) for each in own["accounts"]] == [
        ("available", "4", "7"),
        ("held", "3", None),
    ]
    path = f"{BASE}/accounts/{holders['awa']}"
    assert teller("sam").get(path).json() == own
    assert teller("ben").get(path).json()["code"] == "permission-denied"
    assert teller().get(path).status_code == 401
    assert teller("sam").get(f"{BASE}/accounts/{new_id()}").json()["code"] == "unknown-account"
    assert teller("sam").get(f"{BASE}/accounts/nobody").status_code == 422
    assert teller("sam").get(f"{BASE}/accounts/me").json()["accounts"] == []
    past = {"at": (ledger.now - WHILE).isoformat(), "basis": "happened"}
    found = teller("awa").get(f"{BASE}/accounts/me", params=past).json()
    assert [each["balance"] for each in found["accounts"]] == ["0", "0"]
    future = {"at": (ledger.now + WHILE).isoformat(), "basis": "happened"}
    found = teller("awa").get(f"{BASE}/accounts/me", params=future).json()
    assert [each["balance"] for each in found["accounts"]] == ["7", "0"]


def test_what_was_spent_is_told_of_the_unit(desk, teller, holders, ledger):
    """What is captured leaves one pocket, and comes back to another when it is reversed."""
    ledger.award(holders["awa"], 100, POINT)
    hold_id = ledger.hold(holders["awa"], 30, POINT)
    taken = ledger.do(service.capture, holders["awa"], hold_id, key="c", at=ledger.now, amount_minor=20)
    path = f"{BASE}/owners/{holders['awa']}/transfers/{taken.transfer_id}/reverse"
    assert desk.post(path, json={"amount": "15"}, headers=keyed("r")).status_code == 201
    own = teller("awa").get(f"{BASE}/accounts/me").json()["accounts"]
    assert [(each["pocket"], each["balance"], each["earned"], each["spent"]) for each in own] == [
        ("available", "85", "100", "5"),
        ("held", "10", None, None),
    ]


def test_a_statement_is_whole_though_value_moves_while_it_is_read(teller, holders, ledger):
    """Pages go on behind what was seen: nothing twice, nothing lost, whoever posts, holds or captures meanwhile."""
    awa = holders["awa"]
    for amount in range(1, 30):
        ledger.award(awa, amount)
    holds = [ledger.hold(awa, 1) for _ in range(4)]
    reader, posted = teller("awa"), threading.Event()

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


def test_statements_page_by_cursor(teller, holders, ledger):
    ledger.award(holders["awa"], 10)
    for _ in range(3):
        ledger.hold(holders["awa"], 1)
    reader = teller("awa")
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
    assert reader.get(f"{BASE}/statements/{holders['ben']}").status_code == 403
    assert reader.get(f"{BASE}/statements/me", params={"unit": "NOPE"}).json()["code"] == "unknown-unit"


def test_system_accounts(desk, teller, holders, ledger):
    ledger.award(holders["awa"], 250, CREDIT)
    found = desk.get(f"{BASE}/system-accounts").json()
    assert {"unit": CREDIT, "account": "issuance", "balance": "-2.50"} in found
    assert teller("awa").get(f"{BASE}/system-accounts").status_code == 403
