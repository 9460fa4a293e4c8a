"""``Idempotency-Key``: a write happens once for each, and a repeat is answered as the first time."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.db.database import Database
from guerdon.http import idempotency
from guerdon.http.access import Principal, signed_in
from guerdon.http.idempotency import OnceDep
from guerdon.http.schemas import Schema, Text
from guerdon.http.transaction import SessionDep
from guerdon.kernel.identity.models import User
from support.http_client import Client, is_problem


class Order(Schema):
    what: Text


class Receipt(Schema):
    number: int


@pytest.fixture
def shop(identity_app: FastAPI, database: Database) -> FastAPI:
    """An application with one route that does something once."""

    @identity_app.post("/api/v1/orders")
    def order(
        body: Order, who: Annotated[Principal, Depends(signed_in())], once: OnceDep, session: SessionDep
    ) -> Receipt:
        def effect() -> Receipt:
            session.execute(text("INSERT INTO http.rate_windows (rule, subject) VALUES ('order', uuid_send(uuidv7()))"))
            if body.what == "nothing":
                raise RuntimeError(body.what)
            return Receipt(number=session.execute(text("SELECT count(*) FROM http.rate_windows")).scalar_one())

        return once.run(effect)  # type: ignore[return-value]  # FastAPI passes responses on

    return identity_app


def orders(database: Database) -> int:
    with database.transaction() as session:
        return int(session.execute(text("SELECT count(*) FROM http.rate_windows WHERE rule = 'order'")).scalar_one())


class TestIdempotency:
    URL = "/api/v1/orders"

    def send(self, client: Client, key: str | None, what: str = "tea") -> Any:
        headers = {"idempotency-key": key} if key is not None else {}
        return client.post(self.URL, json={"what": what}, headers=headers)

    def test_repeating_gives_the_first_answer(
        self, shop: FastAPI, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        person("badu")
        client = program("awa")
        first, second = self.send(client, "k1"), self.send(client, "k1")
        assert first.status_code == second.status_code == 201
        assert first.content == second.content
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert orders(database) == 1
        is_problem(self.send(client, "k1", "coffee"), 422, "idempotency-key-reused")
        assert orders(database) == 1
        assert "idempotency-replayed" not in self.send(program("badu"), "k1").headers
        assert orders(database) == 2

    def test_the_description_says_where_a_key_has_to_be(self, shop: FastAPI) -> None:
        def described(path: str) -> Any:
            named = shop.openapi()["paths"][path]["post"]["parameters"]
            return next(each for each in named if each["name"] == "Idempotency-Key")

        ordering = described(self.URL)
        assert ordering["required"]
        assert (ordering["schema"]["minLength"], ordering["schema"]["maxLength"]) == (1, 255)
        assert "x-required" not in ordering["schema"]
        assert described("/api/v1/ledger/adjustments")["required"]
        assert not described("/api/v1/ledger/transfers")["required"]  # the body may hold it

    def test_a_write_without_a_usable_key_is_refused(
        self, shop: FastAPI, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        client = program("awa")
        is_problem(self.send(client, None), 400, "idempotency-key-missing")
        for key in ("", "x" * 256):
            is_problem(self.send(client, key), 422, "idempotency-key-invalid")
        assert orders(database) == 0

    def test_a_failure_is_not_kept(
        self, shop: FastAPI, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        client = program("awa")
        assert self.send(client, "k1", "nothing").status_code == 500
        assert orders(database) == 0
        assert self.send(client, "k1").status_code == 201
        assert orders(database) == 1

    def test_of_parallel_duplicates_one_acts_and_all_get_its_answer(
        self, shop: FastAPI, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("awa")
        token = program("awa").headers["authorization"].partition(" ")[2]
        answers: list[Any] = []
        threads = [
            threading.Thread(target=lambda: answers.append(self.send(Client(shop).bear(token), "k1"))) for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [each.status_code for each in answers] == [201] * 6
        assert len({each.content for each in answers}) == 1
        assert sum("idempotency-replayed" in each.headers for each in answers) == 5
        assert orders(database) == 1

    def test_answers_are_forgotten_after_thirty_days(
        self,
        shop: FastAPI,
        database: Database,
        clock: FixedClock,
        person: Callable[..., User],
        program: Callable[..., Client],
    ) -> None:
        person("awa")
        self.send(program("awa"), "k1")
        clock.move(timedelta(days=30))
        with database.transaction() as session:
            assert idempotency.prune(session, clock) == 0
        clock.move(timedelta(seconds=1))
        with database.transaction() as session:
            assert idempotency.prune(session, clock) == 1
