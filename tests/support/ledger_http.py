"""People who hold value, and clients of the ledger's HTTP interface for each of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI

from guerdon.core.clock import FixedClock
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger import service

from .http_client import Client
from .ledger import CREDIT, Ledger

BASE = "/api/v1/ledger"
WHILE = timedelta(minutes=10)
"""Shorter than a token lasts."""


@pytest.fixture
def holders(ledger: Ledger, recorded: None) -> dict[str, UUID]:
    found = {}
    with ledger.database.transaction() as session:
        for name, role in (("ada", "admin"), ("sam", "staff"), ("awa", "user"), ("ben", "user")):
            options = {"email": f"{name}@example.org", "name": name, "password": None, "roles": (role,)}
            found[name] = create_account(session, ledger.clock, **options).id
        for name in ("awa", "ben"):
            service.open_member(session, found[name])
    return found


@pytest.fixture
def teller(identity_app: FastAPI, holders: dict[str, UUID], clock: FixedClock) -> Callable[..., Client]:
    """Clients with an access token; signing in is not what these tests are about."""

    def open_program(name: str | None = None) -> Client:
        client = Client(identity_app)
        return client.bear(identity_app.state.access_tokens.issue(holders[name], clock)[0]) if name else client

    return open_program


@pytest.fixture
def desk(teller: Callable[..., Client]) -> Client:
    """An administrator's client."""
    return teller("ada")


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


def account(owner_id: object, unit: str = CREDIT, **more: str) -> dict[str, str]:
    return {"owner_id": str(owner_id), "unit": unit, **more}
