"""The program as its data model was published: relations, columns, constraints, indexes, sample rows and queries.

The SQL of the samples and queries stands here word for word, since whoever wrote queries for it relies on them. The
sample rows named an account as ``admin-uuid``, which is no UUID, so a real one is put there.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row

from support.credits import Club

MEMBER = UUID("7c9e6679-7425-40de-944b-e07fc1f90ae7")
STAFF = UUID("7c9e6679-7425-40de-944b-e07fc1f90aff")

SAMPLES = """
-- Sample item donation
INSERT INTO contributions (user_id, type, value_json, status, calculated_credits, approved_by, approved_at)
VALUES (
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  'item_donation',
  '{
    "description": "Camping tent, 4-person Coleman",
    "estimated_value": 50.00,
    "condition": "like_new",
    "photos": ["https://example.com/photo1.jpg"],
    "notes": "Lightly used, all poles included"
  }'::jsonb,
  'approved',
  5.00,
  'admin-uuid',
  NOW()
);

-- Sample monetary contribution
INSERT INTO contributions (user_id, type, value_json, status, calculated_credits)
VALUES (
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  'money',
  '{
    "amount": 50.00,
    "currency": "USD",
    "payment_method": "online_transfer",
    "transaction_id": "TXN123456"
  }'::jsonb,
  'pending',
  10.00
);

-- Sample volunteer hours
INSERT INTO contributions (user_id, type, value_json, status, calculated_credits, approved_by, approved_at)
VALUES (
  '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  'volunteer_hours',
  '{
    "activity": "Community garden maintenance",
    "hours": 3.0,
    "date": "2025-10-15",
    "supervisor": "Jane Smith",
    "notes": "Weeding and planting"
  }'::jsonb,
  'approved',
  6.00,
  'admin-uuid',
  NOW()
);
""".replace("admin-uuid", str(STAFF))

APPROVED_OF_A_USER = """
SELECT
  id,
  type,
  value_json,
  calculated_credits,
  approved_at
FROM contributions
WHERE user_id = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
  AND status = 'approved'
ORDER BY created_at DESC;
"""
QUEUE = """
SELECT
  c.id,
  c.type,
  c.value_json,
  c.calculated_credits,
  c.created_at,
  u.name as user_name,
  u.email as user_email
FROM contributions c
JOIN users u ON c.user_id = u.id
WHERE c.status = 'pending'
ORDER BY c.created_at ASC;
"""
BREAKDOWN = """
SELECT
  cb.user_id,
  cb.balance,
  cb.tier,
  COUNT(c.id) FILTER (WHERE c.type = 'item_donation') as item_count,
  SUM(c.calculated_credits) FILTER (WHERE c.type = 'item_donation') as item_credits,
  COUNT(c.id) FILTER (WHERE c.type = 'money') as money_count,
  SUM(c.calculated_credits) FILTER (WHERE c.type = 'money') as money_credits,
  COUNT(c.id) FILTER (WHERE c.type = 'volunteer_hours') as volunteer_count,
  SUM(c.calculated_credits) FILTER (WHERE c.type = 'volunteer_hours') as volunteer_credits
FROM credit_balances cb
LEFT JOIN contributions c ON cb.user_id = c.user_id AND c.status = 'approved'
WHERE cb.user_id = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
GROUP BY cb.user_id, cb.balance, cb.tier;
"""
LEADERBOARD = """
SELECT
  u.id,
  u.name,
  cb.balance,
  cb.tier,
  COUNT(c.id) as contribution_count
FROM credit_balances cb
JOIN users u ON cb.user_id = u.id
LEFT JOIN contributions c ON u.id = c.user_id AND c.status = 'approved'
GROUP BY u.id, u.name, cb.balance, cb.tier
ORDER BY cb.balance DESC
LIMIT 10;
"""

CONTRIBUTION_COLUMNS = {
    "id": "uuid",
    "user_id": "uuid",
    "approved_by": "uuid",
    "type": "contribution_type",
    "value_json": "jsonb",
    "status": "contribution_status",
    "calculated_credits": "numeric(10,2)",
    "approved_at": "timestamp with time zone",
    "rejection_reason": "text",
    "created_at": "timestamp with time zone",
    "updated_at": "timestamp with time zone",
}
COLUMNS = {
    "contributions": CONTRIBUTION_COLUMNS,
    "contributions_archive": CONTRIBUTION_COLUMNS,
    "users": {"id": "uuid", "name": "text", "email": "character varying(254)"},
    "credit_balances": {
        "user_id": "uuid",
        "balance": "numeric(20,2)",
        "tier": "character varying(20)",
        "last_calculated_at": "timestamp with time zone",
        "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone",
    },
    "credit_transactions": {
        "id": "uuid",
        "user_id": "uuid",
        "contribution_id": "uuid",
        "created_by": "uuid",
        "amount": "numeric(20,2)",
        "balance_after": "numeric(20,2)",
        "reason": "character varying(255)",
        "created_at": "timestamp with time zone",
    },
    "contribution_summary": {
        "id": "uuid",
        "user_id": "uuid",
        "user_name": "text",
        "user_email": "character varying(254)",
        "type": "contribution_type",
        "status": "contribution_status",
        "calculated_credits": "numeric(10,2)",
        "created_at": "timestamp with time zone",
        "approved_at": "timestamp with time zone",
        "approved_by": "uuid",
        "approved_by_name": "text",
        "contribution_description": "text",
        "contribution_value": "numeric",
    },
    "user_credit_summary": {
        "user_id": "uuid",
        "name": "text",
        "email": "character varying(254)",
        "credit_balance": "numeric",
        "tier": "character varying",
        "total_contributions": "bigint",
        "approved_contributions": "bigint",
        "pending_contributions": "bigint",
        "total_credits_earned": "numeric",
        "last_contribution_date": "timestamp with time zone",
    },
}
CONSTRAINTS = {
    "chk_credits_positive",
    "chk_approved_when_approved",
    "chk_rejected_when_rejected",
    "chk_contributions_approved_has_credits",
    "chk_contributions_approved_by_another",
    "chk_contributions_value_is_typed",
    "chk_contributions_withdrawn_is_rejected",
}
INDEXES = {
    "idx_contributions_user": "(user_id)",
    "idx_contributions_pending": "(status, created_at DESC) WHERE (status = 'pending'",
    "idx_contributions_created": "(created_at DESC)",
    "idx_contributions_type": "(type)",
    "idx_contributions_approved": "(approved_at DESC) WHERE (status = 'approved'",
    "idx_contributions_user_status": "(user_id, status, created_at DESC)",
    "idx_contributions_value_json": "gin (value_json)",
    "uq_contributions_payment": "lower((value_json ->> 'payment_method'",
}


def query(club: Club, statement: str) -> list[dict[str, Any]]:
    """The rows of a query, as whoever wrote it would run it: by search path."""
    with psycopg.connect(club.owner_dsn, row_factory=dict_row) as connection:
        connection.execute("SET search_path = credits, public")
        return connection.execute(statement.encode()).fetchall()


@pytest.fixture
def sampled(club: Club) -> Club:
    """A club with the member and the rows of the samples."""
    club.sql(
        "INSERT INTO identity.users (id, name, email) VALUES (%s, 'Awa', 'awa@example.org'), "
        "(%s, 'Zoe', 'zoe@example.org')",
        [MEMBER, STAFF],
    )
    club.sql(SAMPLES)
    return club


class TestSamples:
    def test_the_balance_is_what_was_approved(self, sampled: Club) -> None:
        assert sampled.sql("SELECT balance, tier FROM credit_balances") == [(Decimal("11.00"), "bronze")]
        assert sorted(sampled.entries(MEMBER)) == [Decimal("5.00"), Decimal("6.00")]
        assert sampled.faults() == []

    def test_approved_contributions_of_a_user(self, sampled: Club) -> None:
        rows = query(sampled, APPROVED_OF_A_USER)
        assert {row["type"]: row["calculated_credits"] for row in rows} == {
            "item_donation": Decimal("5.00"),
            "volunteer_hours": Decimal("6.00"),
        }
        assert all(row["approved_at"] for row in rows)

    def test_queue(self, sampled: Club) -> None:
        (row,) = query(sampled, QUEUE)
        assert (row["type"], row["calculated_credits"]) == ("money", Decimal("10.00"))
        assert (row["user_name"], row["user_email"]) == ("Awa", "awa@example.org")

    def test_balance_with_breakdown(self, sampled: Club) -> None:
        (row,) = query(sampled, BREAKDOWN)
        assert row == {
            "user_id": MEMBER,
            "balance": Decimal("11.00"),
            "tier": "bronze",
            "item_count": 1,
            "item_credits": Decimal("5.00"),
            "money_count": 0,
            "money_credits": None,
            "volunteer_count": 1,
            "volunteer_credits": Decimal("6.00"),
        }

    def test_leaderboard(self, sampled: Club) -> None:
        assert query(sampled, LEADERBOARD) == [
            {"id": MEMBER, "name": "Awa", "balance": Decimal("11.00"), "tier": "bronze", "contribution_count": 2}
        ]

    def test_approving_the_money_makes_silver(self, sampled: Club) -> None:
        sampled.sql(
            "UPDATE contributions SET status = 'approved', approved_by = %s, approved_at = now() WHERE type = 'money'",
            [STAFF],
        )
        (row,) = query(sampled, LEADERBOARD)
        assert (row["balance"], row["tier"], row["contribution_count"]) == (Decimal("21.00"), "silver", 3)

    def test_views(self, sampled: Club) -> None:
        summary = query(sampled, "SELECT * FROM contribution_summary ORDER BY type")
        assert [row["contribution_description"] for row in summary] == [
            "Camping tent, 4-person Coleman",
            "Monetary contribution",
            "Community garden maintenance",
        ]
        assert [row["contribution_value"] for row in summary] == [Decimal("50"), Decimal("50"), Decimal("3")]
        assert [row["approved_by_name"] for row in summary] == ["Zoe", None, "Zoe"]
        users = {row["name"]: row for row in query(sampled, "SELECT * FROM user_credit_summary")}
        assert users["Awa"]["credit_balance"] == users["Awa"]["total_credits_earned"] == Decimal("11.00")
        assert [users["Awa"][name] for name in ("total_contributions", "approved_contributions")] == [3, 2]
        assert users["Awa"]["pending_contributions"] == 1
        assert (users["Zoe"]["credit_balance"], users["Zoe"]["tier"]) == (0, "bronze")

    def test_the_program_shows_the_samples_too(self, sampled: Club) -> None:
        found = sampled.summary(MEMBER)
        assert (found.balance, found.earned, found.pending) == (Decimal("11.00"), Decimal("11.00"), 1)
        assert {each.type.value: (each.count, each.credits) for each in found.breakdown} == {
            "item_donation": (1, Decimal("5.00")),
            "money": (0, Decimal(0)),
            "volunteer_hours": (1, Decimal("6.00")),
        }


class TestRelations:
    @pytest.mark.parametrize("relation", COLUMNS)
    def test_columns(self, club: Club, relation: str) -> None:
        rows = club.sql(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = ('credits.' || %s)::regclass AND attnum > 0 AND NOT attisdropped",
            [relation],
        )
        present = dict(rows)
        assert {name: present.get(name) for name in COLUMNS[relation]} == COLUMNS[relation]

    def test_constraints(self, club: Club) -> None:
        rows = club.sql("SELECT conname FROM pg_constraint WHERE conrelid = 'contributions'::regclass")
        assert {row[0] for row in rows} >= CONSTRAINTS

    def test_indexes(self, club: Club) -> None:
        rows = dict(club.sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'credits'"))
        for name, definition in INDEXES.items():
            assert definition in rows.get(name, ""), name

    def test_triggers(self, club: Club) -> None:
        rows = club.sql("SELECT tgname FROM pg_trigger WHERE tgrelid = 'contributions'::regclass AND NOT tgisinternal")
        assert {row[0] for row in rows} >= {"update_contributions_updated_at", "contribution_approved_trigger"}

    def test_enumerations(self, club: Club) -> None:
        rows = club.sql("SELECT enum_range(NULL::contribution_type)::text, enum_range(NULL::contribution_status)::text")
        assert rows == [("{item_donation,money,volunteer_hours}", "{pending,approved,rejected}")]
