"""Versions of rules with other terms: checked when they are written, field by field, and in force once activated."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from guerdon.core.errors import FieldErrors
from guerdon.kernel.engagement.errors import RuleExpressionError, RuleSeedError, RuleTermUnusedError
from guerdon.kernel.engagement.schemas import RuleSeed
from guerdon.kernel.engagement.service import rules
from guerdon.kernel.ledger import service as ledger
from support.http_client import Client
from support.track import Track, rule


def write(track: Track, params: dict[str, Any] | None = None, **changes: Any) -> Any:
    """Write a draft of ``track.run``."""

    def work(session: Session) -> Any:
        given = params if params is not None else {"rate": 2}
        draft = rules.write_version(
            session, "track", "run", params=given, note="a test", actor_id=None, changes=changes
        )
        return draft.id

    return track.do(work)


class TestWriting:
    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"condition": "1 +"}, ["condition"]),
            ({"condition": "activity.speed > 1"}, ["condition"]),
            ({"condition": "activity.metres", "amount": "1.5"}, ["condition", "amount"]),
            ({"amount": "activity.route"}, ["amount"]),
            ({"amount": "member.tiers.track", "condition": "counters.runs.life"}, ["condition", "amount"]),
            ({"amount": "activity.metres ? 1 : 2"}, ["amount"]),
            ({"multipliers": ("member.verified",)}, ["multipliers.0"]),
            ({"condition": "member.name == 'x'"}, ["condition"]),
            ({"condition": "counters.swims.week > 1"}, ["condition"]),
            ({"amount": "params.rates", "condition": "[1].map(x, x)"}, ["condition", "amount"]),
            ({"amount": "x" * 2001}, ["amount"]),
            ({"multipliers": ("10000", "nobody.knows")}, ["multipliers.1"]),
            ({"multipliers": ("1",) * 11}, ["multipliers"]),
            ({"multiplier_min_bp": 20_000, "multiplier_max_bp": 10_000}, ["multiplier_max_bp"]),
            ({"multiplier_min_bp": -1}, ["multiplier_min_bp"]),
            ({"caps": {"year": 5}}, ["caps.year"]),
            ({"caps": {"day": 0, "week": 2**63}}, ["caps.day", "caps.week"]),
            ({"cool_down_s": -1, "maturity_s": 10**10}, ["cool_down_s", "maturity_s"]),
            ({"budget": "nowhere"}, ["budget"]),
        ],
    )
    def test_what_does_not_fit_is_named_and_nothing_is_written(
        self, track: Track, changes: dict[str, Any], fields: list[str]
    ) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        before = track.snapshot()
        with pytest.raises(FieldErrors) as refused:
            write(track, **changes)
        assert [each.field for each in refused.value.errors] == fields
        assert track.snapshot() == before

    @pytest.mark.parametrize(
        ("changes", "words", "place"),
        [
            ({"condition": "has(activity.meters)"}, "did you mean 'activity.metres'?", (1, 5)),
            ({"condition": "member.verifed"}, "did you mean 'member.verified'?", (1, 1)),
            ({"condition": "member.tiers.trak == 'gold'"}, "did you mean 'member.tiers.track'?", (1, 1)),
            ({"amount": "1 + params.rates"}, "did you mean 'params.rate'?", (1, 5)),
            ({"amount": "params.by.hil"}, "did you mean 'params.by.hill'?", (1, 1)),
            ({"amount": "counters.rns.week"}, "did you mean 'counters.runs'?", (1, 1)),
            ({"amount": "activity.metres +\n sise('a')"}, "did you mean 'size'?", (2, 2)),
            ({"amount": "ratio(activity.route, 2)"}, "'ratio' can do nothing with what it is given.", (None, None)),
        ],
    )
    def test_what_is_wrong_is_told_in_plain_words_with_its_place(
        self, track: Track, changes: dict[str, Any], words: str, place: tuple[int, int]
    ) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1, "by": {"hill": 2}}))
        before = track.snapshot()
        with pytest.raises(FieldErrors) as refused:
            write(track, {"rate": 1, "by": {"hill": 2}}, **changes)
        [fault] = refused.value.errors
        assert str(fault).endswith(words)
        assert (fault.params["line"], fault.params["column"]) == place
        assert track.snapshot() == before

    @pytest.mark.parametrize(
        "terms",
        [
            {"condition": "activity.route != 'params.nothing' // params.more"},
            {"amount": "100 / (activity.metres - 1)"},
            {"amount": "int(activity.route)"},
            {"amount": "params.by_route[activity.route]"},
            {"condition": "activity.friends.size() > 1 && activity.friends[0] == 'awa'"},
            {"condition": "member.tiers.track == 'gold' || has(activity.night) && activity.night"},
            {"condition": "member.country == null || counters.runs.week % activity.metres == 0"},
        ],
    )
    def test_what_may_fail_on_some_facts_is_written(self, track: Track, terms: dict[str, str]) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        assert write(track, {"rate": 1, "by_route": {"river": 2}}, **terms)

    def test_it_is_in_force_once_activated(self, track: Track) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        member = track.member()
        track.do(ledger.open_system_owner, "track.prizes", "LAP")
        draft_id = write(
            track,
            {"each": 3},
            amount="params.each",
            condition="counters.runs.life > 1",
            multipliers=("member.verified ? 20000 : 15000",),
            caps={"day": 13},
            cool_down_s=0,
        )
        assert sum(each.amount_minor for each in track.run(member, 6).awards) == 6
        track.do(rules.activate, draft_id, track.clock.now())
        found = [[each.amount_minor for each in track.run(member, 6).awards] for _ in range(3)]
        assert found == [[5], [2], []]
        with pytest.raises(FieldErrors):
            write(track, {"each": 3}, budget="nowhere")
        assert write(track, {"each": 3}, budget="track.prizes")

    def test_a_draft_that_has_become_impossible_is_not_put_in_force(self, track: Track) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        draft_id = write(track, amount="activity.metres * params.rate + 1")
        nested = "activity.friends.all(f, activity.friends.all(g, f == g))"  # as former versions of Guerdon took it
        with psycopg.connect(track.owner_dsn, autocommit=True) as connection:
            connection.execute("UPDATE engagement.rules SET condition = %s WHERE id = %s", (nested, draft_id))
        before = track.snapshot()
        with pytest.raises(RuleExpressionError) as refused:
            track.do(rules.activate, draft_id, track.clock.now())
        assert refused.value.field == "condition"
        assert track.snapshot() == before

    def test_other_numbers_alone_keep_their_names(self, track: Track) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        with pytest.raises(FieldErrors) as refused:
            write(track, {"other": 1})
        assert {each.field for each in refused.value.errors} == {"params.rate", "params.other"}


class TestFactsThatAreNoActivities:
    """Their program asks for the condition and the formula alone, as that of contributions does."""

    TALK = RuleSeed("talk", "track.talk", "LAP", "activity.minutes * params.rate", params={"rate": 1})

    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({"multipliers": ("15000",)}, ["multipliers"]),
            ({"multiplier_max_bp": 20_000}, ["multiplier_max_bp"]),
            ({"caps": {"day": 5, "act": 9}}, ["caps.day", "caps.act"]),
            ({"cool_down_s": 60, "maturity_s": 60}, ["cool_down_s", "maturity_s"]),
            ({"condition": "member.verified"}, ["condition"]),
            ({"amount": "member.account_age_days + counters.runs.life"}, ["amount"]),
            ({"condition": "size(member) > 0"}, ["condition"]),
        ],
    )
    def test_what_would_do_nothing_is_refused(self, track: Track, changes: dict[str, Any], fields: list[str]) -> None:
        track.install(self.TALK)
        before = track.snapshot()
        with pytest.raises(FieldErrors) as refused:
            track.do(
                rules.write_version, "track", "talk", params={"rate": 1}, note="a test", actor_id=None, changes=changes
            )
        unused = [each for each in refused.value.errors if isinstance(each, RuleTermUnusedError)]
        assert [each.field for each in unused] == fields
        assert track.snapshot() == before

    def test_a_program_cannot_bring_it_either(self, track: Track) -> None:
        with pytest.raises(RuleSeedError, match=r"caps\.day: This would do nothing"):
            track.install(replace(self.TALK, caps={"day": 5}))

    def test_a_rule_about_what_another_program_may_bring_later_says_what_it_likes(self, track: Track) -> None:
        track.install(RuleSeed("cheer", "choir.song", "LAP", "5", caps={"day": 5}))

    def test_a_version_of_a_former_guerdon_that_has_it_is_followed_by_one_without(self, track: Track) -> None:
        track.install(self.TALK)
        with psycopg.connect(track.owner_dsn, autocommit=True) as connection:
            connection.execute("ALTER TABLE engagement.rules DISABLE TRIGGER USER")
            connection.execute("""UPDATE engagement.rules SET caps = '{"day": 5}' WHERE code = 'talk'""")
            connection.execute("ALTER TABLE engagement.rules ENABLE TRIGGER USER")

        def renew(session: Session) -> dict[str, int]:
            draft = rules.write_version(session, "track", "talk", params={"rate": 2}, note="a test", actor_id=None)
            return rules.activate(session, draft.id, track.clock.now()).caps

        assert track.do(renew) == {}

    def test_pages_do_not_offer_it(self, track: Track, visit: Callable[..., Client]) -> None:
        track.install(self.TALK)
        path, admin = "/staff/rules/track/talk", visit("admin")
        form = admin.get(f"{path}/new").text
        assert "Formula and condition" in form
        assert not any(f'name="{name}"' in form for name in ("multipliers", "caps.day", "cool_down_s", "budget"))
        terms = {"condition": "activity.minutes > 5", "amount": "activity.minutes * params.rate"}
        written = admin.submit(f"{path}/new", **{"params.rate": "2", "note": "a test", **terms})
        assert written.status_code == 303, written.text
        sent = {"params.rate": "2", "note": "a test", **terms, "caps.day": "5", "cool_down_s": "60"}
        refused = admin.submit(f"{path}/new", **sent)
        assert refused.status_code == 422
        assert "This would do nothing: what &#39;track.talk&#39; is worth" in refused.text


class TestFromOutside:
    def test_over_http(self, track: Track, call: Callable[[str], Client]) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        admin = call("admin")
        body = {"program": "track", "code": "run", "params": {"rate": 1}, "note": "a test"}
        made = admin.post("/api/v1/engagement/rules", json={**body, "caps": {"week": 50}, "cool_down_s": 60})
        assert made.status_code == 201, made.text
        found = made.json()
        assert (found["caps"], found["cool_down_s"], found["amount"]) == (
            {"week": 50},
            60,
            "activity.metres * params.rate",
        )
        before = track.snapshot()
        refused = admin.post("/api/v1/engagement/rules", json={**body, "condition": "activity.speed > 1"})
        assert refused.status_code == 422
        [fault] = refused.json()["errors"]
        assert (fault["field"], fault["line"], fault["column"]) == ("condition", 1, 1)
        assert "technical" not in fault
        refused = admin.post("/api/v1/engagement/rules", json={**body, "amount": "activity.metres +"})
        assert refused.json()["errors"][0]["technical"].startswith("mismatched input")
        assert track.snapshot() == before

    def test_on_pages(self, track: Track, visit: Callable[..., Client]) -> None:
        track.install(rule("run", "activity.metres * params.rate", params={"rate": 1}))
        admin = visit("admin")
        path = "/staff/rules/track/run"
        form = {
            "params.rate": "1",
            "note": "a test",
            "condition": "activity.metres > 10",
            "amount": "activity.metres * params.rate",
            "multipliers": "15000\n\n20000\n",
            "multiplier_min_bp": "0",
            "multiplier_max_bp": "25000",
            "caps.day": "100",
            "caps.act": "",
            "cool_down_s": "0",
            "maturity_s": "60",
            "budget": "",
        }
        assert "Formula, caps and waits" in admin.get(f"{path}/new").text
        refused = admin.submit(f"{path}/new", **{**form, "maturity_s": "soon"})
        assert refused.status_code == 422
        assert "Enter a whole number." in refused.text
        wrong = {"condition": " activity.meters > 10", "multipliers": "15000\n\nactivity.metres *"}
        refused = admin.submit(f"{path}/new", **{**form, **wrong})
        assert refused.status_code == 422
        assert '<code><u class="negative strong">activity.meters</u> &gt; 10</code>' in refused.text
        assert "did you mean &#39;activity.metres&#39;?" in refused.text
        assert "Line 2: The expression cannot be used: it stops too early" in refused.text
        assert "mismatched input" in refused.text
        written = admin.submit(f"{path}/new", **form)
        assert written.status_code == 303, written.text
        page = admin.get(written.headers["location"]).text
        assert "true → activity.metres &gt; 10" in page
        assert "– → 15000, 20000" in page
        assert "At most in a day" in page
        assert "– → 100 LAP" in page
        assert "× 10.0000 → × 2.5000" in page
        assert "0 s → 60 s" in page
        with track.database.transaction() as session:
            draft = rules.versions(session, "track", "run")[0]
            assert (draft.multipliers, draft.caps, draft.maturity_s) == (["15000", "20000"], {"day": 100}, 60)
