"""Alembic's entry: runs in the connection and transaction that ``guerdon.db.migrate`` hands over."""

from alembic import context

from guerdon.db.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    include_schemas=True,
    version_table_schema="public",
    transactional_ddl=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
