"""Activities that come from outside."""

from guerdon.kernel.engagement.activities.schemas import Fact
from guerdon.kernel.engagement.activities.service.recording import record
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.activities.api.routes
POST   /api/v1/activities       401 403 403 403 422 422 422
POST   /api/v1/activities/batch 401 403 403 403 415 415 415
GET    /api/v1/activities/kinds 401 403 403 403 200 200 200

# kernel.engagement.activities.api.reading
GET    /api/v1/activities/me                                                             401 200 200 200 200 200 200
GET    /api/v1/activities/{activity_id=activity}                                         401 404 200 404 404 404 404
GET    /api/v1/activities/members/{user_id=owner}                                        401 403 403 403 200 200 200
GET    /api/v1/activities/members/{user_id=owner}/{activity_id=activity}                 401 403 403 403 200 200 200
POST   /api/v1/activities/members/{user_id=owner}/{activity_id=activity}/withdraw        401 403 403 403 200 200 200

# kernel.engagement.activities.pages
GET    /activities                                                                       303 200 200 200 200 200 200
GET    /staff/activities/{user_id=owner}                                                 303 403 403 403 200 200 200
POST   /staff/activities/{user_id=owner}/{activity_id=activity}/withdraw                 401 403 403 403 422 422 422
"""

SENT = {
    "POST /api/v1/activities": {
        "specversion": "1.0",
        "id": "one",
        "source": "tests",
        "type": "credits.visit",
        "subject": "{owner}",
    },
    "POST /api/v1/activities/members/{user_id}/{activity_id}/withdraw": {"reason": "The scanner was tried out."},
}


def settle(world: World) -> None:
    """A visit of the owner's, on record."""
    world.sql(
        "INSERT INTO engagement.activity_kinds (name, program, title, properties, outside, by_member)"
        " VALUES ('credits.visit', 'credits', 'Visit', '{}', false, false)"
    )
    fact = Fact(world.owner, "credits", "credits.visit", world.clock.now(), {}, "a visit")
    [outcome] = world.do(record, world.clock, [fact])
    world.things["activity"] = outcome.activity_id
