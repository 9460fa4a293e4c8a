"""The outbox."""

from guerdon.kernel.messages import Message
from guerdon.kernel.notifications import outbox
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.notifications.pages
GET    /staff/outbox 303 403 403 403 403 200 200
"""


def settle(world: World) -> None:
    """A message to the owner."""
    message = Message(
        "identity.test", "email", "owner@example.org", "en", "Hello", "Hello", module=__name__, user_id=world.owner
    )
    world.do(lambda session: outbox.current().put(session, message))
