"""Small parts of the HTTP edge that need neither a database nor an application."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from guerdon.http.context import client_address, parse_networks
from guerdon.http.errors import CursorInvalidError
from guerdon.http.idempotency import request_digest
from guerdon.http.keys import derive_key
from guerdon.http.pagination import decode_cursor, encode_cursor, page_of
from guerdon.http.schemas import Day, DecimalText, JsonObject, LocalMoment, Moment, Schema, Text
from guerdon.http.validation import field_errors


class Sample(Schema):
    title: Text
    amount: DecimalText = Decimal(0)
    extra: JsonObject = Field(default_factory=dict)


def codes(**values: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        Sample.model_validate({"title": "x", **values})
    return [(str(each.field), each.code) for each in field_errors(caught.value.errors()).errors]


class Limited(Schema):
    hours: Annotated[DecimalText, Field(gt=0, le=Decimal("24.5"), decimal_places=2)]
    reason: Annotated[Text, Field(min_length=1, max_length=5)]
    several: list[int] = Field(max_length=1)


def sentences(**values: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        Limited.model_validate({"hours": "1", "reason": "x", "several": [], **values})
    return {str(each.field): str(each) for each in field_errors(caught.value.errors()).errors}


def test_limits_are_told_as_people_write_them() -> None:
    assert sentences(hours="25", reason="longer", several=[1, 2]) == {
        "hours": "This must be at most 24.5.",
        "reason": "This must have at most 5 characters.",
        "several": "This must have at most 1 entries.",
    }
    assert sentences(hours="-0", reason="") == {
        "hours": "This must be greater than 0.",
        "reason": "This must have at least 1 characters.",
    }
    assert sentences(hours="1.001") == {"hours": "This must have at most 2 decimals."}


class TestSchema:
    @pytest.mark.parametrize("amount", ["12.50", "-3", "0", 7])
    def test_amounts_come_as_decimal_strings_or_whole_numbers(self, amount: object) -> None:
        assert Sample(title="x", amount=amount).amount == Decimal(str(amount))

    @pytest.mark.parametrize("amount", [12.5, 1.0, True, "1e3", "NaN", "12,5", "", None, [], "1" * 90])
    def test_floats_and_what_is_no_plain_decimal_are_refused(self, amount: object) -> None:
        assert codes(amount=amount)[0][0] == "amount"

    def test_a_bound_of_amounts_is_named(self) -> None:
        class Priced(Schema):
            price: DecimalText = Field(ge=Decimal(0))

        with pytest.raises(ValidationError) as caught:
            Priced.model_validate({"price": "-1"})
        told = field_errors(caught.value.errors()).errors[0]
        assert told.message.format(**told.params) == "This must be at least 0."

    def test_what_is_allowed_is_listed_in_no_language(self) -> None:
        class Chosen(Schema):
            kind: Literal["hand", "streak", "total"]

        with pytest.raises(ValidationError) as caught:
            Chosen.model_validate({"kind": "x"})
        assert field_errors(caught.value.errors()).errors[0].params["expected"] == "'hand', 'streak', 'total'"

    def test_amounts_go_out_as_strings(self) -> None:
        assert '"12.50"' in Sample(title="x", amount="12.50").model_dump_json()

    @pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x\udfff"])
    def test_text_that_cannot_be_stored_is_refused_wherever_it_stands(self, text: str) -> None:
        with pytest.raises(ValidationError):
            Sample(title=text)
        for extra in ({"k": text}, {text: 1}, {"k": [{"deep": text}]}):
            with pytest.raises(ValidationError):
                Sample(title="x", extra=extra)

    def test_unknown_fields_are_named(self) -> None:
        assert codes(surprise=1) == [("surprise", "extra-forbidden")]

    def test_numbers_that_json_lacks_are_refused(self) -> None:
        with pytest.raises(ValidationError):
            Sample(title="x", extra={"k": float("nan")})

    def test_bottomless_documents_are_refused(self) -> None:
        document: dict[str, object] = {}
        for _ in range(100):
            document = {"k": document}
        with pytest.raises(ValidationError):
            Sample(title="x", extra=document)


class TestCursor:
    def test_what_goes_in_comes_out(self) -> None:
        moment, key = datetime(2026, 3, 2, 9, tzinfo=UTC), uuid4()
        cursor = encode_cursor(moment, key, "Awa", 5, date(2026, 1, 1))
        assert decode_cursor(cursor, datetime, UUID, str, int, date) == (moment, key, "Awa", 5, date(2026, 1, 1))

    def test_no_cursor_is_the_first_page(self) -> None:
        assert decode_cursor(None, str) is None

    @given(st.text(max_size=60))
    def test_garbage_is_refused(self, garbage: str) -> None:
        with pytest.raises(CursorInvalidError):
            decode_cursor(garbage, datetime, UUID)

    @pytest.mark.parametrize(
        "parts", [("2026-03-02", "x"), ("2026-03-02T09:00:00", str(uuid4())), (1, 2), ("a\x00", "b")]
    )
    def test_cursors_of_another_list_are_refused(self, parts: tuple[object, ...]) -> None:
        with pytest.raises(CursorInvalidError):
            decode_cursor(encode_cursor(*parts), datetime, UUID)

    def test_a_page_knows_whether_there_is_more(self) -> None:
        full = page_of([1, 2, 3], 2, show=str, key=lambda row: (row,))
        assert full.items == ["1", "2"]
        assert decode_cursor(full.next_cursor, int) == (2,)
        assert page_of([1, 2], 2, show=str, key=lambda row: (row,)).next_cursor is None
        assert page_of([], 2, show=str, key=lambda row: (row,)).next_cursor is None


class TestClientAddress:
    TRUSTED = parse_networks(["10.0.0.0/8", "::1"])

    def scope(self, peer: str | None, *forwarded: str) -> dict[str, object]:
        return {
            "client": (peer, 1) if peer else None,
            "headers": [(b"x-forwarded-for", each.encode()) for each in forwarded],
        }

    @pytest.mark.parametrize(
        ("peer", "forwarded", "expected"),
        [
            ("203.0.113.7", ("198.51.100.1",), "203.0.113.7"),
            ("10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
            ("10.0.0.1", ("1.2.3.4, 198.51.100.1",), "198.51.100.1"),
            ("10.0.0.1", ("1.2.3.4", "198.51.100.1, 10.9.9.9"), "198.51.100.1"),
            ("10.0.0.1", ("garbage",), "10.0.0.1"),
            ("10.0.0.1", (), "10.0.0.1"),
            ("::ffff:10.0.0.1", ("198.51.100.1",), "198.51.100.1"),
            ("testclient", ("198.51.100.1",), None),
            (None, ("198.51.100.1",), None),
        ],
    )
    def test_only_trusted_proxies_are_believed(
        self, peer: str | None, forwarded: tuple[str, ...], expected: str | None
    ) -> None:
        assert client_address(self.scope(peer, *forwarded), self.TRUSTED) == expected

    def test_a_proxy_that_is_no_address_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not-an-address"):
            parse_networks(["not-an-address"])


def test_the_order_of_json_keys_makes_no_other_request() -> None:
    one = request_digest("POST", "/x", "", b'{"a": 1, "b": "2"}')
    assert one == request_digest("POST", "/x", "", b'{"b":"2","a":1}')
    assert one != request_digest("POST", "/x", "", b'{"a": 1, "b": "3"}')
    assert one != request_digest("POST", "/y", "", b'{"a": 1, "b": "2"}')
    assert request_digest("POST", "/x", "", b"\xff") != request_digest("POST", "/x", "", b"\xfe")


def test_each_purpose_has_its_own_key() -> None:
    assert derive_key(b"s" * 32, "csrf") != derive_key(b"s" * 32, "access-token")
    assert derive_key(b"s" * 32, "csrf") == derive_key(b"s" * 32, "csrf")
    assert derive_key(b"s" * 32, "csrf") != derive_key(b"t" * 32, "csrf")


class _Dated(Schema):
    day: Day
    local: LocalMoment
    moment: Moment


WRITTEN = {"day": "2026-03-31", "local": "2026-03-31T12:00", "moment": "2026-03-31T12:00:00Z"}


def test_days_and_moments_are_taken_as_people_write_them() -> None:
    found = _Dated.model_validate_json(json.dumps(WRITTEN))
    assert found.day == date(2026, 3, 31)
    assert found.local == datetime(2026, 3, 31, 12)  # noqa: DTZ001 - by the clock of a place
    assert found.moment == datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert _Dated.model_validate(found.model_dump()) == found


@pytest.mark.parametrize("field", list(WRITTEN))
@pytest.mark.parametrize("sent", [0, 1774915200, 1.5, True, "0", "1774915200", "20260331", "", "tomorrow", None])
def test_numbers_of_seconds_are_no_days_and_no_moments(field: str, sent: object) -> None:
    with pytest.raises(ValidationError) as refused:
        _Dated.model_validate_json(json.dumps(WRITTEN | {field: sent}))
    (error,) = field_errors(refused.value.errors()).errors
    assert error.field == field
    assert error.message.startswith("This is not a ")
