"""What every table shares: one metadata, one naming convention, the column types that Guerdon uses."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, MetaData, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "idx_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "chk_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

UuidKey = Annotated[UUID, mapped_column(PG_UUID(as_uuid=True), primary_key=True, server_default=text("uuidv7()"))]
"""A primary key: UUIDv7, made by the database unless the caller made one."""

Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
"""A moment, always aware; UTC in the database."""

CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=text("now()"))]
"""The moment at which the row was made."""


class Base(DeclarativeBase):
    """Base of all models; a model names its schema in ``__table_args__``."""

    metadata = MetaData(naming_convention=NAMING)
