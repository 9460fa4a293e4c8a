"""Background work of notifications: sending, trying again, forgetting."""

from guerdon.core.settings import Settings
from guerdon.kernel import messages
from guerdon.kernel.notifications import outbox
from guerdon.kernel.notifications.outbox import DELIVER, SWEEP, Outbox

TASKS = (DELIVER, SWEEP)


def install(settings: Settings) -> Outbox:
    """Carry the messages of this process; the composition root calls it once."""
    box = Outbox(settings)
    messages.deliver_with(box.put)
    outbox.use(box)
    return box
