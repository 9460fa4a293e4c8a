"""Events, series, registrations, payments, tickets, attendance, connections, results, awards, invitations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = ("0006_people",)

TABLES = (
    "event_types",
    "invitation_links",
    "series",
    "events",
    "registrations",
    "special_awards",
    "payment",
    "tickets",
    "event_attendees",
    "connections",
    "event_results",
    "invitations",
)
"""In the order in which they refer to each other."""

FUNCTIONS = (
    "holds_place(text)",
    "prepare_registration()",
    "count_places()",
    "keep_event()",
    "settle_places(uuid, timestamptz)",
    "waiting_before(uuid)",
    "mark_attended()",
    "count_refunds()",
    "show_payment()",
)


def upgrade() -> None:
    # The schema is there already: the kernel shows accounts in it.
    op.execute("CREATE SCHEMA IF NOT EXISTS events")
    create_event_types()
    create_invitation_links()
    create_series()
    create_events()
    create_registrations()
    create_special_awards()
    create_payment()
    create_tickets()
    create_event_attendees()
    create_connections()
    create_event_results()
    create_invitations()


def downgrade() -> None:
    # The kernel keeps the schema, for its view of the accounts.
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE events.{table} CASCADE")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION IF EXISTS events.{function} CASCADE")


def create_event_types() -> None:
    op.create_table(
        "event_types",
        sa.Column("code", sa.String(length=50), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("default_points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("position", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9_]*$'", name=op.f("chk_event_types_code")),
        sa.CheckConstraint("default_points >= 0", name=op.f("chk_event_types_default_points")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 100", name=op.f("chk_event_types_name")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_event_types")),
        schema="events",
    )


def create_invitation_links() -> None:
    op.create_table(
        "invitation_links",
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("code ~ '^[0-9A-Z]{8,16}$'", name=op.f("chk_invitation_links_code")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_invitation_links_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_invitation_links")),
        schema="events",
    )
    op.create_index("uq_invitation_links_code", "invitation_links", ["code"], unique=True, schema="events")


def create_series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("interval_weeks", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=False, comment="ISO: 1 is Monday"),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("exceptions", postgresql.ARRAY(sa.Date()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("start_local", sa.Time(), nullable=False),
        sa.Column("duration_s", sa.Integer(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cardinality(weekdays) BETWEEN 1 AND 7 AND weekdays <@ '{1,2,3,4,5,6,7}'", name=op.f("chk_series_weekdays")
        ),
        sa.CheckConstraint("duration_s > 0", name=op.f("chk_series_duration_s")),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("chk_series_ends_on")),
        sa.CheckConstraint("interval_weeks BETWEEN 1 AND 52", name=op.f("chk_series_interval_weeks")),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_series_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        schema="events",
    )


def create_events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("event_type", sa.String(length=50), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=False),
        sa.Column("map_url", sa.Text(), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=True, comment="NULL: as many as come"),
        sa.Column("points_reward", sa.Integer(), nullable=True, comment="NULL: what the type gives; 0: none"),
        sa.Column(
            "price_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="In the currency's smallest unit",
        ),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("walk_ins_allowed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "offer_s",
            sa.Integer(),
            server_default="86400",
            nullable=False,
            comment="How long a freed place is offered to the next who waits",
        ),
        sa.Column("series_id", sa.UUID(), nullable=True),
        sa.Column("occurrence", sa.Date(), nullable=True, comment="Its day in the series, which moving it keeps"),
        sa.Column("status", sa.String(length=50), server_default="draft", nullable=False),
        sa.Column("is_active", sa.Boolean(), sa.Computed("status = 'published'", persisted=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.Column(
            "places_taken", sa.Integer(), server_default="0", nullable=False, comment="Registered, offered or attended"
        ),
        sa.Column("waiting", sa.Integer(), server_default="0", nullable=False, comment="On the waiting list"),
        sa.Column(
            "queue_last", sa.Integer(), server_default="0", nullable=False, comment="Last number of the waiting list"
        ),
        sa.Column(
            "revision", sa.Integer(), server_default="1", nullable=False, comment="Counts changes of what it says"
        ),
        sa.Column("created_by", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL AND cancellation_reason IS NOT NULL)",
            name=op.f("chk_events_cancelled_at"),
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("chk_events_currency")),
        sa.CheckConstraint("map_url ~ '^https?://'", name=op.f("chk_events_map_url")),
        sa.CheckConstraint(
            "status = 'draft' OR published_at IS NOT NULL OR status = 'cancelled'", name=op.f("chk_events_published_at")
        ),
        sa.CheckConstraint("status IN ('draft', 'published', 'cancelled')", name=op.f("chk_events_status")),
        sa.CheckConstraint("(series_id IS NULL) = (occurrence IS NULL)", name=op.f("chk_events_occurrence")),
        sa.CheckConstraint("end_time > start_time", name=op.f("chk_events_end_after_start")),
        sa.CheckConstraint("length(btrim(title)) > 0", name=op.f("chk_events_title")),
        sa.CheckConstraint("max_participants >= 1", name=op.f("chk_events_max_participants")),
        sa.CheckConstraint("offer_s BETWEEN 600 AND 1209600", name=op.f("chk_events_offer_s")),
        sa.CheckConstraint("places_taken <= max_participants", name=op.f("chk_events_places_within_capacity")),
        sa.CheckConstraint("places_taken >= 0 AND waiting >= 0 AND queue_last >= 0", name=op.f("chk_events_counts")),
        sa.CheckConstraint("points_reward >= 0", name=op.f("chk_events_points_reward")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("chk_events_price_minor")),
        sa.ForeignKeyConstraint(["created_by"], ["identity.users.id"], name=op.f("fk_events_created_by")),
        sa.ForeignKeyConstraint(["event_type"], ["events.event_types.code"], name=op.f("fk_events_event_type")),
        sa.ForeignKeyConstraint(["series_id"], ["events.series.id"], name=op.f("fk_events_series_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        schema="events",
        comment="Events that members register for and attend",
    )
    op.create_index("idx_events_event_type", "events", ["event_type"], unique=False, schema="events")
    op.create_index("idx_events_start_time", "events", ["start_time"], unique=False, schema="events")
    op.create_index("uq_events_occurrence", "events", ["series_id", "occurrence"], unique=True, schema="events")


def create_registrations() -> None:
    op.create_table(
        "registrations",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=False),
        sa.Column("registration_date", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("status", sa.String(length=50), server_default="registered", nullable=False),
        sa.Column("payment_status", sa.String(length=50), server_default="pending", nullable=False),
        sa.Column(
            "price_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="The event's price when they registered",
        ),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("is_walk_in", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("queue_number", sa.Integer(), nullable=True, comment="Order of the waiting list; kept afterwards"),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.UUID(), nullable=True),
        sa.Column("cancellation_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(price_minor = 0) = (payment_status = 'not_required')", name=op.f("chk_registrations_free_is_not_required")
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)", name=op.f("chk_registrations_cancelled_at")
        ),
        sa.CheckConstraint(
            "payment_status IN ('not_required', 'pending', 'paid', 'refunded')",
            name=op.f("chk_registrations_payment_status"),
        ),
        sa.CheckConstraint(
            "status <> 'offered' OR offer_expires_at IS NOT NULL", name=op.f("chk_registrations_offer_expires_at")
        ),
        sa.CheckConstraint(
            "status IN ('registered', 'waiting', 'offered', 'attended', 'cancelled', 'lapsed')",
            name=op.f("chk_registrations_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('waiting', 'offered') OR queue_number IS NOT NULL",
            name=op.f("chk_registrations_queue_number"),
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("chk_registrations_price_minor")),
        sa.ForeignKeyConstraint(["cancelled_by"], ["identity.users.id"], name=op.f("fk_registrations_cancelled_by")),
        sa.ForeignKeyConstraint(["event_id"], ["events.events.id"], name=op.f("fk_registrations_event_id")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_registrations_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("id", "user_id", "event_id", name=op.f("uq_registrations_derived")),
        schema="events",
    )
    op.create_index("idx_registrations_event_id", "registrations", ["event_id"], unique=False, schema="events")
    op.create_index(
        "idx_registrations_offers",
        "registrations",
        ["offer_expires_at"],
        unique=False,
        schema="events",
        postgresql_where=sa.text("status = 'offered'"),
    )
    op.create_index("idx_registrations_status", "registrations", ["status"], unique=False, schema="events")
    op.create_index("idx_registrations_user_id", "registrations", ["user_id"], unique=False, schema="events")
    op.create_index(
        "uq_registrations_live",
        "registrations",
        ["user_id", "event_id"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("status IN ('registered', 'waiting', 'offered', 'attended')"),
    )
    op.create_index(
        "uq_registrations_queue_number", "registrations", ["event_id", "queue_number"], unique=True, schema="events"
    )


def create_special_awards() -> None:
    op.create_table(
        "special_awards",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=True),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("awarded_by", sa.UUID(), nullable=True),
        sa.Column("awarded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True, comment="What engagement made of it"),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name=op.f("chk_special_awards_withdrawn_at")
        ),
        sa.CheckConstraint("awarded_by <> user_id", name=op.f("chk_special_awards_by_another")),
        sa.CheckConstraint("length(btrim(title)) > 0", name=op.f("chk_special_awards_title")),
        sa.CheckConstraint("points > 0", name=op.f("chk_special_awards_points")),
        sa.ForeignKeyConstraint(["awarded_by"], ["identity.users.id"], name=op.f("fk_special_awards_awarded_by")),
        sa.ForeignKeyConstraint(["event_id"], ["events.events.id"], name=op.f("fk_special_awards_event_id")),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_special_awards_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_special_awards")),
        schema="events",
    )
    op.create_index("idx_special_awards_event_id", "special_awards", ["event_id"], unique=False, schema="events")
    op.create_index("idx_special_awards_user_id", "special_awards", ["user_id"], unique=False, schema="events")


def create_payment() -> None:
    op.create_table(
        "payment",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=50), server_default="charge", nullable=False),
        sa.Column("status", sa.String(length=50), server_default="pending", nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("scale", sa.SmallInteger(), nullable=False, comment="Decimals of the currency"),
        sa.Column(
            "amount_paid",
            sa.Numeric(),
            sa.Computed("round(amount_minor / (10::numeric ^ scale), scale)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "refunded_minor",
            sa.BigInteger(),
            server_default="0",
            nullable=False,
            comment="Of a charge: what refunds have given or are giving back",
        ),
        sa.Column("refunds_id", sa.Uuid(), nullable=True),
        sa.Column("payment_channel", sa.String(length=50), nullable=False),
        sa.Column("payment_date", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_reference", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why it was refunded, or why it failed"),
        sa.CheckConstraint("(kind = 'refund') = (refunds_id IS NOT NULL)", name=op.f("chk_payment_refund_of_a_charge")),
        sa.CheckConstraint("(status = 'pending') = (settled_at IS NULL)", name=op.f("chk_payment_settled_at")),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("chk_payment_currency")),
        sa.CheckConstraint(
            "kind = 'charge' OR (refunded_minor = 0 AND status <> 'refunded')", name=op.f("chk_payment_refunds_stay")
        ),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("chk_payment_kind")),
        sa.CheckConstraint("payment_channel ~ '^[a-z][a-z0-9_]*$'", name=op.f("chk_payment_payment_channel")),
        sa.CheckConstraint(
            "status <> 'refunded' OR refunded_minor = amount_minor", name=op.f("chk_payment_refunded_whole")
        ),
        sa.CheckConstraint("status IN ('pending', 'paid', 'failed', 'refunded')", name=op.f("chk_payment_status")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("chk_payment_amount_minor")),
        sa.CheckConstraint("refunded_minor BETWEEN 0 AND amount_minor", name=op.f("chk_payment_refunded_minor")),
        sa.CheckConstraint("scale BETWEEN 0 AND 4", name=op.f("chk_payment_scale")),
        sa.ForeignKeyConstraint(["recorded_by"], ["identity.users.id"], name=op.f("fk_payment_recorded_by")),
        sa.ForeignKeyConstraint(
            ["refunds_id", "registration_id"],
            ["events.payment.id", "events.payment.registration_id"],
            name="fk_payment_refunds",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id", "user_id", "event_id"],
            ["events.registrations.id", "events.registrations.user_id", "events.registrations.event_id"],
            name="fk_payment_registration",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("id", "registration_id", name=op.f("uq_payment_registration")),
        schema="events",
    )
    op.create_index("idx_payment_event_id", "payment", ["event_id"], unique=False, schema="events")
    op.create_index("idx_payment_payment_date", "payment", ["payment_date"], unique=False, schema="events")
    op.create_index("idx_payment_registration_id", "payment", ["registration_id"], unique=False, schema="events")
    op.create_index("idx_payment_user_id", "payment", ["user_id"], unique=False, schema="events")
    op.create_index(
        "uq_payment_live_charge",
        "payment",
        ["registration_id"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("kind = 'charge' AND status IN ('pending', 'paid')"),
    )
    op.create_index(
        "uq_payment_provider_reference",
        "payment",
        ["provider", "provider_reference"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("provider_reference IS NOT NULL"),
    )


def create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("code ~ '^[0-9A-Z]{8,16}$'", name=op.f("chk_tickets_code")),
        sa.ForeignKeyConstraint(
            ["registration_id", "user_id", "event_id"],
            ["events.registrations.id", "events.registrations.user_id", "events.registrations.event_id"],
            name="fk_tickets_registration",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        schema="events",
    )
    op.create_index("idx_tickets_user_id", "tickets", ["user_id"], unique=False, schema="events")
    op.create_index("uq_tickets_code", "tickets", ["code"], unique=True, schema="events")
    op.create_index(
        "uq_tickets_valid",
        "tickets",
        ["registration_id"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def create_event_attendees() -> None:
    op.create_table(
        "event_attendees",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=50), server_default="attended", nullable=False),
        sa.Column("check_in_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("check_out_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("method", sa.String(length=50), nullable=False),
        sa.Column("ticket_id", sa.UUID(), nullable=True),
        sa.Column("checked_in_by", sa.UUID(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="Why staff let somebody in without a ticket"),
        sa.Column("activity_id", sa.Uuid(), nullable=True, comment="What engagement made of it"),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.UUID(), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'withdrawn') = (withdrawn_at IS NOT NULL AND withdrawal_reason IS NOT NULL)",
            name=op.f("chk_event_attendees_withdrawn_at"),
        ),
        sa.CheckConstraint("method <> 'staff' OR reason IS NOT NULL", name=op.f("chk_event_attendees_staff_say_why")),
        sa.CheckConstraint("method IN ('ticket', 'code', 'staff', 'walk_in')", name=op.f("chk_event_attendees_method")),
        sa.CheckConstraint("status IN ('attended', 'withdrawn')", name=op.f("chk_event_attendees_status")),
        sa.CheckConstraint("check_out_time >= check_in_time", name=op.f("chk_event_attendees_out_after_in")),
        sa.ForeignKeyConstraint(
            ["checked_in_by"], ["identity.users.id"], name=op.f("fk_event_attendees_checked_in_by")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id", "user_id", "event_id"],
            ["events.registrations.id", "events.registrations.user_id", "events.registrations.event_id"],
            name="fk_event_attendees_registration",
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["events.tickets.id"], name=op.f("fk_event_attendees_ticket_id")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["identity.users.id"], name=op.f("fk_event_attendees_withdrawn_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_attendees")),
        sa.UniqueConstraint("id", "user_id", "event_id", name=op.f("uq_event_attendees_derived")),
        schema="events",
    )
    op.create_index("idx_event_attendees_event_id", "event_attendees", ["event_id"], unique=False, schema="events")
    op.create_index("idx_event_attendees_user_id", "event_attendees", ["user_id"], unique=False, schema="events")
    op.create_index(
        "uq_event_attendees_once",
        "event_attendees",
        ["user_id", "event_id"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("status = 'attended'"),
    )


def create_connections() -> None:
    op.create_table(
        "connections",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("requester_id", sa.Uuid(), nullable=False),
        sa.Column("addressee_id", sa.Uuid(), nullable=False),
        sa.Column("requester_attendance_id", sa.Uuid(), nullable=False),
        sa.Column("addressee_attendance_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=50), server_default="requested", nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'requested') = (answered_at IS NULL)", name=op.f("chk_connections_answered_at")),
        sa.CheckConstraint("status IN ('requested', 'agreed', 'declined')", name=op.f("chk_connections_status")),
        sa.CheckConstraint("requester_id <> addressee_id", name=op.f("chk_connections_not_oneself")),
        sa.ForeignKeyConstraint(
            ["addressee_attendance_id", "addressee_id", "event_id"],
            ["events.event_attendees.id", "events.event_attendees.user_id", "events.event_attendees.event_id"],
            name="fk_connections_addressee",
        ),
        sa.ForeignKeyConstraint(
            ["requester_attendance_id", "requester_id", "event_id"],
            ["events.event_attendees.id", "events.event_attendees.user_id", "events.event_attendees.event_id"],
            name="fk_connections_requester",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connections")),
        schema="events",
    )
    op.create_index("idx_connections_addressee_id", "connections", ["addressee_id"], unique=False, schema="events")
    op.create_index("idx_connections_requester_id", "connections", ["requester_id"], unique=False, schema="events")
    op.create_index(
        "uq_connections_pair",
        "connections",
        [
            sa.literal_column("least(requester_id, addressee_id)"),
            sa.literal_column("greatest(requester_id, addressee_id)"),
        ],
        unique=True,
        schema="events",
        postgresql_where=sa.text("status <> 'declined'"),
    )


def create_event_results() -> None:
    op.create_table(
        "event_results",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("attendance_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("placed", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("recorded_by", sa.UUID(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=True, comment="What engagement made of it"),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawal_reason IS NULL)", name=op.f("chk_event_results_withdrawn_at")
        ),
        sa.CheckConstraint("placed BETWEEN 1 AND 100", name=op.f("chk_event_results_placed")),
        sa.ForeignKeyConstraint(
            ["attendance_id", "user_id", "event_id"],
            ["events.event_attendees.id", "events.event_attendees.user_id", "events.event_attendees.event_id"],
            name="fk_event_results_attendance",
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["identity.users.id"], name=op.f("fk_event_results_recorded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_results")),
        schema="events",
    )
    op.create_index("idx_event_results_event_id", "event_results", ["event_id"], unique=False, schema="events")
    op.create_index(
        "uq_event_results_once",
        "event_results",
        ["user_id", "event_id"],
        unique=True,
        schema="events",
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )


def create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("inviter_id", sa.UUID(), nullable=False),
        sa.Column("invitee_id", sa.UUID(), nullable=False),
        sa.Column("event_id", sa.UUID(), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attendance_id", sa.UUID(), nullable=True),
        sa.CheckConstraint("(attended_at IS NULL) = (attendance_id IS NULL)", name=op.f("chk_invitations_attended_at")),
        sa.CheckConstraint("inviter_id <> invitee_id", name=op.f("chk_invitations_not_oneself")),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["events.event_attendees.id"], name=op.f("fk_invitations_attendance_id")
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.events.id"], name=op.f("fk_invitations_event_id")),
        sa.ForeignKeyConstraint(["invitee_id"], ["identity.users.id"], name=op.f("fk_invitations_invitee_id")),
        sa.ForeignKeyConstraint(["inviter_id"], ["identity.users.id"], name=op.f("fk_invitations_inviter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        schema="events",
    )
    op.create_index("idx_invitations_inviter_id", "invitations", ["inviter_id"], unique=False, schema="events")
    op.create_index("uq_invitations_invitee_id", "invitations", ["invitee_id"], unique=True, schema="events")
