"""The queue of background work: Procrastinate's tables in the schema worker."""

from alembic import op

from guerdon.db.queue_schema import drop_sql, schema_sql

revision = "0003_queue"
down_revision = "0002_identity"
branch_labels = None
depends_on = None

PROCRASTINATE_SCHEMA = "03.04.00"


def upgrade() -> None:
    # The driver's own cursor: the SQL holds many statements and bare % and : signs.
    op.get_bind().connection.cursor().execute(schema_sql(upto=PROCRASTINATE_SCHEMA))


def downgrade() -> None:
    op.execute(drop_sql())
