"""Background work: campaigns whose time is over end, and what is left of their budgets goes back."""

from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel.engagement.campaigns.service import managing
from guerdon.worker.tasks import Task


def end_campaigns(session: Session, clock: Clock) -> None:
    """End what is due."""
    managing.end_due(session, clock.now())


TASKS = (Task("engagement.end_campaigns", end_campaigns, cron="*/5 * * * *"),)
