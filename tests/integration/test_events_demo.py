"""Demo data of the evenings, and what the program keeps of a person."""

import json
from pathlib import Path
from uuid import UUID

from guerdon import boot
from guerdon.core.settings import Settings
from guerdon.kernel.ledger import service as ledger
from guerdon.programs.events import personal_data
from guerdon.programs.events.service import connections, feeds, invitations
from support.evenings import Evenings


def test_the_demo_member_has_points_badges_and_weeks_in_a_row(evenings: Evenings, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, secret_key="s" * 40)
    assert boot.load_demo(settings, evenings.hall.database, evenings.clock)
    [(member,)] = evenings.hall.sql("SELECT id FROM users WHERE email LIKE 'member@%'")
    rows = evenings.hall.sql(
        "SELECT b.name, ub.level FROM user_badges ub JOIN badges b ON b.id = ub.badge_id WHERE ub.user_id = %s",
        [member],
    )
    badges = dict(rows)
    assert badges["Event Explorer"] >= 3
    assert badges["Consistent Attendee"] >= 3
    assert badges["Community Builder"] == 1
    assert {"Social Butterfly", "Trivia Master", "Four weeks in a row"} <= badges.keys()
    assert {kind for kind, _ in evenings.points(member)} >= {"events.attended"}
    [(absent, to_come)] = evenings.hall.sql(
        "SELECT count(*) FILTER (WHERE e.end_time < %(now)s), count(*) FILTER (WHERE e.start_time > %(now)s)"
        " FROM registrations r JOIN events e ON e.id = r.event_id WHERE r.status = 'registered'",
        {"now": evenings.clock.now()},
    )
    assert absent
    assert to_come
    assert evenings.hall.do(ledger.verify) == []


def exported(evenings: Evenings, user_id: UUID) -> dict[str, list[dict[str, object]]]:
    files = evenings.hall.do(lambda session: list(personal_data.PART.export(session, evenings.clock, user_id)))
    return {each.path: json.loads(each.content) for each in files}


def test_a_copy_holds_everything_and_erasing_leaves_what_others_rely_on(evenings: Evenings) -> None:
    staff, heron, ibis, neem = (evenings.hall.person(name) for name in ("keeper", "heron", "ibis", "neem"))
    event_id = evenings.event()
    for each in (heron, ibis, neem):
        evenings.attend(event_id, each, staff)
    agreed = evenings.hall.do(connections.request, evenings.clock, event_id, heron, ibis)
    evenings.hall.do(connections.agree, evenings.clock, agreed.id, ibis)
    evenings.hall.do(connections.request, evenings.clock, event_id, neem, heron)
    evenings.hall.do(connections.block, evenings.clock, heron, staff)
    evenings.hall.do(feeds.new_feed, evenings.clock, heron)
    evenings.hall.do(invitations.link_of, evenings.clock, heron)
    copy = exported(evenings, heron)
    assert {name: len(rows) for name, rows in copy.items()} == {
        "events.json": 1,
        "registrations.json": 1,
        "payments.json": 0,
        "tickets.json": 1,
        "attendances.json": 1,
        "results.json": 0,
        "special_awards.json": 0,
        "invitation_link.json": 1,
        "connections.json": 2,
        "invitations.json": 0,
        "blocks.json": 1,
    }
    assert (copy["events.json"][0]["id"], copy["events.json"][0]["title"]) == (str(event_id), "Quiz")
    assert str(staff) not in json.dumps(copy["attendances.json"])
    before = evenings.points(heron)
    assert personal_data.PART.erase is not None
    evenings.hall.do(personal_data.PART.erase, evenings.clock, heron)
    left = {name: len(rows) for name, rows in exported(evenings, heron).items() if rows}
    kept = ("events.json", "registrations.json", "tickets.json", "attendances.json", "connections.json")
    assert left == dict.fromkeys(kept, 1)
    assert evenings.hall.sql("SELECT count(*) FROM calendar_feeds") == [(0,)]
    assert evenings.points(heron) == before
