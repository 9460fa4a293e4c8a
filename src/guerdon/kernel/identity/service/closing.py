"""Closing an account: nobody comes in any more, the address and the number are free, and what others wait for is too.

What identifies the person is erased later, as for whoever asks to be forgotten; the rows that money hangs on stay.
"""

from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.kernel import personal_data
from guerdon.kernel.acts import Act, announce
from guerdon.kernel.identity.models import Credential, User
from guerdon.kernel.identity.service import accounts, api_keys, linking, notices, roles, sessions


def close_account(session: Session, clock: Clock, user_id: UUID, *, actor_id: UUID | None, reason: str) -> User:
    """Close an account; each package gives up what it holds for it.

    Raises:
        NotFoundError: there is none, or it is closed.
        LastSuperAdminError: nobody would be left to run the place.
    """
    roles.keep_one_super_admin(session, user_id)
    user = accounts.get_account(session, user_id, lock=True)
    for part in personal_data.parts():
        if part.leave is not None:
            part.leave(session, clock, user_id)
    notices.security(session, user, "account_closed")
    sessions.sign_out_everywhere(session, clock, user_id)
    api_keys.revoke_all(session, clock, user_id)
    linking.unlink_all(session, user_id)
    session.execute(delete(Credential).where(Credential.user_id == user_id))
    user.deleted_at = user.updated_at = clock.now()
    user.is_active = False
    session.flush()
    announce(session, Act("identity.account_closed", "user", user_id, actor_id=actor_id, reason=reason))
    return user
