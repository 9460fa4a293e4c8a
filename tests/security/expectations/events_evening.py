"""The evening of an event: tickets, the door, results, whom one met, whom one brought, calendars, dashboards."""

from datetime import datetime, timedelta
from uuid import UUID

from guerdon.core.clock import FixedClock
from guerdon.programs.events.service import connections, feeds, invitations, results, specials
from guerdon.programs.events.service.results import Placing
from security.expectations import Content
from support.evenings import Evenings
from support.events import Hall
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# programs.events.api.doors
POST   /api/v1/events/door/{event_id=event}/scans                                       401 403 403 403 201 201 201
POST   /api/v1/events/door/{event_id=event}/by-name                                     401 403 403 403 201 201 201
POST   /api/v1/events/door/{event_id=event}/walk-ins                                    401 403 403 403 201 201 201
GET    /api/v1/events/door/{event_id=event}                                             401 403 403 403 200 200 200
POST   /api/v1/events/door/check-ins/{attendance_id=attendance}/check-out               401 403 403 403 200 200 200
POST   /api/v1/events/door/check-ins/{attendance_id=attendance}/undo                    401 403 403 403 200 200 200

# programs.events.api.evening
GET    /api/v1/events/results/{event_id=evening}                                        401 403 403 403 200 200 200
POST   /api/v1/events/results/{event_id=evening}                                        401 403 403 403 200 200 200
POST   /api/v1/events/results/{event_id=evening}/{result_id=result}/withdraw            401 403 403 403 200 200 200
POST   /api/v1/events/awards                                                            401 403 403 403 201 201 201
POST   /api/v1/events/awards/{award_id=award}/withdraw                                  401 403 403 403 200 200 200
GET    /api/v1/events/figures                                                           401 403 403 403 200 200 200

# programs.events.api.meeting: nobody but their holder sees a ticket; who was not there learns nothing of who was
GET    /api/v1/events/tickets/{registration_id=registration}                            401 404 200 404 404 404 404
GET    /api/v1/events/history                                                           401 200 200 200 200 200 200
GET    /api/v1/events/people/{event_id=evening}                                         401 409 200 409 409 409 409
POST   /api/v1/events/people/{event_id=evening}/connections                             401 409 201 409 409 409 409
GET    /api/v1/events/connections                                                       401 200 200 200 200 200 200
POST   /api/v1/events/connections/{connection_id=connection}/agree                      401 404 200 404 404 404 404
POST   /api/v1/events/connections/{connection_id=connection}/decline                    401 404 204 404 404 404 404
PUT    /api/v1/events/blocks/{user_id=guest}                                            401 204 204 204 204 204 204
DELETE /api/v1/events/blocks/{user_id=guest}                                            401 204 204 204 204 204 204
POST   /api/v1/events/invitation                                                        401 200 200 200 200 200 200
POST   /api/v1/events/invitation/accept                                                 401 200 422 200 200 200 200
POST   /api/v1/events/calendar                                                          401 201 201 201 201 201 201
DELETE /api/v1/events/calendar                                                          401 204 204 204 204 204 204

# programs.events.pages.tickets
GET    /events/tickets/{registration_id=registration}                                   303 404 200 404 404 404 404
GET    /events/tickets/{registration_id=registration}/ticket.pdf                        303 404 200 404 404 404 404

# programs.events.pages.profile
GET    /events/profile                                                                  303 200 200 200 200 200 200
GET    /events/history                                                                  303 200 200 200 200 200 200

# programs.events.pages.people
GET    /events/connections                                                              303 200 200 200 200 200 200
GET    /events/{event_id=evening}/people                                                303 409 200 409 409 409 409
POST   /events/{event_id=evening}/people                                                401 409 303 409 409 409 409
POST   /events/connections/{connection_id=connection}/{answer=agree}                    401 404 303 404 404 404 404
POST   /events/blocks/{user_id=guest}/{act=set}                                         401 303 303 303 303 303 303

# programs.events.pages.invitations
GET    /events/invite                                                                   303 200 200 200 200 200 200
GET    /events/invited/{code=invitation}                                                303 200 200 200 200 200 200
POST   /events/invited/{code=invitation}                                                401 303 422 303 303 303 303

# programs.events.pages.calendars: a calendar is read by programs, which know its address and no more
GET    /events/calendar                                                                 303 200 200 200 200 200 200
POST   /events/calendar                                                                 401 200 200 200 200 200 200
POST   /events/calendar/revoke                                                          401 303 303 303 303 303 303
GET    /events/calendar/{token=feed}.ics                                                200 200 200 200 200 200 200
GET    /events/{event_id=event}.ics                                                     303 200 200 200 200 200 200

# programs.events.pages.doors
GET    /staff/events/{event_id=event}/door                                              303 403 403 403 200 200 200
POST   /staff/events/{event_id=event}/door/scan                                         401 403 403 403 200 200 200
POST   /staff/events/{event_id=event}/door/by-name                                      401 403 403 403 200 200 200
POST   /staff/events/{event_id=event}/door/walk-in                                      401 403 403 403 200 200 200
POST   /staff/events/{event_id=evening}/door/{attendance_id=attendance}/out             401 403 403 403 303 303 303
POST   /staff/events/{event_id=evening}/door/{attendance_id=attendance}/undo            401 403 403 403 303 303 303

# programs.events.pages.results
GET    /staff/events/{event_id=evening}/results                                         303 403 403 403 200 200 200
POST   /staff/events/{event_id=evening}/results                                         401 403 403 403 303 303 303
POST   /staff/events/{event_id=evening}/results/{result_id=result}/withdraw             401 403 403 403 303 303 303
POST   /staff/events/{event_id=evening}/results/awards                                  401 403 403 403 303 303 303
POST   /staff/events/{event_id=evening}/results/awards/{award_id=award}/withdraw        401 403 403 403 303 303 303

# programs.events.pages.figures
GET    /staff/events/figures                                                            303 403 403 403 200 200 200
GET    /staff/events/figures/{name=retention}.csv                                       303 403 403 403 200 200 200
"""

REASON = {"reason": "They are known at the door."}
GUEST = {"user_id": "{guest}"}
AWARD = {"title": "Put the chairs away", **REASON}
SENT = {
    "POST /api/v1/events/door/{event_id}/scans": {"code": "{ticket}"},
    "POST /api/v1/events/door/{event_id}/by-name": {"user_id": "{owner}", **REASON},
    "POST /api/v1/events/door/{event_id}/walk-ins": {"user_id": "{other}", "paid_by": "cash"},
    "POST /api/v1/events/door/check-ins/{attendance_id}/undo": REASON,
    "POST /api/v1/events/results/{event_id}": {"results": [{"user_id": "{owner}", "placed": 2}]},
    "POST /api/v1/events/results/{event_id}/{result_id}/withdraw": REASON,
    "POST /api/v1/events/awards": {"user_id": "{owner}", "points": 15, **AWARD},
    "POST /api/v1/events/awards/{award_id}/withdraw": REASON,
    "GET /api/v1/events/figures": Content({"params": {"since": "2026-01-01", "until": "2026-03-02"}}),
    "POST /api/v1/events/people/{event_id}/connections": GUEST,
    "POST /api/v1/events/invitation/accept": {"code": "{invitation}"},
    "POST /events/{event_id}/people": GUEST,
    "POST /staff/events/{event_id}/door/scan": {"code": "{ticket}"},
    "POST /staff/events/{event_id}/door/by-name": {"user_id": "{owner}", **REASON},
    "POST /staff/events/{event_id}/door/walk-in": {"member": "other@example.org", "paid_by": "cash"},
    "POST /staff/events/{event_id}/door/{attendance_id}/undo": REASON,
    "POST /staff/events/{event_id}/results": {"placed-{owner}": "2"},
    "POST /staff/events/{event_id}/results/{result_id}/withdraw": REASON,
    "POST /staff/events/{event_id}/results/awards": {
        "award_id": "01900000-0000-7000-8000-000000000000",
        "user_id": "{owner}",
        "points": "15",
        **AWARD,
    },
    "POST /staff/events/{event_id}/results/awards/{award_id}/withdraw": REASON,
}


def settle(world: World) -> None:
    """Three evenings, of which the owner missed the second; at the third they won, helped, and met two people."""
    clock, do, things, owner, staff = world.clock, world.do, world.things, world.owner, world.people["staff"]
    things["friend"], things["guest"] = friend, guest = world.person("friend"), world.person("guest")
    things["invitation"] = do(invitations.link_of, clock, owner).code
    do(invitations.accept, clock, guest, things["invitation"])
    now = clock.now()
    _evening(world, now - timedelta(weeks=4), owner)
    _evening(world, now - timedelta(weeks=3))
    evening = things["evening"] = _evening(world, now - timedelta(hours=1), owner, friend, guest)
    things["attendance"] = do(connections.own_attendance, evening, owner).id
    [placed] = do(results.enter_results, clock, evening, [Placing(owner, 1)], actor_id=staff)
    things["result"] = placed.id
    things["award"] = do(specials.award, clock, owner, points=5, actor_id=staff, event_id=evening, **AWARD).id
    things["connection"] = do(connections.request, clock, evening, friend, owner).id
    do(connections.block, clock, owner, world.people["other"])
    things["feed"] = do(feeds.new_feed, clock, owner)
    hall = Hall(world.database, world.owner_dsn, clock)
    things["ticket"] = Evenings(hall).code(things["registration"], owner)


def _evening(world: World, moment: datetime, *who: UUID) -> UUID:
    """An evening of trivia half an hour after a moment, at which these come at once."""
    hall = Hall(world.database, world.owner_dsn, FixedClock(moment))
    staff = world.people["staff"]
    event_id = hall.event(staff, start_time=moment + timedelta(minutes=30))
    for each in who:
        Evenings(hall).attend(event_id, each, staff)
    return event_id
