"""What a row of another system is called here."""

from uuid import UUID

from guerdon.core.ids import idempotency_uuid


class Keys:
    """Ids here of rows there: the same whenever they are read.

    Args:
        source: the system's name; two systems may use the same numbers.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def __call__(self, table: str, row_id: str) -> UUID:
        """The id of a row."""
        return idempotency_uuid(self.text(table, row_id))

    def text(self, table: str, row_id: str) -> str:
        """The idempotency key of what a row makes."""
        return f"events.import:{self._source}:{table}:{row_id}"
