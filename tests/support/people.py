"""Fixtures of people: an application that knows nothing but identity and audit, and accounts in it."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import APIRouter, Depends, FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.routing import BaseRoute

from guerdon.core.clock import Clock, FixedClock
from guerdon.core.settings import Settings
from guerdon.db.database import Database
from guerdon.http.access import mark_public, public
from guerdon.http.setup import new_app, protect
from guerdon.kernel import acts, messages
from guerdon.kernel.admin import api as admin_api
from guerdon.kernel.admin import audit
from guerdon.kernel.admin import pages as admin_pages
from guerdon.kernel.identity import api as identity_api
from guerdon.kernel.identity import pages as identity_pages
from guerdon.kernel.identity import passwords
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people import api as people_api
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people import pages as people_pages
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.identity.service.accounts import create_account
from guerdon.kernel.ledger import api as ledger_api
from guerdon.kernel.ledger import pages as ledger_pages
from guerdon.kernel.notifications import jobs as notifications_jobs
from guerdon.kernel.notifications import pages as notifications_pages
from guerdon.web import routes as web_routes
from guerdon.web.i18n import add_catalogue
from guerdon.web.static import STATIC
from guerdon.web.viewer import viewer_of

from .http_client import Client

PASSWORD = "seven quiet herons"


def make_app(database: Database, clock: Clock, **settings: Any) -> FastAPI:
    """An application over identity, the ledger and administration alone."""
    settings.setdefault("secret_key", "s" * 40)
    chosen = Settings(**settings)
    app = new_app(settings=chosen, database=database, clock=clock, version="0")
    notifications_jobs.install(chosen)
    identity_api.install(app, PermissionCatalogue())
    identity_pages.install()
    people_pages.install()
    encryption.install(app.state.settings)
    admin_pages.install()
    notifications_pages.install()
    ledger_pages.install()
    web_routes.install(app, flash_key=app.state.flash_key, save_locale=identity_pages.save_locale)
    add_catalogue("guerdon.http")
    mark_public(STATIC)
    app.state.translator = lambda request, module: viewer_of(request).translator.of(module).gettext
    app.state.navigation = (*identity_pages.NAVIGATION, *admin_pages.NAVIGATION)
    app.router.routes.extend(_routes())
    protect(app, larger_bodies={**ledger_api.BODY_LIMITS, **people_api.BODY_LIMITS})
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    house = APIRouter()
    house.include_router(web_routes.router, dependencies=[Depends(public())])
    for router in (identity_api.router, identity_pages.router, admin_api.router, admin_pages.router, ledger_api.router):
        house.include_router(router)
    for router in (ledger_pages.router, people_api.router, people_pages.router, notifications_pages.router):
        house.include_router(router)
    return tuple(house.routes)


@pytest.fixture(scope="session", autouse=True)
def _short_tracebacks() -> None:
    """A failing request shows where, without the variables of every frame."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, renderer])


@pytest.fixture(scope="session", autouse=True)
def strong_hasher() -> Iterator[PasswordHash]:
    """The hasher of passwords as it is; the tests work with one of the same kind that costs next to nothing."""
    real = passwords._hasher
    passwords._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    yield real
    passwords._hasher = real


@pytest.fixture
def recorded() -> Iterator[None]:
    """Acts go into the audit log, messages into the outbox."""
    before, carriers = list(acts._recorders), list(messages._carriers)
    audit.install()
    notifications_jobs.install(Settings(secret_key="s" * 40))
    yield
    acts._recorders[:] = before
    messages._carriers[:] = carriers


@pytest.fixture
def identity_app(database: Database, clock: FixedClock, recorded: None, tmp_path: Path) -> FastAPI:
    """An application of identity and audit, on the test's database."""
    return make_app(database, clock, data_dir=tmp_path)


@pytest.fixture
def person(database: Database, clock: FixedClock, recorded: None) -> Callable[..., User]:
    """Opens accounts: ``person("awa", "staff")`` can sign in as awa@example.org with ``PASSWORD``."""

    def open_account(name: str, *roles: str) -> User:
        with database.transaction() as session:
            return create_account(
                session,
                clock,
                email=f"{name}@example.org",
                name=name.capitalize(),
                password=PASSWORD,
                roles=roles or ("user",),
            )

    return open_account


@pytest.fixture
def browser(identity_app: FastAPI) -> Callable[..., Client]:
    """Opens browsers, signed in as somebody if a name is given."""

    def open_browser(name: str | None = None, **options: Any) -> Client:
        client = Client(identity_app, page=True, **options)
        if name is not None:
            answer = client.submit("/sign-in", email=f"{name}@example.org", password=PASSWORD)
            assert answer.status_code == 303, answer.text
        return client

    return open_browser


@pytest.fixture
def program(identity_app: FastAPI) -> Callable[..., Client]:
    """Opens API clients, with an access token of somebody if a name is given."""

    def open_program(name: str | None = None, **options: Any) -> Client:
        client = Client(identity_app, **options)
        if name is not None:
            body = {"email": f"{name}@example.org", "password": PASSWORD}
            answer = client.post("/api/v1/identity/tokens", json=body)
            assert answer.status_code == 200, answer.text
            client.bear(answer.json()["access_token"])
        return client

    return open_program
