"""Streaks: where one stands, time off, and what staff do for somebody's streak."""

from datetime import date

from guerdon.kernel.engagement.streaks.service import pauses
from guerdon.kernel.engagement.streaks.service.definitions import by_code
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.streaks.api
GET    /api/v1/engagement/streaks                                              401 200 200 200 200 200 200
GET    /api/v1/engagement/streaks/{streak_id=streak}/calendar                  401 200 200 200 200 200 200
POST   /api/v1/engagement/streaks/{streak_id=streak}/pauses                    401 201 201 201 201 201 201
DELETE /api/v1/engagement/streaks/{streak_id=streak}/pauses/{pause_id=pause}   401 404 204 404 404 404 404
GET    /api/v1/engagement/streak-definitions                                   401 403 403 403 200 200 200
PUT    /api/v1/engagement/streak-definitions/{streak_id=streak}                401 403 403 403 403 200 200
GET    /api/v1/engagement/members/{user_id=owner}/streaks                      401 403 403 403 200 200 200
POST   /api/v1/engagement/members/{user_id=owner}/streaks/{streak_id=streak}/restore \
                                                                               401 403 403 403 201 201 201
POST   /api/v1/engagement/members/{user_id=owner}/streaks/{streak_id=streak}/pauses \
                                                                               401 403 403 403 201 201 201

# kernel.engagement.streaks.pages
GET    /streaks                                                                303 200 200 200 200 200 200
POST   /streaks/{streak_id=streak}/pause                                       401 303 303 303 303 303 303
POST   /streaks/{streak_id=streak}/pauses/{pause_id=pause}/end                 401 404 303 404 404 404 404
GET    /staff/streaks                                                          303 403 403 403 200 200 200
GET    /staff/streaks/{streak_id=streak}                                       303 403 403 403 403 200 200
POST   /staff/streaks/{streak_id=streak}                                       401 403 403 403 403 303 303
GET    /staff/streaks/members/{user_id=owner}                                  303 403 403 403 200 200 200
POST   /staff/streaks/members/{user_id=owner}/{streak_id=streak}/restore       401 403 403 403 303 303 303
POST   /staff/streaks/members/{user_id=owner}/{streak_id=streak}/pause         401 403 403 403 303 303 303
POST   /staff/streaks/members/{user_id=owner}/{streak_id=streak}/pauses/{pause_id=pause}/end \
                                                                               401 403 403 403 303 303 303
"""

WEEK_OFF = {"first": "2026-03-09", "last": "2026-03-15"}
REASON = {"reason": "The bus did not come."}
SENT = {
    "POST /api/v1/engagement/streaks/{streak_id}/pauses": WEEK_OFF,
    "PUT /api/v1/engagement/streak-definitions/{streak_id}": {
        "freeze_every": 4,
        "freeze_max": 2,
        "pause_periods_max": 10,
        "milestones": [4, 12],
        **REASON,
    },
    "POST /api/v1/engagement/members/{user_id}/streaks/{streak_id}/restore": REASON,
    "POST /api/v1/engagement/members/{user_id}/streaks/{streak_id}/pauses": {**WEEK_OFF, **REASON},
    "POST /streaks/{streak_id}/pause": WEEK_OFF,
    "POST /staff/streaks/{streak_id}": {
        "freeze_every": "4",
        "freeze_max": "2",
        "pause_periods_max": "10",
        "milestones": "4, 12",
        "active": "yes",
        **REASON,
    },
    "POST /staff/streaks/members/{user_id}/{streak_id}/restore": REASON,
    "POST /staff/streaks/members/{user_id}/{streak_id}/pause": {**WEEK_OFF, **REASON},
}


def settle(world: World) -> None:
    """A pause in spring, of the streak that broke because of the evening that the owner missed."""
    streak = world.do(by_code, "events", "weekly")
    week = {"first": date(2026, 4, 6), "last": date(2026, 4, 12)}
    owner = world.owner
    world.things["streak"] = streak.id
    world.things["pause"] = world.do(pauses.pause, world.clock.now(), streak, owner, actor_id=owner, **week).id
