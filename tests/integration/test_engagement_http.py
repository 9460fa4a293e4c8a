"""Rules and tiers over HTTP and in the browser: who may, what is refused, and that a trial has no effect."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from guerdon.db.database import Database
from guerdon.kernel.engagement.activities.schemas import ActivityKind, MetricSeed
from guerdon.kernel.engagement.activities.service import installing
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import rules
from support.http_client import Client

RULES = "/api/v1/engagement/rules"
TIERS = "/api/v1/engagement/tiers"
NUMBERS = {"leaves_per_litre_bp": 6000, "plant_percent": {"tree": 100, "moss": 25}}
NEW = {"program": "garden", "code": "watering", "params": NUMBERS, "note": "More in summer."}
Api = Callable[[str], Client]


def state(database: Database) -> list[Any]:
    """Everything that these routes could change."""
    with database.transaction() as session:
        rules = session.execute(text("SELECT * FROM engagement.rules ORDER BY id")).all()
        steps = session.execute(text("SELECT * FROM engagement.tiers ORDER BY program, code")).all()
        acts = session.execute(
            text(
                "SELECT action, actor_user_id, reason FROM admin.audit_logs"
                " WHERE action LIKE 'engagement.%' ORDER BY timestamp, id"
            )
        ).all()
        return [rules, steps, acts]


def watering(client: Client) -> dict[str, Any]:
    found = client.get(f"{RULES}?program=garden&code=watering&status=active").json()["items"]
    assert len(found) == 1
    return dict(found[0])


class TestRules:
    def test_the_whole_way_of_a_version(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        former = watering(admin)
        answer = admin.post(RULES, json=NEW)
        assert answer.status_code == 201, answer.text
        draft = answer.json()
        assert (draft["status"], draft["version"], draft["params"]) == ("draft", 2, NUMBERS)
        tried = admin.post(
            f"{RULES}/{draft['id']}/dry-run", json={"inputs": {"litres_hundredths": 1000, "plant": "moss"}}
        ).json()
        assert (tried["amount"], tried["amount_minor"], tried["unit"]) == ("1.50", 150, "LEAF")
        assert tried["calculation"] == "1000 × 6000 × 25 ÷ 1000000"
        assert watering(admin)["id"] == former["id"]
        assert admin.post(f"{RULES}/{draft['id']}/activate").json()["status"] == "active"
        assert watering(admin)["id"] == draft["id"]
        assert admin.get(f"{RULES}/{former['id']}").json()["status"] == "retired"
        assert [act.action for act in state(garden)[2]] == ["engagement.rule_written", "engagement.rule_activated"]
        assert all(act.actor_user_id for act in state(garden)[2])

    @pytest.mark.parametrize(
        ("amount", "status"),
        [
            ("activity.litres_hundredths * 2", 201),
            ("ratio(activity.litres_hundredths, 3)", 201),
            ("activity.plant == 'moss' && activity.litres_hundredths > 500 ? 100 : 0", 201),
            ("activity.plant + 'moss'", 422),
            ("activity.plant == 'moss'", 422),
            ("activity.litres_hundredths * 'moss'", 422),
        ],
    )
    def test_the_formula_of_facts_that_are_recorded_elsewhere_is_changed(
        self, call: Api, garden: Database, amount: str, status: int
    ) -> None:
        """Nobody knows of which types their properties are; what fits none is refused all the same."""
        admin = call("admin")
        before = state(garden)
        answer = admin.post(RULES, json={**NEW, "amount": amount})
        assert answer.status_code == status, answer.text
        if status == 422:
            assert [each["field"] for each in answer.json()["errors"]] == ["amount"]
            assert state(garden) == before

    def test_a_draft_is_thrown_away_once(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        draft = admin.post(RULES, json=NEW).json()
        assert admin.request("DELETE", f"{RULES}/{draft['id']}").status_code == 204
        assert admin.request("DELETE", f"{RULES}/{draft['id']}").json()["code"] == "rule-not-found"
        before = state(garden)
        locked = admin.request("DELETE", f"{RULES}/{watering(admin)['id']}")
        assert (locked.status_code, locked.json()["code"]) == (409, "rule-locked")
        assert state(garden) == before

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"params": {**NUMBERS, "leaves_per_litre_bp": 0.5}}, "params.leaves_per_litre_bp"),
            ({"params": {**NUMBERS, "extra": 1}}, "params.extra"),
            ({"params": {"plant_percent": NUMBERS["plant_percent"]}}, "params.leaves_per_litre_bp"),
            ({"params": []}, "params"),
            ({"note": "x"}, "note"),
            ({"note": "   "}, "note"),
            ({"amount": "1 +"}, "amount"),
        ],
    )
    def test_what_does_not_fit_is_named_and_changes_nothing(
        self, call: Api, garden: Database, change: dict[str, Any], field: str
    ) -> None:
        admin = call("admin")
        before = state(garden)
        answer = admin.post(RULES, json={**NEW, **change})
        assert answer.status_code == 422
        assert field in [each["field"] for each in answer.json()["errors"]]
        assert state(garden) == before

    def test_a_rule_that_is_not_there(self, call: Api) -> None:
        admin = call("admin")
        assert admin.post(RULES, json={**NEW, "code": "mowing"}).status_code == 404
        nobody = f"{RULES}/0198c0de-0000-7000-8000-000000000000"
        for answer in (
            admin.get(nobody),
            admin.post(f"{nobody}/activate"),
            admin.post(f"{nobody}/dry-run", json={"inputs": {}}),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "rule-not-found")

    def test_a_trial_changes_nothing_and_refuses_what_is_not_exact(self, call: Api, garden: Database) -> None:
        staff = call("staff")
        path = f"{RULES}/{watering(staff)['id']}/dry-run"
        before = state(garden)
        assert staff.post(path, json={"inputs": {"litres_hundredths": 0, "plant": "moss"}}).json()["applies"] is False
        for inputs in ({"litres_hundredths": 1.5}, {"litres_hundredths": 2**63}, {"a": {"b": 1}}, {"a": [1] * 101}):
            assert staff.post(path, json={"inputs": inputs}).status_code == 422, inputs
        failed = staff.post(path, json={"inputs": {}})
        assert (failed.status_code, failed.json()["code"]) == (409, "rule-failed")
        assert state(garden) == before

    def test_a_trial_knows_member_counters_multipliers_and_caps(
        self, call: Api, garden: Database, owner_dsn: str
    ) -> None:
        owner = Database(owner_dsn)
        seed = RuleSeed(
            "pruning",
            "garden.pruning",
            "LEAF",
            "activity.roses * 100",
            condition="member.account_age_days >= 30 && counters.prunings.week < 3",
            multipliers=("member.verified ? 15000 : 10000", "params.boost_bp"),
            multiplier_max_bp=25_000,
            params={"boost_bp": 20_000},
            caps={"act": 5000, "day": 3000},
        )
        with owner.transaction() as session:
            kind = ActivityKind("garden.pruning", "Pruning", {"roses": int})
            installing.install_kinds(session, "garden", (kind,))
            installing.install_metrics(session, "garden", (MetricSeed("prunings", "Prunings", ("garden.pruning",)),))
            rules.install(session, "garden", (seed,))
        owner.dispose()
        staff = call("staff")
        rule = next(each for each in staff.get(f"{RULES}?code=pruning").json()["items"])
        before = state(garden)

        def tried(roses: int, **around: Any) -> dict[str, Any]:
            body = {"inputs": {"roses": roses}, "member": {"account_age_days": 40, "verified": True}, **around}
            answer = staff.post(f"{RULES}/{rule['id']}/dry-run", json=body)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        # One and a half times two is three; the rule allows two and a half.
        assert (tried(4)["amount"], tried(4)["multiplier"]) == ("10.00", "2.5000")
        assert tried(4, member={"account_age_days": 40})["multiplier"] == "2.0000"
        assert tried(4, member={"account_age_days": 29})["reason"] == "condition"
        assert tried(4, counters={"prunings.week": 3})["applies"] is False
        left = tried(4, granted={"day": "22.50"})
        assert (left["amount"], left["capped"]) == ("7.50", "day")
        assert tried(4, granted={"day": "30"})["reason"] == "day_cap"
        whole = tried(30)
        assert (whole["amount"], whole["reason"], whole["applies"]) == ("0.00", "act_cap", True)
        assert "75.00" in whole["detail"]
        for around in ({"granted": {"day": "1.234"}}, {"counters": {"prunings.week": 1.5}}, {"member": {"a": [1]}}):
            body = {"inputs": {"roses": 1}, **around}
            assert staff.post(f"{RULES}/{rule['id']}/dry-run", json=body).status_code == 422
        assert state(garden) == before

    def test_staff_see_and_try_and_do_not_change(self, call: Api, garden: Database) -> None:
        staff = call("staff")
        before = state(garden)
        rule = watering(staff)
        for answer in (
            staff.post(RULES, json=NEW),
            staff.post(f"{RULES}/{rule['id']}/activate"),
            staff.request("DELETE", f"{RULES}/{rule['id']}"),
            staff.put(f"{TIERS}/garden", json={"thresholds": {}, "reason": "a test"}),
        ):
            assert answer.status_code == 403
        assert state(garden) == before

    def test_members_see_none_of_it(self, call: Api) -> None:
        member = call("user")
        assert member.get(RULES).status_code == 403
        assert member.get(TIERS).status_code == 403

    def test_lists_are_paged(self, call: Api) -> None:
        admin = call("admin")
        for _ in range(3):
            admin.post(RULES, json=NEW)
        seen, cursor = [], ""
        while cursor is not None:
            page = admin.get(f"{RULES}?program=garden&limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            seen += [(rule["code"], rule["version"]) for rule in page["items"]]
            cursor = page["next_cursor"]
        assert seen == [("watering", 4), ("watering", 3), ("watering", 2), ("watering", 1), ("weeding", 1)]


class TestTiers:
    def thresholds(self, client: Client) -> dict[str, str]:
        ladder = next(each for each in client.get(TIERS).json() if each["program"] == "garden")
        return {tier["code"]: tier["threshold"] for tier in ladder["tiers"]}

    def test_they_are_changed_together(self, call: Api, garden: Database) -> None:
        admin = call("admin")
        assert self.thresholds(admin) == {"seed": "0.00", "shoot": "21.00", "bush": "51.00", "tree": "101.00"}
        new = {"seed": "0", "shoot": "51", "bush": "101.5", "tree": "200"}
        assert admin.put(f"{TIERS}/garden", json={"thresholds": new, "reason": "Too easy."}).status_code == 200
        assert self.thresholds(admin) == {"seed": "0.00", "shoot": "51.00", "bush": "101.50", "tree": "200.00"}
        assert [(act.action, act.reason) for act in state(garden)[2]] == [("engagement.tiers_changed", "Too easy.")]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"seed": "1"}, "tier-first-not-zero"),
            ({"shoot": "51"}, "tier-order"),
            ({"shoot": "0"}, "tier-order"),
            ({"shoot": "-1"}, "tier-order"),
            ({"shoot": "21.001"}, "amount-too-precise"),
            ({"tree": "92233720368547758.08"}, "amount-out-of-range"),
            ({"weed": "1"}, "tier-unknown"),
            ({"shoot": 21.5}, "amount-is-float"),
            ({"shoot": "much"}, "amount-not-decimal"),
        ],
    )
    def test_what_does_not_rise_from_zero_is_refused(
        self, call: Api, garden: Database, change: dict[str, Any], code: str
    ) -> None:
        admin = call("admin")
        before = state(garden)
        wanted = {**self.thresholds(admin), **change}
        answer = admin.put(f"{TIERS}/garden", json={"thresholds": wanted, "reason": "a test"})
        assert answer.status_code == 422
        assert code in [each["code"] for each in answer.json()["errors"]]
        assert state(garden) == before

    def test_a_program_without(self, call: Api) -> None:
        answer = call("admin").put(f"{TIERS}/nowhere", json={"thresholds": {}, "reason": "a test"})
        assert (answer.status_code, answer.json()["code"]) == (404, "tiers-not-found")


class TestPages:
    RULE = "/staff/rules/garden/watering"

    def test_a_version_is_written_and_activated_without_scripts(
        self, visit: Callable[..., Client], garden: Database
    ) -> None:
        admin = visit("admin")
        assert "Half a leaf for each litre." in admin.get("/staff/rules").text
        fields = {
            "params.leaves_per_litre_bp": "0,6",
            "params.plant_percent.tree": "100",
            "params.plant_percent.moss": "25",
            "note": "More in summer.",
        }
        written = admin.submit(f"{self.RULE}/new", **fields)
        assert (written.status_code, written.headers["location"]) == (303, f"{self.RULE}/2")
        draft = admin.get(f"{self.RULE}/2").text
        assert "changed" in draft
        assert next(rule for rule in state(garden)[0] if rule.status == "draft").params["leaves_per_litre_bp"] == 6000
        assert 'value="0.5"' in admin.get(f"{self.RULE}/new").text
        assert "More in summer." in draft
        rule_id = next(rule.id for rule in state(garden)[0] if rule.status == "draft")
        done = admin.submit(f"/staff/rules/versions/{rule_id}/activate", on=f"{self.RULE}/2")
        assert done.status_code == 303
        shown = admin.get(self.RULE).text
        assert "In force: version 2" in shown
        assert "Written by Admin" in shown
        assert admin.get(f"{self.RULE}/2").status_code == 409

    def test_a_form_that_does_not_fit_keeps_what_was_written(
        self, visit: Callable[..., Client], garden: Database
    ) -> None:
        admin = visit("admin")
        before = state(garden)
        for typed in ("0.12345", "-1", "much", "1e3", "9" * 17, "9" * 300, "100000001", "."):
            refused = admin.submit(f"{self.RULE}/new", **{"params.leaves_per_litre_bp": typed, "note": "Why"})
            assert refused.status_code == 422, typed
            assert f'value="{typed}"' in refused.text
            assert "This must be a number from 0 to 100000000, with at most 4 decimals." in refused.text
            assert refused.text.count("field__error") == 3
        assert state(garden) == before

    def test_trying_out_takes_decimals_and_shows_the_way(self, visit: Callable[..., Client], garden: Database) -> None:
        staff = visit("staff")
        before = state(garden)
        tried = staff.get(f"{self.RULE}?try=1&input.litres_hundredths=12,5&input.plant=tree").text
        assert "6.25\u00a0leaves" in tried
        assert "1250 × 5000 × 100 ÷ 1000000" in tried
        nothing = staff.get(f"{self.RULE}?try=1&input.litres_hundredths=0&input.plant=tree").text
        assert "The condition does not hold" in nothing
        for bad in ("", "much", "1e5", "9" * 400, "1.234"):
            page = staff.get(f"{self.RULE}?try=1&input.litres_hundredths={bad}&input.plant=%3Cb%3E&version=99")
            assert page.status_code == 200
            assert "It gives nothing" in page.text
            assert "<b>" not in page.text
        assert "New version" not in tried
        assert state(garden) == before

    def test_trying_out_asks_for_what_the_rule_reads_of_the_member(
        self, visit: Callable[..., Client], garden: Database, owner_dsn: str
    ) -> None:
        owner = Database(owner_dsn)
        seed = RuleSeed(
            "mulching",
            "garden.mulching",
            "LEAF",
            "100",
            condition="member.verified && activity.bags > 0",
            caps={"day": 150},
        )
        with owner.transaction() as session:
            installing.install_kinds(session, "garden", (ActivityKind("garden.mulching", "Mulching", {"bags": int}),))
            rules.install(session, "garden", (seed,))
        owner.dispose()
        staff, page = visit("staff"), "/staff/rules/garden/mulching"
        assert 'name="member.verified"' in staff.get(page).text
        tried = staff.get(f"{page}?try=1&input.bags=1&member.verified=yes&granted.day=1,00").text
        assert "0.50\u00a0leaves" in tried
        assert "A cap left less" in tried
        assert "The condition does not hold" in staff.get(f"{page}?try=1&input.bags=1").text
        assert (
            "in a day has been given" in staff.get(f"{page}?try=1&input.bags=1&member.verified=yes&granted.day=2").text
        )
        assert "It gives nothing" in staff.get(f"{page}?try=1&input.bags=1&granted.day=much").text

    def test_a_draft_is_thrown_away(self, visit: Callable[..., Client], garden: Database) -> None:
        admin = visit("admin")
        numbers = {
            "params.leaves_per_litre_bp": "1",
            "params.plant_percent.tree": "1",
            "params.plant_percent.moss": "1",
        }
        admin.submit(f"{self.RULE}/new", **numbers, note="A mistake.")
        rule_id = next(rule.id for rule in state(garden)[0] if rule.status == "draft")
        assert admin.submit(f"/staff/rules/versions/{rule_id}/discard", on=f"{self.RULE}/2").status_code == 303
        assert [rule.status for rule in state(garden)[0] if rule.code == "watering"] == ["active"]

    def test_tiers_are_changed(self, visit: Callable[..., Client], garden: Database) -> None:
        admin = visit("admin")
        steps = {"thresholds.seed": "0", "thresholds.shoot": "25,5", "thresholds.bush": "60", "thresholds.tree": "120"}
        before = state(garden)
        refused = admin.submit("/staff/tiers/garden", **{**steps, "thresholds.bush": "20"})
        assert refused.status_code == 422
        assert "Bush" in refused.text
        assert "Say why" in refused.text
        assert state(garden) == before
        assert admin.submit("/staff/tiers/garden", **steps, reason="Too easy.").status_code == 303
        assert "25.50" in admin.get("/staff/tiers").text

    def test_who_may_not(self, visit: Callable[..., Client]) -> None:
        staff = visit("staff")
        for path in (f"{self.RULE}/new", f"{self.RULE}/1", "/staff/tiers/garden"):
            assert staff.get(path).status_code == 403
        member = visit("user")
        assert member.get("/staff/rules").status_code == 403
        assert member.get("/staff/tiers").status_code == 403
        visitor = visit()
        assert visitor.get("/staff/rules").headers["location"].startswith("/sign-in")

    def test_what_is_not_there(self, visit: Callable[..., Client]) -> None:
        admin = visit("admin")
        for path in (
            "/staff/rules/garden/mowing",
            f"{self.RULE}/9",
            "/staff/tiers/nowhere",
            f"{self.RULE}/99999999999",
        ):
            assert admin.get(path).status_code in (404, 422), path
