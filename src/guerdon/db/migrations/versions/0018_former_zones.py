"""By which clock members' facts were counted, after they have moved to another zone."""

import sqlalchemy as sa
from alembic import op

revision = "0018_former_zones"
down_revision = "0017_cheaper_closes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_zones",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("last_activity_id", sa.Uuid(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "last_activity_id", name=op.f("pk_former_zones")),
        schema="engagement",
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER IF EXISTS keep_former_zone ON identity.users")
    op.execute("DROP FUNCTION IF EXISTS engagement.keep_former_zone()")
    op.drop_table("former_zones", schema="engagement")
