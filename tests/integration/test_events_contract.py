"""The program as its data model was published: relations, columns, unique keys and indexes.

Names and types stand here as they were published, since whoever wrote queries for them relies on them; keys are UUIDs
everywhere.
"""

import pytest

from support.events import Hall

COLUMNS = {
    "users": {
        "id": "uuid",
        "email": "character varying(254)",
        "username": "character varying(32)",
        "full_name": "text",
        "hashed_password": "text",
        "is_active": "boolean",
        "is_superuser": "boolean",
        "user_type": "text",
        "created_at": "timestamp with time zone",
        "last_login": "timestamp with time zone",
    },
    "events": {
        "id": "uuid",
        "title": "character varying(255)",
        "description": "text",
        "event_type": "character varying(50)",
        "location": "character varying(255)",
        "start_time": "timestamp with time zone",
        "end_time": "timestamp with time zone",
        "max_participants": "integer",
        "points_reward": "integer",
        "created_by": "uuid",
        "created_at": "timestamp with time zone",
        "is_active": "boolean",
    },
    "registrations": {
        "id": "uuid",
        "user_id": "uuid",
        "event_id": "uuid",
        "registration_date": "timestamp with time zone",
        "status": "character varying(50)",
        "payment_status": "character varying(50)",
    },
    "payment": {
        "id": "uuid",
        "registration_id": "uuid",
        "user_id": "uuid",
        "event_id": "uuid",
        "amount_paid": "numeric",
        "payment_channel": "character varying(50)",
        "payment_date": "timestamp with time zone",
    },
    "badges": {
        "id": "uuid",
        "name": "character varying(255)",
        "description": "text",
        "badge_type": "character varying(50)",
        "category": "character varying(50)",
        "icon_url": "character varying(255)",
        "created_at": "timestamp with time zone",
    },
    "user_badges": {
        "id": "uuid",
        "user_id": "uuid",
        "badge_id": "uuid",
        "level": "integer",
        "earned_date": "timestamp with time zone",
    },
    "points_transactions": {
        "id": "uuid",
        "user_id": "uuid",
        "points": "bigint",
        "transaction_type": "character varying(100)",
        "description": "text",
        "event_id": "uuid",
        "transaction_date": "timestamp with time zone",
    },
    "event_attendees": {
        "id": "uuid",
        "user_id": "uuid",
        "event_id": "uuid",
        "status": "character varying(50)",
        "check_in_time": "timestamp with time zone",
        "check_out_time": "timestamp with time zone",
    },
}
UNIQUE = {"registrations": ("user_id", "event_id"), "event_attendees": ("user_id", "event_id")}
"""Of the tables; among what is live, so that history stays."""

INDEXES = {
    "idx_events_start_time": "events USING btree (start_time)",
    "idx_events_event_type": "events USING btree (event_type)",
    "idx_registrations_user_id": "registrations USING btree (user_id)",
    "idx_registrations_event_id": "registrations USING btree (event_id)",
    "idx_registrations_status": "registrations USING btree (status)",
    "idx_payment_registration_id": "payment USING btree (registration_id)",
    "idx_payment_user_id": "payment USING btree (user_id)",
    "idx_payment_event_id": "payment USING btree (event_id)",
    "idx_payment_payment_date": "payment USING btree (payment_date)",
    "idx_event_attendees_user_id": "event_attendees USING btree (user_id)",
    "idx_event_attendees_event_id": "event_attendees USING btree (event_id)",
}


@pytest.mark.parametrize("relation", COLUMNS)
def test_columns(hall: Hall, relation: str) -> None:
    rows = hall.sql(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = ('events.' || %s)::regclass AND attnum > 0 AND NOT attisdropped",
        [relation],
    )
    present = dict(rows)
    assert {name: present.get(name) for name in COLUMNS[relation]} == COLUMNS[relation]


def test_indexes(hall: Hall) -> None:
    rows = dict(hall.sql("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'events'"))
    for name, definition in INDEXES.items():
        assert definition in rows.get(name, ""), name


@pytest.mark.parametrize("table", UNIQUE)
def test_unique_keys(hall: Hall, table: str) -> None:
    rows = hall.sql(
        "SELECT array_agg(a.attname::text ORDER BY k.place) FROM pg_index AS i"
        " CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (number, place)"
        " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.number"
        " WHERE i.indrelid = ('events.' || %s)::regclass AND i.indisunique GROUP BY i.indexrelid",
        [table],
    )
    assert list(UNIQUE[table]) in [row[0] for row in rows]


def test_the_seeds_defaults(hall: Hall) -> None:
    staff, awa = hall.person("zoe", "staff"), hall.person("awa")
    event_id = hall.event(staff, price="5.00")
    hall.sql("INSERT INTO registrations (user_id, event_id) VALUES (%s, %s)", [awa, event_id])
    assert hall.sql("SELECT status, payment_status FROM registrations") == [("registered", "pending")]
    hall.sql(
        "INSERT INTO event_attendees (registration_id, user_id, event_id, check_in_time, method)"
        " SELECT id, user_id, event_id, now(), 'ticket' FROM registrations"
    )
    assert hall.sql("SELECT status, check_out_time FROM event_attendees") == [("attended", None)]
    assert hall.sql("SELECT full_name, user_type, is_superuser FROM users ORDER BY full_name") == [
        ("Awa", "regular", False),
        ("Zoe", "staff", False),
    ]
