"""Who may call a route: each one declares it, by exactly one of ``requires``, ``signed_in`` and ``public``.

    @router.post("/adjustments")
    def adjust(who: Annotated[Principal, Depends(requires("ledger:adjust"))], session: SessionDep) -> …

Who asks is found out by ``app.state.authenticate(request, session)``, which the composition root sets. A route that
requires one of ``app.state.staff_permissions`` reaches everybody's rows; every other one those of who asks.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from guerdon.core.errors import GuerdonError, PermissionDeniedError, ProofNeededError
from guerdon.http.admission import admission_of
from guerdon.http.context import header
from guerdon.http.cookies import session_cookie
from guerdon.http.csrf import check_csrf
from guerdon.http.errors import NotForKeysError, NotSignedInError
from guerdon.http.transaction import SessionDep, act_as_staff, get_database

SELF = "identity:self"
"""The scope that an API key needs where every member may go."""

PROOF_AGE_MAX = timedelta(minutes=10)
"""How long ago somebody may have signed in, or entered their password again, who does something grave."""


@dataclass(frozen=True)
class Principal:
    """Who asks.

    Attributes:
        user_id: the account.
        roles: as stored; ``permissions``: all that they give.
        session_id: the browser session, if there is one.
        locale, time_zone, name: for showing.
        via: how they proved who they are.
        proven_at: when they last did so by signing in; None where that is not known, as after a token was refreshed.
        withheld: why they hold no permissions although their roles would give some.
    """

    user_id: UUID
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()
    session_id: UUID | None = None
    locale: str = "en"
    time_zone: str = "UTC"
    name: str = ""
    via: Literal["token", "session", "key"] = "session"
    # What an API key is for; None for people.
    scopes: frozenset[str] | None = field(default=None)
    proven_at: datetime | None = None
    withheld: GuerdonError | None = None

    def may(self, permission: str) -> bool:
        """Whether they hold a permission (an API key only within its scopes)."""
        return permission in self.permissions and (self.scopes is None or permission in self.scopes)

    def proven_lately(self, now: datetime) -> bool:
        """Whether they proved lately enough for something grave that it is them."""
        return self.proven_at is not None and now - self.proven_at <= PROOF_AGE_MAX


Authenticate = Callable[[Request, Session], Principal | None]


def _identify(request: Request, session: Session) -> Principal | None:
    if not hasattr(request.state, "principal"):
        authenticate = cast(Authenticate, request.app.state.authenticate)
        request.state.principal = authenticate(request, session)
    return cast("Principal | None", request.state.principal)


async def recognise(request: Request) -> None:
    """Find out whose browser asks where no route has: at an address that there is not, or refused at the door.

    So that it is written in their language and shows their menu. Where it cannot be found out they are a visitor: this
    is about to say what went wrong, and must not go wrong itself.
    """
    if hasattr(request.state, "principal") or session_cookie(request) is None:
        return

    def look_up() -> None:
        with get_database(request).transaction() as session:
            session.info["announced"] = False
            _identify(request, session)

    with suppress(GuerdonError, SQLAlchemyError):
        async with admission_of(request).place():
            await run_in_threadpool(look_up)


@dataclass(frozen=True)
class Access:
    """What a route declares; ``permission`` is None unless it asks for one."""

    kind: Literal["requires", "signed_in", "public"]
    permission: str | None = None


@dataclass(frozen=True)
class Requires(Access):
    """Dependency that gives the principal, or refuses.

    Attributes:
        in_person: machines with an API key are refused, whatever their scopes.
        proven: so is who signed in longer ago than ``PROOF_AGE_MAX``.
    """

    in_person: bool = False
    proven: bool = False

    def __call__(self, request: Request, session: SessionDep, _csrf: Annotated[None, Depends(check_csrf)]) -> Principal:
        """The principal.

        Raises:
            NotSignedInError: nobody valid asks.
            PermissionDeniedError: they lack the permission.
            NotForKeysError: a machine asks where people decide.
            ProofNeededError: they proved too long ago that it is them.
        """
        principal = self.admit(_identify(request, session), request)
        if self.permission in getattr(request.app.state, "staff_permissions", ()):
            act_as_staff(session)
        return principal

    def admit(self, principal: Principal | None, request: Request) -> Principal:
        """The principal, if this route is for them.

        Raises:
            NotSignedInError, PermissionDeniedError, NotForKeysError, ProofNeededError: as when called.
        """
        if principal is None:
            raise NotSignedInError
        if self.permission is not None and not principal.may(self.permission):
            raise principal.withheld or PermissionDeniedError(permission=self.permission)
        if principal.via == "key" and (self.in_person or (self.permission is None and not principal.may(SELF))):
            raise NotForKeysError(permission=SELF)
        if self.proven and not principal.proven_lately(request.app.state.clock.now()):
            raise ProofNeededError(max_age_s=int(PROOF_AGE_MAX.total_seconds()))
        return principal


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody whose proof has not been looked at yet.

    Attributes:
        proof: what they sent to prove who they are; equal for requests of the same somebody.
        request: with which they came.
        access: what the route asks of them.
    """

    proof: tuple[str | None, str | None]
    request: Request
    access: "Requires"

    def principal(self, session: Session) -> Principal:
        """Who they are, by one query.

        Args:
            session: may be shared with others' requests; it keeps acting for whom it acts.

        Raises:
            NotSignedInError, PermissionDeniedError, NotForKeysError: they may not.
        """
        authenticate = cast(Authenticate, self.request.app.state.authenticate)
        return self.access.admit(authenticate(self.request, session), self.request)


@dataclass(frozen=True)
class RequiresInGroup(Requires):
    """Dependency of a route that shares its transaction with other requests, and looks at proofs there."""

    async def __call__(  # type: ignore[override]  # gives a promise instead of the principal
        self, request: Request, _csrf: Annotated[None, Depends(check_csrf)]
    ) -> Asker:
        """Who asks, to be found out in the shared transaction.

        Raises:
            NotSignedInError: they sent nothing that could prove it.
        """
        proof = (header(request.scope, b"authorization"), session_cookie(request))
        if proof == (None, None):
            raise NotSignedInError
        return Asker(proof, request, self)


@dataclass(frozen=True)
class Public(Access):
    """Dependency of an open route that likes to know who asks."""

    def __call__(
        self, request: Request, session: SessionDep, _csrf: Annotated[None, Depends(check_csrf)]
    ) -> Principal | None:
        """The principal, or None for a visitor."""
        return _identify(request, session)


@dataclass(frozen=True)
class Anonymous(Access):
    """Dependency of an open route that never asks the database who it is."""

    def __call__(self, _csrf: Annotated[None, Depends(check_csrf)]) -> None:
        """Nothing: everybody is nobody here."""


@dataclass(frozen=True)
class Arriving(Access):
    """Dependency of an open route to which another site's page posts; whatever comes proves itself otherwise."""

    def __call__(self) -> None:
        """Nothing: no cookie of ours travels with such a request."""


def requires(permission: str, *, proven: bool = False) -> Requires:
    """A route for those who hold a permission, such as ``credits:review``.

    Args:
        proven: only for who signed in or entered their password within ``PROOF_AGE_MAX``: for what a forgotten screen
            or a stolen session must not be able to do. No machine with an API key can.
    """
    return Requires("requires", permission, in_person=proven, proven=proven)


def requires_in_group(permission: str) -> RequiresInGroup:
    """A route for those who hold a permission, which is looked at in a transaction shared with other requests."""
    return RequiresInGroup("requires", permission)


def signed_in(*, in_person: bool = False, proven: bool = False) -> Requires:
    """A route for everybody who is signed in; the handler still sees to it that they reach only what is theirs.

    Args:
        in_person: not for machines with an API key: how one signs in is decided by people.
        proven: as of ``requires``.
    """
    return Requires("signed_in", in_person=in_person or proven, proven=proven)


def arriving() -> Arriving:
    """An open route to which other sites post, such as a sign-in provider."""
    return Arriving("public")


def public(*, identify: bool = True) -> Public | Anonymous:
    """An open route.

    Args:
        identify: find out who asks, if anybody; without, the route works even when the database does not.
    """
    return Public("public") if identify else Anonymous("public")


SignedIn = Annotated[Principal, Depends(signed_in())]
InPerson = Annotated[Principal, Depends(signed_in(in_person=True))]
Open = Annotated[None, Depends(public(identify=False))]
"""For everybody; who asks is not looked up."""
MaybeSignedIn = Annotated[Principal | None, Depends(public())]
"""Ready-made annotations for the most frequent declarations."""


def declared_access(route: BaseRoute | RouteContext) -> tuple[Access, ...]:
    """Everything that a route declares; a correct route declares exactly one.

    Static files and the like have no dependencies: they declare through ``endpoint.guerdon_access``, or not at all.
    """
    dependant: Dependant | None = getattr(route, "dependant", None)
    if dependant is not None:
        return tuple(call for call in _calls(dependant) if isinstance(call, Access))
    mark = getattr(getattr(route, "endpoint", None), "guerdon_access", None)
    mark = mark or getattr(getattr(route, "app", None), "guerdon_access", None)
    return (mark,) if isinstance(mark, Access) else ()


def _calls(dependant: Dependant) -> Iterator[Any]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)


def routes_of(app: Any) -> list[RouteContext]:
    """Every route of an application with its full path, those of included routers too."""
    return list(iter_route_contexts(app.routes))


def mark_public(app: Any) -> None:
    """Declare a mounted application, such as the static files, as open to everybody."""
    app.guerdon_access = Access("public")
