"""``guerdon users``: accounts at the command line, above all the first administrator."""

from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from guerdon import boot
from guerdon.cli.console import out, show_table
from guerdon.cli.errors import RotationUnderWayError
from guerdon.core.clock import SystemClock
from guerdon.core.errors import NotFoundError
from guerdon.core.settings import Settings, load_settings
from guerdon.db.location import open_database, running_database
from guerdon.kernel.admin import audit
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.service import rotation
from guerdon.kernel.identity.permissions import Role
from guerdon.kernel.identity.service import accounts, fields, roles, signing_keys

app = typer.Typer(no_args_is_help=True, help="Accounts: opening them, giving and taking roles.")

Email = Annotated[str, typer.Option(help="The account's e-mail address.")]
OneRole = Annotated[Role, typer.Option(help="The role.")]
OPERATOR = "by the operator at the command line"


@app.command()
def add(
    email: Email,
    role: Annotated[list[Role] | None, typer.Option(help="A role; may be repeated. Default: user.")] = None,
    name: Annotated[str | None, typer.Option(help="Name that others see; default: the address up to the @.")] = None,
    password: Annotated[
        str | None, typer.Option(help="The password; default: asked for.", envvar="GUERDON_NEW_PASSWORD")
    ] = None,
) -> None:
    """Open an account; this is how the first administrator comes in."""
    settings = load_settings()
    audit.install()

    def open_account(session: Session, chosen: str | None) -> User:
        return accounts.create_account(
            session,
            SystemClock(),
            email=email,
            name=name or email.partition("@")[0],
            password=chosen,
            roles=role or [Role.USER],
            locale=settings.default_locale,
            time_zone=settings.time_zone if settings.time_zone in fields.time_zones() else "UTC",
        )

    with running_database(settings) as location:
        database = open_database(settings, location, application_name="guerdon users")
        try:
            if password is None:
                with database.transaction() as session:  # what is refused anyway is refused before anybody types
                    open_account(session, None)
                    session.rollback()
                password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
            with database.transaction() as session:
                user = open_account(session, password)
                out.print(f"{user.email} may sign in as {', '.join(user.roles)}.")
        finally:
            database.dispose()


@app.command()
def grant(email: Email, role: OneRole) -> None:
    """Give an account a role."""
    _change(email, role, give=True)


@app.command()
def revoke(email: Email, role: OneRole) -> None:
    """Take a role from an account."""
    _change(email, role, give=False)


def _change(email: str, role: Role, *, give: bool) -> None:
    audit.install()
    with running_database(load_settings()) as location:
        database = open_database(load_settings(), location, application_name="guerdon users")
        try:
            with database.transaction() as session:
                user = accounts.find_by_email(session, email)
                if user is None:
                    raise NotFoundError(what="account")
                change = roles.grant if give else roles.revoke
                user = change(session, SystemClock(), user_id=user.id, role=role, actor_id=None, reason=OPERATOR)
                out.print(f"{user.email} is now {', '.join(user.roles)}.")
        finally:
            database.dispose()


@app.command("rotate-keys")
def rotate_keys() -> None:
    """Sign access tokens with a new key; those signed before hold until they end."""
    audit.install()
    with running_database(load_settings()) as location:
        database = open_database(load_settings(), location, application_name="guerdon users")
        try:
            with database.transaction() as session:
                generation = signing_keys.rotate(session, SystemClock())
                out.print(f"Access tokens are signed with key {generation} now.")
        finally:
            database.dispose()


@app.command("list")
def list_accounts(
    search: Annotated[str, typer.Argument(help="Part of a name or an address.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
) -> None:
    """List accounts by name."""
    with running_database(load_settings()) as location:
        database = open_database(load_settings(), location, application_name="guerdon users")
        try:
            with database.transaction() as session:
                found = accounts.search_accounts(session, query=search, limit=limit)[:limit]
                table = Table("Name", "E-mail", "Roles", "Active", box=None, pad_edge=False)
                for user in found:
                    table.add_row(user.name, user.email, ", ".join(user.roles), "yes" if user.is_active else "no")
                show_table(table)
        finally:
            database.dispose()


@app.command("rotate-encryption")
def rotate_encryption(
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Make no new key; move what is left to the present one, drop the others.")
    ] = False,
) -> None:
    """Bring a fresh key into use for papers, copies of data and signing keys, and encrypt everything anew with it.

    A request that was under way may still have written with the old key, so that is dropped by a later run only.
    """
    settings = load_settings()
    if settings.encryption_keys is not None:
        _encrypt_anew(settings)
        return
    try:
        with encryption.rotation(settings.data_dir):
            if not drop_old:
                encryption.add_key(settings.data_dir)
            _encrypt_anew(settings)
            if drop_old:
                encryption.keep_first_key(settings.data_dir)
    except BlockingIOError as exc:
        raise RotationUnderWayError(data_dir=settings.data_dir) from exc


def _encrypt_anew(settings: Settings) -> None:
    boot.prepare(settings)
    ring = encryption.ring()
    total = 0
    with running_database(settings) as location:
        database = open_database(settings, location, application_name="guerdon users")
        try:
            while done := database.run(lambda session: rotation.rotate(session, ring)):
                total += done
        finally:
            database.dispose()
    out.print(f"{total} values are encrypted anew with the key {ring.key_id}.")
