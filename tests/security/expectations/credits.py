"""Credits: contributions and their review, photos, standing, exchange."""

from guerdon.programs.credits.service import photos, reviewing, submitting
from security.expectations import Content
from support.credits import item, money
from support.family import picture
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# programs.credits.api.contributing
POST   /api/v1/credits/contributions                                                   401 201 201 201 201 201 201
GET    /api/v1/credits/contributions                                                   401 200 200 200 200 200 200
GET    /api/v1/credits/contributions/{contribution_id=pending}                         401 404 200 404 200 200 200
PUT    /api/v1/credits/contributions/{contribution_id=pending}                         401 404 200 404 404 404 404
POST   /api/v1/credits/contributions/{contribution_id=pending}/withdraw                401 404 200 404 404 404 404
POST   /api/v1/credits/contributions/{contribution_id=withdrawn}/resubmit              401 404 200 404 404 404 404

# programs.credits.api.photos
POST   /api/v1/credits/contributions/{contribution_id=pending}/photos                  401 404 201 404 404 404 404
DELETE /api/v1/credits/contributions/{contribution_id=pending}/photos/{photo_id=photo} 401 404 204 404 404 404 404
GET    /api/v1/credits/photos/{photo_id=photo}                                         401 404 200 404 200 200 200

# programs.credits.api.standing
GET    /api/v1/credits/summary                                                         401 200 200 200 200 200 200
GET    /api/v1/credits/members/{user_id=owner}/summary                                 401 403 403 403 200 200 200
GET    /api/v1/credits/statement                                                       401 200 200 200 200 200 200
GET    /api/v1/credits/leaderboard                                                     401 200 200 200 200 200 200

# programs.credits.api.reviewing
GET    /api/v1/credits/review/queue                                                    401 403 403 403 200 200 200
GET    /api/v1/credits/review/recent                                                   401 403 403 403 200 200 200
POST   /api/v1/credits/review/bulk                                                     401 403 403 403 200 200 200
POST   /api/v1/credits/review/{contribution_id=pending}/approve                        401 403 403 403 200 200 200
POST   /api/v1/credits/review/{contribution_id=pending}/reject                         401 403 403 403 200 200 200
POST   /api/v1/credits/review/{contribution_id=approved}/reopen                        401 403 403 403 200 200 200
POST   /api/v1/credits/review/{contribution_id=approved}/credits                       401 403 403 403 200 200 200
POST   /api/v1/credits/review/{contribution_id=pending}/recalculate                    401 403 403 403 200 200 200

# programs.credits.api.exchanging
GET    /api/v1/credits/export                                                          401 403 403 403 200 200 200
GET    /api/v1/credits/import/template                                                 401 403 403 403 200 200 200
POST   /api/v1/credits/import                                                          401 403 403 403 422 422 422

# programs.credits.api.configuring
GET    /api/v1/credits/rates                                                           401 403 403 403 403 200 200
POST   /api/v1/credits/rates                                                           401 403 403 403 403 201 201
POST   /api/v1/credits/archive                                                         401 403 403 403 403 200 200

# programs.credits.pages.member
GET    /credits                                                                        303 200 200 200 200 200 200
GET    /credits/contributions                                                          303 200 200 200 200 200 200
GET    /credits/statement                                                              303 200 200 200 200 200 200
GET    /credits/statement.csv                                                          303 200 200 200 200 200 200
GET    /credits/leaderboard                                                            303 200 200 200 200 200 200
GET    /credits/photos/{photo_id=photo}                                                303 404 200 404 200 200 200

# programs.credits.pages.submitting
GET    /credits/new                                                                    303 200 200 200 200 200 200
GET    /credits/new/{form=item}                                                        303 200 200 200 200 200 200
POST   /credits/new/{form=item}                                                        401 303 303 303 303 303 303
GET    /credits/contributions/{contribution_id=pending}                                303 404 200 404 404 404 404
GET    /credits/contributions/{contribution_id=pending}/edit                           303 404 200 404 404 404 404
POST   /credits/contributions/{contribution_id=pending}/edit                           401 404 303 404 404 404 404
POST   /credits/contributions/{contribution_id=pending}/withdraw                       401 404 303 404 404 404 404
POST   /credits/contributions/{contribution_id=withdrawn}/resubmit                     401 404 303 404 404 404 404
POST   /credits/contributions/{contribution_id=pending}/photos                         401 404 303 404 404 404 404
POST   /credits/contributions/{contribution_id=pending}/photos/{photo_id=photo}/remove 401 404 303 404 404 404 404

# programs.credits.pages.managing
GET    /staff/credits/members/{user_id=owner}                                          303 403 403 403 200 200 200
GET    /staff/credits/exchange                                                         303 403 403 403 200 200 200
GET    /staff/credits/template.csv                                                     303 403 403 403 200 200 200
GET    /staff/credits/export.csv                                                       303 403 403 403 200 200 200
POST   /staff/credits/exchange                                                         401 403 403 403 422 422 422
GET    /staff/credits/rates                                                            303 403 403 403 403 200 200
POST   /staff/credits/rates                                                            401 403 403 403 403 303 303
GET    /staff/credits/archive                                                          303 403 403 403 403 200 200
POST   /staff/credits/archive                                                          401 403 403 403 403 303 303

# programs.credits.pages.reviewing
GET    /staff/credits                                                                  303 403 403 403 200 200 200
GET    /staff/credits/recent                                                           303 403 403 403 200 200 200
POST   /staff/credits/decisions                                                        401 403 403 403 303 303 303
GET    /staff/credits/{contribution_id=pending}                                        303 403 403 403 200 200 200
POST   /staff/credits/{contribution_id=pending}/{decision=approve}                     401 403 403 403 303 303 303
"""

PICTURE = ("picture.jpg", picture(), "image/jpeg")
SENT = {
    "POST /api/v1/credits/contributions": {
        "type": "item_donation",
        "description": "Four-person tent",
        "estimated_value": "50.00",
        "condition": "like_new",
    },
    "PUT /api/v1/credits/contributions/{contribution_id}": {
        "type": "item_donation",
        "description": "Four-person tent",
        "estimated_value": "50.00",
        "condition": "like_new",
    },
    "POST /api/v1/credits/contributions/{contribution_id}/photos": Content({"files": {"photos": PICTURE}}),
    "POST /api/v1/credits/review/bulk": {"action": "approve", "ids": ["{pending}"]},
    "POST /api/v1/credits/review/{contribution_id}/approve": {},
    "POST /api/v1/credits/review/{contribution_id}/reject": {"reason": "No room for it"},
    "POST /api/v1/credits/review/{contribution_id}/reopen": {"reason": "A mistake"},
    "POST /api/v1/credits/review/{contribution_id}/credits": {"credits": "7.50", "reason": "Worth more"},
    "POST /api/v1/credits/rates": {"currency": "XOF", "rate": "0.0016"},
    "POST /api/v1/credits/archive": {},
    "POST /credits/new/{form}": {
        "description": "Four-person tent",
        "estimated_value": "50.00",
        "condition": "like_new",
    },
    "POST /credits/contributions/{contribution_id}/edit": {
        "description": "Five-person tent",
        "estimated_value": "60.00",
        "condition": "good",
    },
    "POST /credits/contributions/{contribution_id}/photos": Content({"files": {"photos": PICTURE}}),
    "POST /staff/credits/rates": {"currency": "XOF", "rate": "0.0016"},
    "POST /staff/credits/{contribution_id}/{decision}": {"reason": "Fine"},
}


def settle(world: World) -> None:
    """A contribution in each state: pending with a photo, approved, rejected, withdrawn, archived."""
    clock, do, things, owner, staff = world.clock, world.do, world.things, world.owner, world.people["staff"]
    for name in ("pending", "approved", "rejected", "withdrawn"):
        things[name] = do(submitting.submit, clock, owner, item(description=f"Tent, {name}")).id
    things["paid"] = do(submitting.submit, clock, owner, money("TXN1")).id
    things["photo"] = do(photos.add, owner, things["pending"], [picture()])[0].id
    do(reviewing.approve, clock, staff, things["approved"])
    do(reviewing.reject, clock, staff, things["rejected"], reason="Not what we need")
    do(submitting.withdraw, clock, owner, things["withdrawn"])
    world.sql(
        "INSERT INTO credits.contributions_archive (user_id, type, value_json, status)"
        " SELECT user_id, type, value_json, 'rejected' FROM credits.contributions WHERE id = %s",
        things["rejected"],
    )
