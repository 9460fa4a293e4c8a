"""One's own data: consents, a copy that is fetched once, leaving after thirty days, and how long things are kept."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import errors as pg
from sqlalchemy import text

from guerdon import boot
from guerdon.kernel.admin import retention
from guerdon.kernel.identity.people import jobs
from guerdon.kernel.identity.people.service import erasures, exports
from guerdon.programs.credits.service import archiving
from guerdon.worker.queue import enqueue
from guerdon.worker.runner import run_worker
from support.credits import ITEM
from support.family import ADULT, MINOR, Family, picture
from support.http_client import Client

Api = Callable[..., Client]


def work(family: Family) -> None:
    """Let the worker run until no copy is being made: each part is a job that queues the next."""
    for _ in range(10):
        run_worker(family.database, boot.tasks().values(), family.clock, until_idle=True)
        if family.sql("SELECT count(*) FROM identity.exports WHERE status = 'queued'") == [(0,)]:
            return


class TestConsents:
    def test_each_answer_is_kept_with_version_time_and_source(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        (first, *_rest) = awa.get("/api/v1/identity/consents").json()
        assert first["granted"] is False
        body = {"purpose": first["purpose"], "version": first["version"], "granted": True}
        for _ in range(2):
            assert awa.post("/api/v1/identity/consents", json=body).status_code == 204
        assert awa.post("/api/v1/identity/consents", json={**body, "granted": False}).status_code == 204
        found = family.sql("SELECT purpose, version, granted, source FROM identity.consents ORDER BY id")
        assert found == [(first["purpose"], first["version"], granted, "api") for granted in (True, False)]

    @pytest.mark.parametrize("change", [{"version": "1999-01"}, {"purpose": "soul"}])
    def test_nobody_agrees_to_a_text_that_is_not_there(
        self, family: Family, calling: Api, change: dict[str, str]
    ) -> None:
        awa = calling("awa")
        before = family.rows()
        body = {"purpose": "research", "version": "2026-01", "granted": True, **change}
        assert awa.post("/api/v1/identity/consents", json=body).status_code == 422
        assert family.rows() == before


class TestCopy:
    def ready(self, family: Family, client: Client) -> str:
        asked = client.post("/api/v1/identity/exports")
        assert asked.status_code == 202, asked.text
        work(family)
        path: str = f"/api/v1/identity/exports/{asked.json()['id']}/fetch"
        return path

    def test_it_holds_everything_and_is_fetched_once(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        upload = {"avatar": ("me.png", picture("PNG"), "image/png")}
        assert awa.put("/api/v1/identity/profile/avatar", files=upload).status_code == 200
        made = awa.post("/api/v1/credits/contributions", json=ITEM)
        assert made.status_code == 201, made.text
        photo = {"photos": ("tent.jpg", picture(), "image/jpeg")}
        added = awa.post(f"/api/v1/credits/contributions/{made.json()['id']}/photos", files=photo)
        assert added.status_code == 201, added.text
        path = self.ready(family, awa)
        (listed,) = awa.get("/api/v1/identity/exports").json()
        assert (listed["status"], listed["parts_done"]) == ("ready", listed["parts_total"])
        sealed = family.sql("SELECT content FROM identity.export_files")[0][0]
        assert not bytes(sealed).startswith(b"PK")
        got = awa.post(path)
        assert (got.status_code, got.headers["content-type"]) == (200, "application/zip")
        archive = zipfile.ZipFile(io.BytesIO(got.content))
        assert archive.testzip() is None
        names = archive.namelist()
        assert {"identity/account.json", "identity/avatar.webp", "ledger/statement.json", "audit/acts.json"} <= {*names}
        assert any(name.startswith("credits/photos/") for name in names)
        assert json.loads(archive.read("identity/account.json"))["email"] == "awa@example.org"
        assert json.loads(archive.read("credits/contributions.json"))[0]["value"]["description"] == ITEM["description"]
        for name in names:
            assert not {b"argon2", b"_hash"} & {*re.findall(rb"argon2|_hash", archive.read(name))}, name
        (chain,) = json.loads(archive.read("identity/programs.json"))
        assert chain["user_id"] == str(awa.user_id)
        assert {f"identity/{part}.json" for part in ("api_keys", "linked_accounts", "staff_sessions")} <= {*names}
        assert awa.post(path).status_code == 409
        assert family.sql("SELECT count(*) FROM identity.export_files") == [(0,)]
        assert family.actions()[-1] == "identity.export_fetched"

    def test_it_is_nobody_elses(self, family: Family, calling: Api) -> None:
        awa, badu, admin = calling("awa"), calling("badu"), calling("sarr", "super_admin")
        path = self.ready(family, awa)
        for stranger in (badu, admin):
            assert stranger.post(path).status_code == 404
        assert badu.get("/api/v1/identity/exports").json() == []
        assert awa.post(path).status_code == 200

    def test_one_at_a_time_and_gone_after_a_week(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        path = self.ready(family, awa)
        assert awa.post("/api/v1/identity/exports").status_code == 409
        family.clock.move(exports.KEEP)
        awa = calling("awa", known=True)
        assert awa.post(path).status_code == 409
        assert family.do(exports.expire, family.clock) == 1
        assert family.sql("SELECT count(*) FROM identity.export_files") == [(0,)]
        assert awa.post("/api/v1/identity/exports").status_code == 202

    def test_it_is_made_though_no_worker_ran_for_days(self, family: Family, calling: Api) -> None:
        awa, badu = calling("awa"), calling("badu")
        for each in (awa, badu):
            assert each.post("/api/v1/identity/exports").status_code == 202
        lost = "UPDATE worker.procrastinate_jobs SET status = 'failed' WHERE args ->> 'export_id' = %s RETURNING 1"
        assert family.sql(lost, self.listed(badu)["id"]) == [(1,)]
        family.clock.move(timedelta(days=3))
        awa, badu = calling("awa", known=True), calling("badu", known=True)
        expire = next(each for each in jobs.TASKS if each.name == "identity.expire")
        family.do(expire.run, family.clock)  # comes before it, as when a worker starts
        work(family)
        assert self.listed(awa)["status"] == "ready"
        assert self.listed(badu)["status"] == "failed"

    @staticmethod
    def listed(client: Client) -> Any:
        (found,) = client.get("/api/v1/identity/exports").json()
        return found


class TestLeaving:
    def test_it_waits_thirty_days_and_can_be_cancelled(self, family: Family, calling: Api) -> None:
        awa = calling("awa")
        asked = awa.post("/api/v1/identity/erasure")
        assert asked.status_code == 201, asked.text
        assert awa.post("/api/v1/identity/erasure").status_code == 409
        assert calling("sarr", "staff").get("/api/v1/identity/erasures").status_code == 403
        listed = calling("boss", "admin").get("/api/v1/identity/erasures").json()
        assert [each["name"] for each in listed] == ["Awa"]
        assert awa.request("DELETE", "/api/v1/identity/erasure").json()["status"] == "cancelled"
        assert awa.request("DELETE", "/api/v1/identity/erasure").status_code == 409
        family.clock.move(erasures.WAITING_TIME)
        before = family.rows()
        assert family.do(erasures.erase_due, family.clock) == 0
        assert family.rows() == before

    def test_everybody_whose_day_has_come_is_gone_in_one_night(
        self, family: Family, calling: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(erasures, "BATCH", 2)
        for name in ("awa", "badu", "coumba", "demba", "elimane"):
            assert calling(name).post("/api/v1/identity/erasure").status_code == 201
        family.clock.move(erasures.WAITING_TIME)
        family.do(enqueue, jobs.ERASE_DUE)
        for _ in range(4):  # each portion is a job that queues the next
            run_worker(family.database, boot.tasks().values(), family.clock, until_idle=True)
        assert family.sql("SELECT DISTINCT status FROM identity.erasures") == [("done",)]

    def test_then_the_person_is_gone_and_the_money_stays(self, family: Family, calling: Api) -> None:
        staff = calling("sarr", "staff")
        awa = calling("awa")
        profile = {"full_name": "Awa Diop", "locale": "fr", "timezone": "UTC", "date_of_birth": ADULT, "bio": "Trees."}
        assert awa.put("/api/v1/identity/profile", json=profile).status_code == 200
        assert awa.post("/api/v1/identity/addresses", json={"city": "Dakar"}).status_code == 201
        made = awa.post("/api/v1/credits/contributions", json=ITEM).json()
        once = {"idempotency-key": "a-secret-tent"}
        secret = {**ITEM, "description": "A secret tent"}
        assert awa.post("/api/v1/credits/contributions", json=secret, headers=once).status_code == 201
        kept = "SELECT count(*) FROM http.idempotency_records WHERE convert_from(body, 'UTF8') ~ 'secret'"
        assert family.sql(kept) == [(1,)]
        rejected = awa.post("/api/v1/credits/contributions", json={**ITEM, "description": "An old secret"}).json()
        photo = {"photos": ("tent.jpg", picture(), "image/jpeg")}
        assert awa.post(f"/api/v1/credits/contributions/{made['id']}/photos", files=photo).status_code == 201
        no = staff.post(f"/api/v1/credits/review/{rejected['id']}/reject", json={"reason": "broken"})
        assert no.status_code == 200, no.text
        family.do(archiving.archive, family.clock.now() + timedelta(days=1))
        approved = staff.post(f"/api/v1/credits/review/{made['id']}/approve", json={})
        assert approved.status_code == 200, approved.text
        money = family.sql("SELECT count(*), sum(amount) FROM ledger.transfers")
        awa.post("/api/v1/identity/erasure")
        family.clock.move(erasures.WAITING_TIME - timedelta(seconds=1))
        assert family.do(erasures.erase_due, family.clock) == 0
        family.clock.move(timedelta(seconds=1))
        assert family.do(erasures.erase_due, family.clock) == 1
        rows = family.sql(
            "SELECT name, email, phone, username, is_active, deleted_at IS NULL FROM identity.users WHERE id = %s",
            awa.user_id,
        )
        assert rows == [("Closed account", None, None, None, False, False)]
        for table in ("profiles", "user_addresses", "avatars", "credentials", "user_sessions", "verifications"):
            assert family.sql(f"SELECT count(*) FROM identity.{table} WHERE user_id = %s", awa.user_id) == [(0,)], table
        assert family.sql("SELECT count(*) FROM credits.photos") == [(0,)]
        assert [str(row[0]) for row in family.sql("SELECT id FROM credits.contributions")] == [made["id"]]
        assert family.sql("SELECT count(*) FROM credits.contributions_archive") == [(0,)]
        assert family.sql(kept) == [(0,)]
        assert family.sql("SELECT count(*), sum(amount) FROM ledger.transfers") == money
        assert awa.get("/api/v1/identity/me").status_code == 401
        assert family.actions()[-1] == "identity.account_erased"
        family.person("awa")  # the address may sign up again

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (
                {**ITEM, "description": "Tent of Awa Diop", "notes": "ring at Awa's door"},
                {"description": "[erased]", "estimated_value": Decimal(50), "condition": "like_new"},
            ),
            (
                {
                    "type": "volunteer_hours",
                    "activity": "Driving Awa's uncle",
                    "hours": "3",
                    "date": "2026-02-01",
                    "supervisor": "Badu Fall",
                    "notes": "Awa's car",
                },
                {"activity": "[erased]", "hours": 3, "date": "2026-02-01"},
            ),
        ],
    )
    def test_what_was_credited_keeps_its_numbers_and_loses_its_words(
        self, family: Family, calling: Api, given: dict[str, Any], kept: dict[str, Any]
    ) -> None:
        staff, awa = calling("sarr", "staff"), calling("awa")
        sent = awa.post("/api/v1/credits/contributions", json=given)
        assert sent.status_code == 201, sent.text
        path = f"/api/v1/credits/review/{sent.json()['id']}"
        approved = staff.post(f"{path}/approve", json={"credits": "7.00", "reason": "as Awa asked"})
        assert approved.status_code == 200, approved.text
        columns = "type, status, calculated_credits, created_at, approved_at, approvals"
        before = family.sql(f"SELECT {columns} FROM credits.contributions")
        money = family.sql("SELECT * FROM ledger.transfers ORDER BY id")
        # Nothing but the words may go, and nothing else may be written in their place.
        with pytest.raises(pg.RestrictViolation):
            family.sql("""UPDATE credits.contributions SET value_json = value_json || '{"notes": "better"}'""")
        awa.post("/api/v1/identity/erasure")
        family.clock.move(erasures.WAITING_TIME)
        assert family.do(erasures.erase_due, family.clock) == 1
        [(value, whole)] = family.sql("SELECT value_json, c::text FROM credits.contributions AS c")
        assert value == kept
        assert not {"Awa", "Badu"} & set(re.findall(r"\w+", whole))
        assert family.sql(f"SELECT {columns} FROM credits.contributions") == before
        assert family.sql("SELECT * FROM ledger.transfers ORDER BY id") == money
        shown = calling("mbaye", "staff").get("/api/v1/credits/review/recent")
        assert shown.status_code == 200
        assert "[erased]" in shown.text

    def test_the_last_super_administrator_stays(self, family: Family, calling: Api) -> None:
        boss = calling("boss", "super_admin")
        before = family.rows()
        assert boss.post("/api/v1/identity/erasure").status_code == 409
        assert family.rows() == before

    def test_a_guardian_who_leaves_leaves_no_link(self, family: Family) -> None:
        modou, fatou = family.member("modou", MINOR), family.member("fatou", ADULT)
        family.ward(modou, "fatou", fatou)
        family.do(erasures.request, family.clock, fatou)
        family.clock.move(erasures.WAITING_TIME)
        assert family.do(erasures.erase_due, family.clock) == 1
        assert family.sql("SELECT status FROM identity.guardianships") == [("ended",)]
        found = family.sql("SELECT guardian_user_id FROM identity.profiles WHERE user_id = %s", modou)
        assert found == [(None,)]


class TestRetention:
    def test_a_dry_run_counts_and_changes_nothing(self, family: Family) -> None:
        awa = family.member("awa")
        family.sql(
            "INSERT INTO identity.user_sessions (user_id, token_hash, created_at, expires_at)"
            " VALUES (%s, 'h', '2025-01-01', '2025-01-02')",
            awa,
        )
        before = family.rows()
        outcome = family.do(retention.apply_all, family.clock, dry_run=True)
        assert {each.code: each.removed for each in outcome}["identity.sessions"] == 1
        assert family.rows() == before
        assert family.sql("SELECT count(*) FROM identity.user_sessions") == [(1,)]
        family.do(retention.apply_all, family.clock)
        assert family.sql("SELECT count(*) FROM identity.user_sessions") == [(0,)]
        kept = family.sql("SELECT last_removed FROM admin.retention_policies WHERE code = 'identity.sessions'")
        assert kept == [(1,)]

    @pytest.mark.parametrize(
        ("code", "table", "columns", "values"),
        [
            (
                "identity.codes",
                "identity.one_time_codes",
                "purpose, destination, code_hash, created_at, expires_at",
                "'sign_in', sha256('a'), sha256('b'), '2026-01-01', '2026-01-02'",
            ),
            (
                "identity.sign_ups",
                "identity.email_confirmations",
                "purpose, email, name, password_hash, locale, time_zone, token_hash, created_at, expires_at",
                "'sign_up', 'a@example.org', 'A', 'h', 'en', 'UTC', 'h', '2026-01-01', '2026-01-02'",
            ),
            (
                "notifications.outbox",
                "notifications.outbox",
                "kind, channel, locale, recipient_hint, created_at",
                "'test.old', 'email', 'en', 'a', '2026-01-01'",
            ),
        ],
    )
    def test_what_has_ended_goes_by_the_same_table_and_no_other_job(
        self, family: Family, code: str, table: str, columns: str, values: str
    ) -> None:
        family.sql(f"INSERT INTO {table} ({columns}) VALUES ({values})")
        assert not [task.name for task in boot.tasks().values() if "prune_sessions" in task.name]
        outcome = family.do(retention.apply_all, family.clock, dry_run=True)
        assert {each.code: each.removed for each in outcome}[code] == 1
        family.do(retention.apply_all, family.clock)
        assert family.sql(f"SELECT count(*) FROM {table}") == [(0,)]

    def test_the_operators_number_counts(self, family: Family) -> None:
        family.do(retention.apply_all, family.clock)
        family.sql("UPDATE admin.retention_policies SET keep_days = 7 WHERE code = 'identity.sessions'")
        outcome: list[Any] = family.do(retention.apply_all, family.clock, dry_run=True)
        assert {each.code: each.keep_days for each in outcome}["identity.sessions"] == 7

    def test_audit_entries_go_after_five_years_and_no_other_way(self, family: Family) -> None:
        family.sql(
            "INSERT INTO admin.audit_logs (actor_type, action, resource_type, timestamp)"
            " VALUES ('system', 'test.old', 'x', now() - interval '6 years'),"
            " ('system', 'test.new', 'x', now() - interval '2 years')"
        )
        family.clock.move(timedelta(days=365))
        family.do(retention.apply_all, family.clock)
        assert [action for action in family.actions() if action.startswith("test.")] == ["test.new"]
        for statement in (
            "DELETE FROM admin.audit_logs",
            "SELECT admin.forget_audit(now(), false)",
        ):
            with family.database.transaction() as session, pytest.raises(Exception, match=r"kept|permission|denied"):
                session.execute(text(statement))
        assert "test.new" in family.actions()
