"""Events: finding them, registering and paying, and what staff do with them."""

from guerdon.programs.events.service import paying, registering
from support.events import Hall
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# programs.events.api.browsing
GET    /api/v1/events                                                                   401 200 200 200 200 200 200
GET    /api/v1/events/types                                                             401 200 200 200 200 200 200
GET    /api/v1/events/{event_id=event}                                                  401 200 200 200 200 200 200

# programs.events.api.registering: staff reach a member's registration by the list of attendees, or say why they cancel
GET    /api/v1/events/registrations                                                     401 200 200 200 200 200 200
POST   /api/v1/events/{event_id=tomorrow}/registrations                                 401 201 201 201 201 201 201
GET    /api/v1/events/registrations/{registration_id=registration}                      401 404 200 404 404 404 404
POST   /api/v1/events/registrations/{registration_id=offered}/accept                    401 404 200 404 404 404 404
POST   /api/v1/events/registrations/{registration_id=registration}/cancel               401 404 200 404 200 200 200
POST   /api/v1/events/registrations/{registration_id=unpaid}/payments                   401 404 201 404 404 404 404

# programs.events.api.attending
GET    /api/v1/events/{event_id=event}/attendees                                        401 403 403 403 200 200 200
GET    /api/v1/events/{event_id=event}/attendees/export                                 401 403 403 403 200 200 200
POST   /api/v1/events/{event_id=event}/attendees/free-suspended                        401 403 403 403 200 200 200
POST   /api/v1/events/registrations/{registration_id=unpaid}/payments/record            401 403 403 403 201 201 201
POST   /api/v1/events/payments/{payment_id=payment}/refund                              401 403 403 403 201 201 201
POST   /api/v1/events/payments/{payment_id=refund}/handed-back                          401 403 403 403 200 200 200
GET    /api/v1/events/payments/payouts                                                  401 403 403 403 200 200 200

# programs.events.api.managing
POST   /api/v1/events                                                                   401 403 403 403 201 201 201
PUT    /api/v1/events/{event_id=event}                                                  401 403 403 403 200 200 200
POST   /api/v1/events/{event_id=draft}/publish                                          401 403 403 403 200 200 200
POST   /api/v1/events/{event_id=event}/cancel                                           401 403 403 403 200 200 200
POST   /api/v1/events/{event_id=event}/duplicate                                        401 403 403 403 201 201 201
DELETE /api/v1/events/{event_id=draft}                                                  401 403 403 403 204 204 204
POST   /api/v1/events/types                                                             401 403 403 403 403 201 201
PUT    /api/v1/events/types/{code=talk}                                                 401 403 403 403 403 200 200
DELETE /api/v1/events/types/{code=talk}                                                 401 403 403 403 403 204 204

# programs.events.pages.browsing
GET    /events                                                                          303 200 200 200 200 200 200
GET    /events/month                                                                    303 200 200 200 200 200 200
GET    /events/mine                                                                     303 200 200 200 200 200 200
GET    /events/{event_id=event}                                                         303 200 200 200 200 200 200

# programs.events.pages.registering
POST   /events/{event_id=tomorrow}/register                                             401 303 303 303 303 303 303
POST   /events/registrations/{registration_id=offered}/accept                           401 404 303 404 404 404 404
POST   /events/registrations/{registration_id=registration}/cancel                      401 404 303 404 404 404 404
POST   /events/registrations/{registration_id=unpaid}/pay                               401 404 303 404 404 404 404

# programs.events.pages.attending
GET    /staff/events/{event_id=event}/attendees                                         303 403 403 403 200 200 200
GET    /staff/events/{event_id=event}/attendees.csv                                     303 403 403 403 200 200 200
POST   /staff/events/{event_id=event}/attendees/free-suspended                         401 403 403 403 303 303 303
GET    /staff/events/registrations/{registration_id=registration}                       303 403 403 403 200 200 200
POST   /staff/events/registrations/{registration_id=registration}/cancel                401 403 403 403 303 303 303
POST   /staff/events/registrations/{registration_id=unpaid}/pay                         401 403 403 403 303 303 303
POST   /staff/events/payments/{payment_id=payment}/refund                               401 403 403 403 303 303 303
GET    /staff/events/payouts                                                            303 403 403 403 200 200 200
POST   /staff/events/payments/{payment_id=refund}/handed-back                           401 403 403 403 303 303 303

# programs.events.pages.managing
GET    /staff/events                                                                    303 403 403 403 200 200 200
GET    /staff/events/new                                                                303 403 403 403 200 200 200
POST   /staff/events/new                                                                401 403 403 403 303 303 303
GET    /staff/events/{event_id=event}                                                   303 403 403 403 200 200 200
GET    /staff/events/{event_id=event}/edit                                              303 403 403 403 200 200 200
POST   /staff/events/{event_id=event}/edit                                              401 403 403 403 303 303 303
POST   /staff/events/{event_id=draft}/publish                                           401 403 403 403 303 303 303
POST   /staff/events/{event_id=event}/cancel                                            401 403 403 403 303 303 303
POST   /staff/events/{event_id=event}/duplicate                                         401 403 403 403 303 303 303
POST   /staff/events/{event_id=draft}/discard                                           401 403 403 403 303 303 303

# programs.events.pages.types
GET    /staff/events/types                                                              303 403 403 403 403 200 200
POST   /staff/events/types                                                              401 403 403 403 403 303 303
POST   /staff/events/types/{code=talk}                                                  401 403 403 403 403 303 303
POST   /staff/events/types/{code=talk}/remove                                           401 403 403 403 403 303 303
"""

EVENT = {
    "title": "Film night",
    "event_type": "social",
    "location": "The hall",
    "start_time": "2026-03-09T18:00",
    "end_time": "2026-03-09T20:00",
    "time_zone": "UTC",
}
FORM = {**EVENT, "price": "2.50", "currency": "USD", "offer_hours": "24"}
REASON = {"reason": "The hall is flooded."}
CASH = {"channel": "cash"}
SENT = {
    "POST /api/v1/events/registrations/{registration_id}/cancel": REASON,
    "POST /api/v1/events/registrations/{registration_id}/payments": CASH,
    "POST /api/v1/events/registrations/{registration_id}/payments/record": CASH,
    "POST /api/v1/events/payments/{payment_id}/refund": REASON,
    "POST /api/v1/events": EVENT,
    "PUT /api/v1/events/{event_id}": EVENT,
    "POST /api/v1/events/{event_id}/cancel": REASON,
    "POST /api/v1/events/types": {"code": "film", "name": "Film night", "default_points": 5},
    "PUT /api/v1/events/types/{code}": {"name": "Talk and tea", "default_points": 5, "position": 6},
    "POST /events/registrations/{registration_id}/pay": CASH,
    "POST /staff/events/registrations/{registration_id}/cancel": REASON,
    "POST /staff/events/registrations/{registration_id}/pay": CASH,
    "POST /staff/events/payments/{payment_id}/refund": REASON,
    "POST /staff/events/new": FORM,
    "POST /staff/events/{event_id}/edit": FORM,
    "POST /staff/events/{event_id}/cancel": REASON,
    "POST /staff/events/types": {"code": "film", "name": "Film night", "default_points": "5"},
    "POST /staff/events/types/{code}": {"name": "Talk and tea", "default_points": "5", "position": "6"},
}


def settle(world: World) -> None:
    """A draft, and events to which the owner comes: paid, not yet paid, given back, and with a place offered."""
    clock, do, things, owner, staff = world.clock, world.do, world.things, world.owner, world.people["staff"]
    hall = Hall(world.database, world.owner_dsn, clock)
    things["draft"] = hall.draft(staff).id
    things["tomorrow"] = hall.event(staff, start_time=hall.soon(1))
    things["event"] = hall.event(staff, start_time=hall.soon(1 / 24), price="2.50", walk_ins_allowed=True)
    things["registration"] = hall.register(owner, things["event"]).id
    things["payment"] = do(paying.record, clock, staff, things["registration"], channel="cash").id
    things["unpaid"] = hall.register(owner, hall.event(staff, price="2.50")).id
    charge = do(paying.record, clock, staff, hall.register(owner, hall.event(staff, price="2.50")).id, channel="cash")
    things["refund"] = do(paying.refund, clock, staff, charge.id, reason="Came for the wrong evening").id
    full = hall.event(staff, max_participants=1)
    first = hall.register(world.people["other"], full)
    things["offered"] = hall.register(owner, full).id
    do(registering.cancel, clock, first.id, user_id=world.people["other"])
