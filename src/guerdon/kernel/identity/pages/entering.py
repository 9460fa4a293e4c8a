"""What every way in ends with: the session's cookie, under a new token; and what every refused form answers with."""

from fastapi import Request, Response
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.http.cookies import session_cookie, set_session_cookie
from guerdon.http.errors import RateLimitedError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import sessions
from guerdon.web.flash import redirect


def enter(request: Request, session: Session, clock: Clock, *, user: User, target: str, failures: int = 0) -> Response:
    """Sign the browser in, whatever token it brought, and lead on."""
    old = session_cookie(request)
    if old is not None:
        sessions.end_by_token(session, clock, old)
    token, _ = sessions.start_session(session, clock, user, request.app.state.session_policy, failures=failures)
    response = redirect(request, target)
    set_session_cookie(response, request.app.state.settings, token)
    return response


def answer_of(error: GuerdonError | None) -> tuple[int, dict[str, str]]:
    """Status and headers of a form that is shown again."""
    if error is None:
        return 200, {}
    if isinstance(error, RateLimitedError):
        return error.status, {"Retry-After": str(error.params["retry_after_s"])}
    return error.status, {}
