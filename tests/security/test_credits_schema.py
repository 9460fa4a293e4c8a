"""The description of the API is true: no request that it allows or forbids crashes, and answers are as described."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from support.credits import Caller, Club, hours, item, money
from support.described import campaign

PATHS = r"^/api/v1/(credits|ledger)/"


@pytest.fixture
def staff(club: Club, api: Callable[..., Caller]) -> Caller:
    """Somebody who may nearly everything, in a club where there is something of everything."""
    caller = api("zoe", "staff", "admin")
    awa = club.person("awa")
    for given_ in (item(), hours(), money("T-1")):
        club.submit(awa, given_)
        club.submit(caller.user_id, item())
        club.credited(awa, caller.user_id, item("70"))
    return caller


def ids_of(club: Club) -> dict[str, list[str]]:
    """What there is to aim at."""
    users = [str(row[0]) for row in club.sql("SELECT id FROM users")]
    return {
        "contribution_id": [str(row[0]) for row in club.sql("SELECT id FROM contributions")],
        "user_id": users,
        "owner_id": users,
        "transfer_id": [str(row[0]) for row in club.sql("SELECT id FROM credit_transactions")],
    }


def test_the_description_is_true(whole_app: FastAPI, staff: Caller, club: Club) -> None:
    assert campaign(whole_app, staff, paths=PATHS, ids=ids_of(club), examples=20) > 30


@pytest.mark.soak
def test_the_description_is_true_at_length(whole_app: FastAPI, staff: Caller, club: Club) -> None:
    campaign(whole_app, staff, paths=PATHS, ids=ids_of(club), examples=300)
