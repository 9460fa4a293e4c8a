"""The database credits: whichever way a contribution becomes approved, its member has its credits, once."""

from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg

from support.credits import Club

ITEM_JSON = '{"description": "Tent", "estimated_value": 50.00}'
INSERT = (
    "INSERT INTO contributions (user_id, type, value_json, status, calculated_credits, approved_by, approved_at,"
    " rejection_reason) VALUES (%s, %s, %s, %s, %s, %s, now(), %s) RETURNING id"
)
APPROVE = "UPDATE contributions SET status = 'approved', approved_by = %s, approved_at = now() WHERE id = %s"
BACK = "UPDATE contributions SET status = 'pending', approved_by = NULL, approved_at = NULL WHERE id = %s"


def insert(
    club: Club,
    user_id: UUID,
    by: UUID | None = None,
    *,
    status: str = "pending",
    amount: str | None = "5.00",
    kind: str = "item_donation",
    value: str = ITEM_JSON,
    reason: str | None = None,
) -> UUID:
    found: UUID = club.sql(INSERT, [user_id, kind, value, status, amount, by, reason], dsn=club.database.dsn)[0][0]
    return found


def refused(club: Club, error: type[Exception], statement: str, params: list[object], *, owner: bool = False) -> None:
    """Running it raises, and nothing is different afterwards."""
    before = club.snapshot()
    with pytest.raises(error):
        club.sql(statement, params, dsn=None if owner else club.database.dsn)
    assert club.snapshot() == before


def insert_refused(club: Club, user_id: UUID, by: UUID | None = None, **changes: str | None) -> None:
    before = club.snapshot()
    with pytest.raises((pg.IntegrityError, pg.DataError)):
        insert(club, user_id, by, **changes)  # type: ignore[arg-type]  # keywords by name
    assert club.snapshot() == before


class TestCrediting:
    def test_inserted_as_approved(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert(club, awa, zoe, status="approved")
        assert club.balance(awa) == Decimal("5.00")
        assert club.sql("SELECT amount, balance_after, reason, created_by FROM credit_transactions") == [
            (Decimal("5.00"), Decimal("5.00"), "Contribution approved: item_donation", zoe)
        ]

    def test_updated_to_approved(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa)
        assert club.entries(awa) == []
        club.sql(APPROVE, [zoe, contribution_id])
        assert club.balance(awa) == Decimal("5.00")

    def test_many_at_once(self, club: Club, awa: UUID, zoe: UUID) -> None:
        for _ in range(20):
            insert(club, awa)
        club.sql("UPDATE contributions SET status = 'approved', approved_by = %s, approved_at = now()", [zoe])
        assert club.balance(awa) == Decimal("100.00")
        assert club.faults() == []

    @pytest.mark.parametrize("rounds", [1, 2, 7])
    def test_back_and_forth_nets_one_credit(self, club: Club, awa: UUID, zoe: UUID, rounds: int) -> None:
        contribution_id = insert(club, awa)
        for number in range(rounds):
            club.sql(APPROVE, [zoe, contribution_id])
            assert club.balance(awa) == Decimal("5.00")
            club.sql(BACK, [contribution_id])
            assert club.balance(awa) == Decimal(0), number
        club.sql(APPROVE, [zoe, contribution_id])
        found = club.summary(awa)
        assert (found.balance, found.earned) == (Decimal("5.00"), Decimal("5.00"))
        assert len(club.entries(awa)) == 2 * rounds + 1
        assert club.faults() == []

    def test_saying_approved_again_moves_nothing(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa, zoe, status="approved")
        club.sql(
            "UPDATE contributions SET status = 'approved', calculated_credits = 5 WHERE id = %s", [contribution_id]
        )
        club.sql("UPDATE contributions SET reviewed_by = %s", [zoe])
        assert club.entries(awa) == [Decimal("5.00")]

    @pytest.mark.parametrize("amount", ["2.50", "7.25", "0"])
    def test_a_corrected_amount(self, club: Club, awa: UUID, zoe: UUID, amount: str) -> None:
        contribution_id = insert(club, awa, zoe, status="approved")
        club.sql("UPDATE contributions SET calculated_credits = %s WHERE id = %s", [amount, contribution_id])
        assert club.balance(awa) == Decimal(amount)
        assert club.summary(awa).earned == Decimal(amount)
        assert club.faults() == []

    def test_nothing_for_nothing(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa, zoe, status="approved", amount="0")
        assert club.entries(awa) == []
        club.sql(BACK, [contribution_id])
        assert club.entries(awa) == []

    def test_an_id_that_was_credited_before_is_credited_anew(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa, zoe, status="approved")
        club.sql(BACK, [contribution_id])
        club.sql("DELETE FROM contributions")
        club.sql(
            "INSERT INTO contributions (id, user_id, type, value_json, status, calculated_credits, approved_by,"
            " approved_at) VALUES (%s, %s, 'item_donation', %s, 'approved', 5, %s, now())",
            [contribution_id, awa, ITEM_JSON, zoe],
        )
        assert club.balance(awa) == Decimal("5.00")
        assert club.faults() == []

    def test_a_forged_counter_is_ignored(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa, zoe, status="approved")
        club.sql("UPDATE contributions SET approvals = approvals + 5 WHERE id = %s", [contribution_id])
        assert club.entries(awa) == [Decimal("5.00")]
        assert club.row(contribution_id).approvals == 1


class TestRefusals:
    def test_approved_without_credits(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert_refused(club, awa, zoe, status="approved", amount=None)
        contribution_id = insert(club, awa, amount=None)
        refused(club, pg.CheckViolation, APPROVE, [zoe, contribution_id])

    def test_negative_credits(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert_refused(club, awa, zoe, status="approved", amount="-1")
        insert_refused(club, awa, amount="-0.01")

    def test_nan_and_too_large(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert_refused(club, awa, zoe, status="approved", amount="NaN")
        insert_refused(club, awa, zoe, status="approved", amount="100000000")

    def test_approving_ones_own(self, club: Club, zoe: UUID) -> None:
        insert_refused(club, zoe, zoe, status="approved")
        contribution_id = insert(club, zoe)
        refused(club, pg.CheckViolation, APPROVE, [zoe, contribution_id])

    def test_approved_by_nobody(self, club: Club, awa: UUID) -> None:
        insert_refused(club, awa, None, status="approved")

    def test_rejected_without_a_reason(self, club: Club, awa: UUID) -> None:
        insert_refused(club, awa, status="rejected")

    def test_deleting_what_is_approved(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert(club, awa, zoe, status="approved")
        refused(club, pg.RestrictViolation, "DELETE FROM contributions", [])

    def test_changing_what_is_approved(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert(club, awa, zoe, status="approved")
        statement = "UPDATE contributions SET value_json = value_json || '{\"estimated_value\": 900}'"
        refused(club, pg.RestrictViolation, statement, [])

    def test_moving_to_another_member(self, club: Club, awa: UUID, zoe: UUID) -> None:
        insert(club, awa, zoe, status="approved")
        ibis = club.person("ibis")
        refused(club, pg.RestrictViolation, "UPDATE contributions SET user_id = %s", [ibis])

    def test_taking_back_what_was_spent(self, club: Club, awa: UUID, zoe: UUID) -> None:
        contribution_id = insert(club, awa, zoe, status="approved")
        club.spend(awa, "1.00")
        refused(club, psycopg.Error, BACK, [contribution_id])
        assert club.balance(awa) == Decimal("4.00")

    @pytest.mark.parametrize("owner", [False, True])
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE ledger.transfers SET amount = 1",
            "DELETE FROM ledger.transfers",
            "TRUNCATE ledger.transfers CASCADE",
            "UPDATE credit_balances SET balance = 1000",
            "UPDATE credit_transactions SET amount = 1000",
            "DELETE FROM credit_transactions",
        ],
    )
    def test_the_ledger_cannot_be_rewritten(
        self, club: Club, awa: UUID, zoe: UUID, statement: str, owner: bool
    ) -> None:
        insert(club, awa, zoe, status="approved")
        refused(club, psycopg.Error, statement, [], owner=owner)

    @pytest.mark.parametrize("who", ["awa", "zoe"])
    def test_neither_member_nor_approver_can_be_deleted(self, club: Club, awa: UUID, zoe: UUID, who: str) -> None:
        insert(club, awa, zoe, status="approved")
        refused(club, psycopg.Error, "DELETE FROM identity.users WHERE name = %s", [who.capitalize()], owner=True)

    def test_rates_and_archive_are_not_rewritten(self, club: Club) -> None:
        for statement in ("UPDATE currency_rates SET rate = 9", "DELETE FROM currency_rates"):
            refused(club, pg.InsufficientPrivilege, statement, [])
        refused(club, pg.InsufficientPrivilege, "DELETE FROM contributions_archive", [])

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("volunteer_hours", '{"activity": "Garden", "hours": "three", "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": "3", "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": 0, "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": 24.01, "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": -3, "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": null, "date": "2026-03-01"}'),
            ("volunteer_hours", '{"activity": "Garden", "hours": 3, "date": "yesterday"}'),
            ("volunteer_hours", '{"activity": 5, "hours": 3, "date": "2026-03-01"}'),
            ("volunteer_hours", "{}"),
            ("money", '{"amount": "50", "currency": "USD", "payment_method": "cash", "transaction_id": "1"}'),
            ("money", '{"amount": 50, "currency": "usd", "payment_method": "cash", "transaction_id": "1"}'),
            ("money", '{"amount": 50, "currency": "USD", "payment_method": "cash"}'),
            ("money", '{"amount": -1, "currency": "USD", "payment_method": "cash", "transaction_id": "1"}'),
            ("item_donation", '{"description": "Tent", "estimated_value": "NaN"}'),
            ("item_donation", '{"description": "Tent", "estimated_value": [5]}'),
            ("item_donation", '{"description": null, "estimated_value": 5}'),
            ("item_donation", "[]"),
            ("item_donation", "null"),
            ("item_donation", '"three"'),
        ],
    )
    def test_values_of_the_wrong_kind_never_get_in(self, club: Club, awa: UUID, kind: str, value: str) -> None:
        insert_refused(club, awa, kind=kind, value=value)


class TestViewsNeverThrow:
    VIEWS = ("contribution_summary", "user_credit_summary", "credit_balances", "credit_transactions", "users")

    @pytest.mark.parametrize(
        ("kind", "value"),
        [
            ("item_donation", '{"description": "", "estimated_value": 1e-300}'),
            ("item_donation", '{"description": "x", "estimated_value": 1e300, "condition": 7, "photos": "none"}'),
            ("volunteer_hours", '{"activity": "", "hours": 24.00, "date": "9999-99-99", "notes": {"a": []}}'),
            (
                "money",
                '{"amount": 0.000001, "currency": "ZZZ", "payment_method": "", "transaction_id": ""}',
            ),
        ],
    )
    def test_on_the_strangest_rows_that_get_in(self, club: Club, awa: UUID, zoe: UUID, kind: str, value: str) -> None:
        insert(club, awa, zoe, status="approved", kind=kind, value=value)
        for view in self.VIEWS:
            assert club.sql(f"SELECT * FROM {view}", dsn=club.database.dsn)
        assert club.balance(awa) == Decimal("5.00")

    def test_on_an_empty_database(self, club: Club) -> None:
        for view in self.VIEWS:
            assert club.sql(f"SELECT * FROM {view}", dsn=club.database.dsn) == []

    def test_total_is_null_without_approvals(self, club: Club, awa: UUID) -> None:
        insert(club, awa)
        assert club.sql("SELECT total_credits_earned, total_contributions FROM user_credit_summary") == [(None, 1)]


class TestArchive:
    def rejected(self, club: Club, user_id: UUID, days_ago: int) -> UUID:
        contribution_id = insert(club, user_id, status="rejected", reason="no room")
        club.sql(
            "UPDATE contributions SET created_at = now() - make_interval(days => %s) WHERE id = %s",
            [days_ago, contribution_id],
        )
        return contribution_id

    def test_moves_once_and_keeps_the_keys(self, club: Club, awa: UUID) -> None:
        old = {self.rejected(club, awa, 400) for _ in range(3)}
        young = self.rejected(club, awa, 300)
        statement = "SELECT archive_rejected(now() - interval '1 year')"
        assert club.sql(statement) == [(3,)]
        assert club.sql(statement) == [(0,)]
        assert {row[0] for row in club.sql("SELECT id FROM contributions_archive")} == old
        assert club.sql("SELECT id FROM contributions") == [(young,)]

    def test_every_column_arrives(self, club: Club, awa: UUID) -> None:
        columns = (
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'credits' AND table_name = %s"
        )
        names = sorted(row[0] for row in club.sql(columns, ["contributions"]))
        self.rejected(club, awa, 400)
        before = club.sql(f"SELECT {', '.join(names)} FROM contributions")
        club.sql("SELECT archive_rejected(now())")
        assert club.sql(f"SELECT {', '.join(names)} FROM contributions_archive") == before

    def test_leaves_approved_and_pending(self, club: Club, awa: UUID, zoe: UUID) -> None:
        for status in ("pending", "approved"):
            contribution_id = insert(club, awa, zoe if status == "approved" else None, status=status)
            club.sql("UPDATE contributions SET created_at = '2001-01-01' WHERE id = %s", [contribution_id])
        assert club.sql("SELECT archive_rejected(now())") == [(0,)]
        assert club.balance(awa) == Decimal("5.00")
