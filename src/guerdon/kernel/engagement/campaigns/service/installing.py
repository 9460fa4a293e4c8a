"""What has to be there before a campaign can be activated."""

from sqlalchemy.orm import Session

from guerdon.kernel.engagement.campaigns.service.managing import TRANSFER_KINDS
from guerdon.kernel.ledger.catalogue import register_codes
from guerdon.kernel.ledger.schemas import Effect


def install(session: Session) -> None:
    """The kinds of transfers that move budgets; neither counts as earned or spent."""
    register_codes(session, kinds=dict.fromkeys(TRANSFER_KINDS, Effect.NONE))
