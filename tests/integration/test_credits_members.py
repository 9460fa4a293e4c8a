"""What members submit, what it is worth, and what is refused at the door, over HTTP and in the services."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from guerdon.core.clock import FixedClock
from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.kernel.engagement.service import rules
from guerdon.programs.credits.errors import (
    CurrencyNotAcceptedError,
    CurrencyUnknownError,
    DateOutOfRangeError,
    PaymentKnownError,
    RateKnownError,
    TooManyDecimalsError,
    TransitionRefusedError,
    WorthTooMuchError,
)
from guerdon.programs.credits.models import ContributionStatus
from guerdon.programs.credits.service import currencies, reviewing, submitting
from guerdon.programs.credits.service.explaining import explain
from support.credits import HOURS, ITEM, MONEY, Caller, Club, hours, item, money, refused

PATH = "/api/v1/credits/contributions"
Api = Callable[..., Caller]


class TestWorth:
    @pytest.mark.parametrize(
        ("value", "condition", "credits"),
        [
            ("50.00", "like_new", "5.00"),
            ("50.00", "new", "5.00"),
            ("50.00", None, "5.00"),
            ("50.00", "good", "4.00"),
            ("50.00", "fair", "2.50"),
            ("50.00", "poor", "1.00"),
            ("33.33", "good", "2.67"),  # 2.6664
            ("33.33", "new", "3.33"),  # 3.333
            ("0.01", "new", "0.00"),  # 0.001
            ("0.05", "new", "0.01"),  # 0.005: halves go up
            ("0.04", "new", "0.00"),
            ("0.10", "fair", "0.01"),  # 0.005
            ("999999999.94", "new", "99999999.99"),
        ],
    )
    def test_items(self, club: Club, awa: UUID, value: str, condition: str | None, credits: str) -> None:
        assert club.row(club.submit(awa, item(value, condition))).calculated_credits == Decimal(credits)

    @pytest.mark.parametrize(
        ("number", "credits"), [("3", "6.00"), ("0.01", "0.02"), ("0.25", "0.50"), ("24", "48.00"), ("1.33", "2.66")]
    )
    def test_hours(self, club: Club, awa: UUID, number: str, credits: str) -> None:
        assert club.row(club.submit(awa, hours(number))).calculated_credits == Decimal(credits)

    @pytest.mark.parametrize(
        ("amount", "credits"), [("50.00", "10.00"), ("0.01", "0.00"), ("0.03", "0.01"), ("33.33", "6.67")]
    )
    def test_money(self, club: Club, awa: UUID, amount: str, credits: str) -> None:
        assert club.row(club.submit(awa, money("1", amount))).calculated_credits == Decimal(credits)

    @pytest.mark.parametrize(
        ("currency", "rate", "amount", "credits"),
        [
            ("XOF", "0.0016", "10000", "3.20"),
            ("XOF", "0.0016", "1", "0.00"),
            ("KWD", "3.25", "1.234", "0.80"),  # 4.0105 of cash is counted as 4.01; 0.802
            ("EUR", "1.1", "0.05", "0.01"),  # 0.055 is counted as 0.06; 0.012
            ("IDR", "0.00006", "15000000", "180.00"),
            ("IRR", "0.000000000001", "1000000000000000", "200.00"),
            ("VND", "0.00004", "12499999998500", "99999999.99"),
        ],
    )
    def test_other_currencies(
        self, club: Club, awa: UUID, zoe: UUID, currency: str, rate: str, amount: str, credits: str
    ) -> None:
        club.do(currencies.set_rate, currency, Decimal(rate), valid_from=club.clock.now(), actor_id=zoe)
        contribution = club.row(club.submit(awa, money("1", amount, currency)))
        assert contribution.calculated_credits == Decimal(credits)

    @pytest.mark.parametrize(
        ("currency", "rate", "amount"),
        [
            ("USD", "1", "499999999.98"),
            ("VND", "0.00004", "12500000000000"),
            ("IDR", "999999999", "1000000000000000"),  # what it is worth fits no 64 bits
        ],
    )
    def test_no_more_than_one_contribution_can_be_credited(
        self, club: Club, awa: UUID, zoe: UUID, currency: str, rate: str, amount: str
    ) -> None:
        since = club.clock.now() - timedelta(seconds=1)
        club.do(currencies.set_rate, currency, Decimal(rate), valid_from=since, actor_id=zoe)
        error = refused(club, WorthTooMuchError, lambda: club.submit(awa, money("1", amount, currency)))
        assert error.field == "amount"

    def test_a_rate_counts_from_its_moment_on(self, club: Club, awa: UUID, zoe: UUID) -> None:
        now = club.clock.now()
        club.do(currencies.set_rate, "XOF", Decimal("0.002"), valid_from=now, actor_id=zoe)
        club.do(currencies.set_rate, "XOF", Decimal("0.004"), valid_from=now + timedelta(days=1), actor_id=zoe)
        first = club.submit(awa, money("1", "1000", "XOF"))
        club.clock.move(timedelta(days=1))
        second = club.submit(awa, money("2", "1000", "XOF"))
        assert [club.row(each).calculated_credits for each in (first, second)] == [Decimal("0.40"), Decimal("0.80")]
        # The member corrects the number later: the rate stays that of the day of submission.
        club.do(submitting.change, club.clock, awa, first, money("1b", "1000", "XOF"))
        assert club.row(first).calculated_credits == Decimal("0.40")

    def test_rates_are_never_overwritten(self, club: Club, zoe: UUID) -> None:
        now = club.clock.now()
        club.do(currencies.set_rate, "XOF", Decimal("0.002"), valid_from=now, actor_id=zoe)
        refused(
            club,
            RateKnownError,
            lambda: club.do(currencies.set_rate, "XOF", Decimal("0.9"), valid_from=now, actor_id=zoe),
        )


class TestExplanation:
    def test_of_each_type(self, api: Api) -> None:
        client = api("awa")
        words = {}
        for body in (ITEM | {"condition": "good"}, HOURS, MONEY):
            answer = client.post(PATH, json=body)
            assert answer.status_code == 201, answer.text
            explanation = answer.json()["explanation"]
            words[body["type"]] = explanation["words"], explanation["numbers"], explanation["credits"]
        assert words == {
            "item_donation": ("value × credits per unit × condition", "50 × 0.1 × 0.8 = 4.00", "4.00"),
            "volunteer_hours": ("hours × credits per hour", "3 × 2 = 6.00", "6.00"),
            "money": ("amount × credits per unit", "50 × 0.2 = 10.00", "10.00"),
        }

    def test_of_a_converted_gift(self, club: Club, awa: UUID, zoe: UUID) -> None:
        club.do(currencies.set_rate, "XOF", Decimal("0.0016"), valid_from=club.clock.now(), actor_id=zoe)
        found = explain(club.row(club.submit(awa, money("1", "10000", "XOF"))).calculation)
        assert found is not None
        assert found.converted == "10000 XOF × 0.0016 = 16"
        assert found.numbers == "16 × 0.2 = 3.20"

    def test_of_an_override(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa)
        club.approve(zoe, contribution_id, credits=Decimal("7.50"), reason="worth more")
        found = explain(club.row(contribution_id).calculation)
        assert found is not None
        assert found.override is not None
        assert (found.credits, found.override.credits, found.override.instead_of) == (
            Decimal("5.00"),
            Decimal("7.50"),
            Decimal("5.00"),
        )
        assert (found.override.reason, found.override.by, found.override.at) == ("worth more", zoe, club.clock.now())


class TestRuleVersions:
    def new_rule(self, club: Club, bp: int, **terms: Any) -> None:
        def write(session: Any) -> None:
            params = {"credits_per_hour_bp": bp}
            draft = rules.write_version(
                session, "credits", "volunteer_hours", params=params, note="more", actor_id=None, changes=terms
            )
            rules.activate(session, draft.id, club.clock.now(), actor_id=None)

        club.do(write)

    def test_a_new_version_counts_for_what_comes_later(self, club: Club, awa: UUID, zoe: UUID) -> None:
        early = club.submit(awa, hours("3"))
        credited = club.credited(awa, zoe, hours("1"))
        self.new_rule(club, 30000)
        late = club.submit(awa, hours("3"))
        rows = {name: club.row(each) for name, each in (("early", early), ("credited", credited), ("late", late))}
        assert {name: row.calculated_credits for name, row in rows.items()} == {
            "early": Decimal("6.00"),
            "credited": Decimal("2.00"),
            "late": Decimal("9.00"),
        }
        assert [(row.calculation or {})["version"] for row in rows.values()] == [1, 1, 2]
        club.approve(zoe, early)
        assert club.balance(awa) == Decimal("8.00")

    def test_staff_may_write_another_formula(self, club: Club, awa: UUID) -> None:
        """Nobody tells the kernel what contributions hold: a formula is taken as it is, its form checked."""
        amount = "ratio(activity.hours_hundredths * params.credits_per_hour_bp, 10000) + 50"
        self.new_rule(club, 20000, amount=amount, condition="activity.hours_hundredths >= 100")
        worth = [club.row(club.submit(awa, hours(given))).calculated_credits for given in ("1", "0.5")]
        assert worth == [Decimal("2.50"), Decimal("0.00")]
        with pytest.raises(FieldErrors):
            self.new_rule(club, 20000, amount="activity.hours_hundredths +")

    def test_recalculation_takes_the_rule_of_today(self, club: Club, awa: UUID, zoe: UUID) -> None:
        early = club.submit(awa, hours("3"))
        self.new_rule(club, 30000)
        club.do(reviewing.recalculate, club.clock, zoe, early)
        row = club.row(early)
        assert (row.calculated_credits, (row.calculation or {})["version"]) == (Decimal("9.00"), 2)
        found = explain(row.calculation)
        assert found is not None
        assert found.numbers == "3 × 3 = 9.00"

    def test_only_what_is_pending_is_recalculated(self, club: Club, awa: UUID, zoe: UUID) -> None:
        credited = club.credited(awa, zoe, hours("3"))
        self.new_rule(club, 30000)
        refused(club, TransitionRefusedError, lambda: club.do(reviewing.recalculate, club.clock, zoe, credited))

    def test_rows_without_credits_are_worked_out_at_approval(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = club.submit(awa, hours("3"))
        club.sql("UPDATE contributions SET calculated_credits = NULL, calculation = NULL")
        club.approve(zoe, contribution_id)
        assert club.balance(awa) == Decimal("6.00")


BAD = [
    (HOURS, {"hours": "0"}),
    (HOURS, {"hours": "24.01"}),
    (HOURS, {"hours": "-1"}),
    (HOURS, {"hours": "NaN"}),
    (HOURS, {"hours": "Infinity"}),
    (HOURS, {"hours": "three"}),
    (HOURS, {"hours": "1e3"}),
    (HOURS, {"hours": "1e1"}),
    (HOURS, {"hours": "3,5"}),
    (HOURS, {"hours": ""}),
    (HOURS, {"hours": 3.5}),
    (HOURS, {"hours": True}),
    (HOURS, {"hours": None}),
    (HOURS, {"hours": ["3"]}),
    (HOURS, {"hours": "0.001"}),
    (HOURS, {"hours": "９"}),
    (HOURS, {"date": "2026-02-30"}),
    (HOURS, {"date": "2026-03-03"}),
    (HOURS, {"date": "1999-12-31"}),
    (HOURS, {"date": "yesterday"}),
    (HOURS, {"date": "2026-03-01T00:00:00"}),
    (HOURS, {"date": "2026-03-01T00:00:00+14:00"}),
    (HOURS, {"date": None}),
    (HOURS, {"activity": ""}),
    (HOURS, {"activity": "   "}),
    (HOURS, {"activity": "\u200b \u2800"}),
    (HOURS, {"activity": "x" * 201}),
    (HOURS, {"supervisor": "x" * 201}),
    (HOURS, {"notes": "x" * 2001}),
    (ITEM, {"description": ""}),
    (ITEM, {"description": "\x00"}),
    (ITEM, {"description": "\ud800"}),
    (ITEM, {"description": "x" * 201}),
    (ITEM, {"estimated_value": "0"}),
    (ITEM, {"estimated_value": "-5"}),
    (ITEM, {"estimated_value": "1000000000"}),
    (ITEM, {"estimated_value": "10000000000.01"}),
    (ITEM, {"estimated_value": "5.001"}),
    (ITEM, {"estimated_value": 50.0}),
    (ITEM, {"condition": "broken"}),
    (ITEM, {"photos": ["https://example.org/1.jpg"]}),
    (ITEM, {"credits": "1000"}),
    (ITEM, {"status": "approved"}),
    (ITEM, {"user_id": str(uuid4())}),
    (MONEY, {"amount": "0"}),
    (MONEY, {"amount": "5.001"}),
    (MONEY, {"amount": "500000000"}),
    (MONEY, {"amount": "1000000000000001"}),
    (MONEY, {"currency": "XXQ"}),
    (MONEY, {"currency": "EUR"}),
    (MONEY, {"currency": "DOLLAR"}),
    (MONEY, {"currency": "U$D"}),
    (MONEY, {"payment_method": "barter"}),
    (MONEY, {"transaction_id": ""}),
    (MONEY, {"transaction_id": "x" * 101}),
    (MONEY, {"transaction_id": "TXN\u200b123456"}),
    (MONEY, {"transaction_id": "TXN123456\ufeff"}),
    (MONEY, {"transaction_id": "TXN\u00a0123456"}),
    (MONEY, {"transaction_id": "\ufdfa" * 6}),
    (ITEM, {"type": "kindness"}),
    (ITEM, {"type": None}),
]


def test_the_door_refuses_what_cannot_be_and_keeps_nothing(club: Club, api: Api) -> None:
    """All cases against one database, because each leaves it as it was."""
    client = api("awa")
    before = club.snapshot()
    for body, change in BAD:
        # Escaped, because half a surrogate pair has no UTF-8 form.
        answer = client.post(PATH, content=_json(body | change), headers={"content-type": "application/json"})
        assert answer.status_code == 422, (change, answer.text)
        document = answer.json()
        assert document["type"].startswith("urn:guerdon:problem:"), change
        assert answer.headers["content-type"] == "application/problem+json"
        field = next(iter(change))
        named = [document.get("field"), *(each["field"] for each in document.get("errors", ()))]
        expected = {field, "body"} if change[field] in ("\x00", "\ud800") else {field}
        assert expected & set(named), (change, document)
    assert club.snapshot() == before


def test_which_type_it_is_has_to_be_said_and_known(api: Api) -> None:
    client = api("awa")
    untyped = {name: value for name, value in ITEM.items() if name != "type"}
    for body, code, detail in (
        (untyped, "missing", "This field is required."),
        (ITEM | {"type": "gift"}, "enum", "This must be one of 'item_donation', 'money', 'volunteer_hours'."),
    ):
        [fault] = client.post(PATH, json=body).json()["errors"]
        assert (fault["field"], fault["code"], fault["detail"]) == ("type", code, detail)


def _json(body: dict[str, Any]) -> bytes:
    import json

    return json.dumps(body).encode()


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"{", b'"item_donation"', b"\xff", b"[" * 5000])
def test_bodies_that_are_no_object(club: Club, api: Api, content: bytes) -> None:
    client = api("awa")
    before = club.snapshot()
    answer = client.post(PATH, content=content, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert club.snapshot() == before


@pytest.mark.parametrize("given", ["24", "0.01", "  3 ", "+3", 3, "3.50"])
def test_hours_as_people_write_them(api: Api, given: Any) -> None:
    answer = api("awa").post(PATH, json=HOURS | {"hours": given})
    assert answer.status_code == 201, answer.text
    assert Decimal(answer.json()["value"]["hours"]) == Decimal(str(given).strip())


def test_texts_arrive_as_they_were_sent(api: Api) -> None:
    text = "Zelt ⛺ für die “Kinder” — 4 Personen; <b>neu</b> 👩\u200d👧 ❤\ufe0f می\u200cخواهم"
    answer = api("awa").post(PATH, json=ITEM | {"description": f"  {text} "})
    assert answer.json()["value"]["description"] == text


def test_amounts_arrive_to_the_last_digit(api: Api) -> None:
    client = api("awa")
    made = client.post(PATH, json=ITEM | {"estimated_value": "1234567.89"}).json()
    assert client.get(f"{PATH}/{made['id']}").json()["value"]["estimated_value"] == "1234567.89"


class TestDays:
    @pytest.mark.parametrize(
        ("zone", "moment", "latest"),
        [
            ("UTC", datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02"),
            ("Pacific/Kiritimati", datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-02"),
            ("Pacific/Kiritimati", datetime(2026, 3, 2, 10, tzinfo=UTC), "2026-03-03"),
            ("Pacific/Pago_Pago", datetime(2026, 3, 2, 10, 59, tzinfo=UTC), "2026-03-01"),
            ("Pacific/Pago_Pago", datetime(2026, 3, 2, 11, tzinfo=UTC), "2026-03-02"),
        ],
    )
    def test_today_is_the_members_own(self, club: Club, zone: str, moment: datetime, latest: str) -> None:
        awa = club.person("awa", zone=zone)
        club.clock.move(moment - club.clock.now())
        day = datetime.fromisoformat(latest).date()
        club.submit(awa, hours("1", latest), zone=zone)
        refused(
            club,
            DateOutOfRangeError,
            lambda: club.submit(awa, hours("1", (day + timedelta(days=1)).isoformat()), zone=zone),
        )

    def test_over_http_too(self, club: Club, api: Api, clock: FixedClock) -> None:
        clock.move(timedelta(hours=1))
        client = api("awa")
        tomorrow = HOURS | {"date": "2026-03-03"}
        assert client.post(PATH, json=tomorrow).status_code == 422
        club.sql("UPDATE identity.users SET time_zone = 'Pacific/Kiritimati'")
        assert client.post(PATH, json=tomorrow).status_code == 201


class TestPayments:
    @pytest.mark.parametrize("again", ["TXN123456", "txn123456", " Txn123456 ", "\uff34XN\uff11\uff12\uff13456"])
    def test_are_submitted_once_by_whomever(self, club: Club, awa: UUID, again: str) -> None:
        club.submit(awa, money("TXN123456"))
        ibis = club.person("ibis")
        refused(club, PaymentKnownError, lambda: club.submit(ibis, money(again)))

    def test_another_method_is_another_payment(self, api: Api) -> None:
        client = api("awa")
        assert client.post(PATH, json=MONEY).status_code == 201
        assert client.post(PATH, json=MONEY).status_code == 409
        assert client.post(PATH, json=MONEY | {"payment_method": "cash"}).status_code == 201

    def test_may_be_submitted_again_once_rejected(self, club: Club, awa: UUID, zoe: UUID) -> None:
        first = club.submit(awa, money("1"))
        club.do(reviewing.reject, club.clock, zoe, first, reason="unreadable")
        second = club.submit(awa, money("1"))
        refused(club, PaymentKnownError, lambda: club.reopen(zoe, first))
        assert club.row(second).status is ContributionStatus.PENDING

    def test_a_withdrawn_one_cannot_come_back_beside_another(self, club: Club, awa: UUID) -> None:
        first = club.submit(awa, money("1"))
        club.do(submitting.withdraw, club.clock, awa, first)
        club.submit(awa, money("1"))
        refused(club, PaymentKnownError, lambda: club.do(submitting.resubmit, awa, first))

    def test_changing_into_a_known_one(self, club: Club, awa: UUID) -> None:
        club.submit(awa, money("1"))
        other = club.submit(awa, money("2"))
        refused(club, PaymentKnownError, lambda: club.do(submitting.change, club.clock, awa, other, money("1")))

    @pytest.mark.parametrize(
        ("currency", "amount", "error"),
        [
            ("EUR", "5", CurrencyNotAcceptedError),
            ("XXQ", "5", CurrencyUnknownError),
            ("USD", "5.005", TooManyDecimalsError),
            ("JPY", "5.5", TooManyDecimalsError),
        ],
    )
    def test_currencies(self, club: Club, awa: UUID, currency: str, amount: str, error: type[GuerdonError]) -> None:
        refused(club, error, lambda: club.submit(awa, money("1", amount, currency)))

    def test_the_answer_names_what_is_accepted(self, api: Api) -> None:
        answer = api("awa").post(PATH, json=MONEY | {"currency": "EUR"})
        assert answer.json()["code"] == "currency-not-accepted"
        assert "USD" in answer.json()["remedy"]
