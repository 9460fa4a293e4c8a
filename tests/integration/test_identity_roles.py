"""Members and their roles: who sees them, who gives which, and what stands in the audit log afterwards."""

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy import text

from guerdon.core.clock import FixedClock
from guerdon.core.errors import GuerdonError
from guerdon.db.database import Database
from guerdon.kernel import acts
from guerdon.kernel.admin import audit
from guerdon.kernel.identity.errors import LastSuperAdminError
from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.service import roles
from support.http_client import Client


def roles_of(database: Database, user_id: UUID) -> list[str]:
    with database.transaction() as session:
        found: list[str] = session.execute(
            text("SELECT roles FROM identity.users WHERE id = :id"), {"id": user_id}
        ).scalar_one()
        return found


def audited(database: Database, action: str) -> int:
    with database.transaction() as session:
        return int(
            session.execute(text("SELECT count(*) FROM admin.audit_logs WHERE action = :a"), {"a": action}).scalar_one()
        )


class TestGranting:
    @pytest.mark.parametrize(
        ("actor", "role", "status"),
        [
            ("user", "staff", 403),
            ("staff", "staff", 403),
            ("admin", "staff", 200),
            ("admin", "partner", 200),
            ("admin", "super_admin", 403),
            ("super_admin", "super_admin", 200),
        ],
    )
    def test_nobody_grants_what_they_do_not_hold(
        self,
        database: Database,
        person: Callable[..., User],
        program: Callable[..., Client],
        actor: str,
        role: str,
        status: int,
    ) -> None:
        person("actor", actor)
        awa = person("awa")
        answer = program("actor").put(f"/api/v1/identity/members/{awa.id}/roles/{role}", json={"reason": "needed"})
        assert answer.status_code == status, answer.text
        assert (role in roles_of(database, awa.id)) is (status == 200)
        assert audited(database, "identity.role_granted") == (1 if status == 200 else 0)

    def test_an_admin_cannot_take_from_who_stands_higher(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("actor", "admin")
        boss = person("boss", "super_admin", "staff")
        answer = program("actor").request(
            "DELETE", f"/api/v1/identity/members/{boss.id}/roles/staff", params={"reason": "coup"}
        )
        assert answer.status_code == 403
        assert answer.json()["code"] == "role-not-yours-to-give"
        assert "staff" in roles_of(database, boss.id)

    def test_a_new_role_counts_at_once_for_tokens_in_use(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        awa = person("awa")
        client = program("awa")
        assert client.get("/api/v1/identity/members").status_code == 403
        with database.transaction() as session:
            roles.grant(session, clock, user_id=awa.id, role="staff", actor_id=None, reason="first")
        assert client.get("/api/v1/identity/members").status_code == 200

    def test_the_last_super_admin_stays(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        boss = person("boss", "super_admin")
        path = f"/api/v1/identity/members/{boss.id}/roles/super_admin"
        answer = program("boss").request("DELETE", path, params={"reason": "tired"})
        assert answer.status_code == 409
        assert answer.json()["code"] == "last-super-admin"
        assert "super_admin" in roles_of(database, boss.id)

    def test_of_two_super_admins_who_leave_at_once_one_stays(
        self, database: Database, clock: FixedClock, person: Callable[..., User]
    ) -> None:
        both = [person("one", "super_admin"), person("two", "super_admin")]
        start = threading.Barrier(2)
        refused: list[GuerdonError] = []

        def leave(user: User) -> None:
            start.wait()
            try:
                with database.transaction() as session:
                    roles.set_active(session, clock, user_id=user.id, active=False, actor_id=user.id, reason="leaving")
            except LastSuperAdminError as exc:
                refused.append(exc)

        threads = [threading.Thread(target=leave, args=(user,)) for user in both]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        with database.transaction() as session:
            left = session.execute(text("SELECT count(*) FROM identity.users WHERE is_active")).scalar()
        assert left == 1

    def test_the_page_gives_and_takes_with_a_reason(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("actor", "admin")
        awa = person("awa")
        page = f"/staff/members/{awa.id}"
        client = browser("actor")
        mute = client.submit(f"{page}/roles", on=page, role="staff", decision="grant", reason="")
        assert mute.status_code == 422
        assert roles_of(database, awa.id) == ["user"]
        done = client.submit(f"{page}/roles", on=page, role="staff", decision="grant", reason="joined the team")
        assert done.status_code == 303
        assert roles_of(database, awa.id) == ["user", "staff"]
        log = client.get("/staff/audit", params={"action": "identity.role_granted"})
        assert "joined the team" in log.text
        taken = client.submit(f"{page}/roles", on=page, role="staff", decision="take", reason="left the team")
        assert taken.status_code == 303
        assert roles_of(database, awa.id) == ["user"]


class TestDirectory:
    def test_pages_hold_everybody_once_in_order(
        self, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("zoe", "staff")
        for number in range(7):
            person(f"m{number % 3}.{number}")
        client = program("zoe")
        names: list[str] = []
        cursor = None
        while True:
            page = client.get("/api/v1/identity/members", params={"limit": 3, **({"cursor": cursor} if cursor else {})})
            names += [each["name"] for each in page.json()["items"]]
            cursor = page.json()["next_cursor"]
            if cursor is None:
                break
        assert len(names) == 8
        assert names == sorted(names, key=str.lower)

    @pytest.mark.parametrize(("query", "found"), [("awa", 1), ("AWA@EX", 1), ("%", 0), ("_", 0), ("\\", 0), ("", 2)])
    def test_a_search_takes_its_words_literally(
        self, person: Callable[..., User], program: Callable[..., Client], query: str, found: int
    ) -> None:
        person("zoe", "staff")
        person("awa")
        answer = program("zoe").get("/api/v1/identity/members", params={"q": query})
        assert len(answer.json()["items"]) == found

    def test_the_page_lists_searches_and_opens_accounts(
        self, database: Database, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("zoe", "staff")
        client = browser("zoe")
        assert "zoe@example.org" in client.get("/staff/members", params={"q": "zo", "role": "staff"}).text
        assert "Nobody found" in client.get("/staff/members", params={"q": "nobody"}).text
        made = client.submit(
            "/staff/members/new", name="Awa", email="awa@example.org", locale="fr", password="seven quiet herons"
        )
        assert made.status_code == 303
        assert client.get(made.headers["location"]).status_code == 200
        assert audited(database, "identity.account_created") == 2

    def test_members_are_none_of_a_members_business(
        self, person: Callable[..., User], browser: Callable[..., Client]
    ) -> None:
        person("awa")
        client = browser("awa")
        assert client.get("/staff/members").status_code == 403
        assert client.get("/staff/audit").status_code == 403


class TestAudit:
    def test_an_entry_knows_actor_address_agent_and_request(
        self, database: Database, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        boss, awa = person("boss", "admin"), person("awa")
        answer = program("boss").put(
            f"/api/v1/identity/members/{awa.id}/roles/staff",
            json={"reason": "joined"},
            headers={"user-agent": "test/1", "x-request-id": "req-12345678", "x-forwarded-for": "198.51.100.1"},
        )
        assert answer.status_code == 200
        entries = program("boss").get("/api/v1/admin/audit", params={"action": "identity.role_granted"}).json()["items"]
        assert len(entries) == 1
        entry = entries[0]
        assert entry["actor_user_id"] == str(boss.id)
        assert entry["actor_name"] == "Boss"
        assert entry["actor_ip"] == "203.0.113.7"
        assert entry["user_agent"] == "test/1"
        assert entry["request_id"] == "req-12345678"
        assert entry["resource_id"] == str(awa.id)
        assert entry["old_values"] == {"roles": ["user"]}
        assert entry["new_values"] == {"roles": ["user", "staff"]}
        assert entry["reason"] == "joined"

    def test_nobody_changes_or_removes_an_entry(
        self, app_dsn: str, owner_dsn: str, person: Callable[..., User]
    ) -> None:
        person("awa")
        for dsn in (app_dsn, owner_dsn):
            for statement in (
                "UPDATE admin.audit_logs SET reason = 'x'",
                "DELETE FROM admin.audit_logs",
                "TRUNCATE admin.audit_logs",
            ):
                with psycopg.connect(dsn) as connection, pytest.raises(pg.InsufficientPrivilege):
                    connection.execute(statement)
        with psycopg.connect(owner_dsn) as connection:
            row = connection.execute("SELECT count(*) FROM admin.audit_logs").fetchone()
        assert row == (1,)

    def test_secrets_do_not_get_into_it(self, database: Database, recorded: None) -> None:
        with database.transaction() as session:
            audit.record(
                session,
                action="test.done",
                resource_type="thing",
                new={"password": "p", "inner": {"session_token": "t"}, "token_amount": 5, "country_code": "SN"},
            )
            new = session.execute(text("SELECT new_values FROM admin.audit_logs")).scalar_one()
        assert new == {
            "password": audit.REDACTED,
            "inner": {"session_token": audit.REDACTED},
            "token_amount": 5,
            "country_code": "SN",
        }

    def test_an_act_that_nobody_would_record_does_not_happen(
        self, database: Database, clock: FixedClock, person: Callable[..., User]
    ) -> None:
        awa = person("awa")
        recorders, acts._recorders[:] = list(acts._recorders), []
        try:
            with pytest.raises(acts.NobodyRecordsError), database.transaction() as session:
                roles.grant(session, clock, user_id=awa.id, role="admin", actor_id=None, reason="x")
        finally:
            acts._recorders[:] = recorders
        assert roles_of(database, awa.id) == ["user"]

    def test_pages_of_the_log_are_complete_and_filters_narrow(
        self, database: Database, clock: FixedClock, person: Callable[..., User], program: Callable[..., Client]
    ) -> None:
        person("boss", "admin")
        thing = uuid4()
        with database.transaction() as session:
            for number in range(9):
                audit.record(session, action=f"test.{number % 2}", resource_type="thing", resource_id=thing)
        client = program("boss")
        seen: list[str] = []
        cursor = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = client.get("/api/v1/admin/audit", params={"limit": 4, "action": "test.", **more}).json()
            seen += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert len(seen) == len(set(seen)) == 9
        odd = client.get("/api/v1/admin/audit", params={"action": "test.1", "resource_id": str(thing)}).json()
        assert len(odd["items"]) == 4
        later = clock.now() + timedelta(days=40_000)
        none = client.get("/api/v1/admin/audit", params={"since": later.isoformat()}).json()
        assert none["items"] == []
