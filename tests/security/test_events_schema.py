"""The description of the API of events is true: whatever is sent, nothing crashes, and answers are as described."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from guerdon.programs.events.service import paying
from support.credits import Caller, Club
from support.described import campaign
from support.events import Hall

PATHS = r"^/api/v1/events"


@pytest.fixture
def staff(club: Club, hall: Hall, api: Callable[..., Caller]) -> Caller:
    """Somebody who may nearly everything, in a hall where there is something of everything."""
    caller = api("zoe", "staff", "admin")
    awa = hall.person("awa")
    hall.draft(caller.user_id)
    for price in ("0", "5.00"):
        event_id = hall.event(caller.user_id, price=price, max_participants=2)
        for member in (awa, caller.user_id, hall.person(f"badu{price[0]}")):
            made = hall.register(member, event_id)
            if price != "0" and member == awa:
                hall.do(paying.record, hall.clock, caller.user_id, made.id, channel="cash")
    return caller


def ids_of(hall: Hall) -> dict[str, list[str]]:
    """What there is to aim at."""
    return {
        "event_id": [str(row[0]) for row in hall.sql("SELECT id FROM events")],
        "registration_id": [str(row[0]) for row in hall.sql("SELECT id FROM registrations")],
        "payment_id": [str(row[0]) for row in hall.sql("SELECT id FROM payment")],
        "user_id": [str(row[0]) for row in hall.sql("SELECT id FROM users")],
    }


def test_the_description_is_true(whole_app: FastAPI, staff: Caller, hall: Hall) -> None:
    assert campaign(whole_app, staff, paths=PATHS, ids=ids_of(hall), examples=15) > 20


@pytest.mark.soak
def test_the_description_is_true_at_length(whole_app: FastAPI, staff: Caller, hall: Hall) -> None:
    campaign(whole_app, staff, paths=PATHS, ids=ids_of(hall), examples=300)
