"""Badges: who has them, who gives and takes them, and credentials that everybody may check."""

from guerdon.kernel.engagement.badges.seeds import BadgeLevel, Criteria
from guerdon.kernel.engagement.badges.service import credentials, defining, staffing
from guerdon.kernel.engagement.badges.service.definitions import get
from guerdon.kernel.identity.people import encryption
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.badges.api.members
GET    /api/v1/engagement/badges                                                     401 200 200 200 200 200 200
GET    /api/v1/engagement/badges/{badge_id=badge}                                    401 200 200 200 200 200 200

# kernel.engagement.badges.api.credentials: whoever has a level may have it signed, and take that back
POST   /api/v1/engagement/badges/{badge_id=badge}/levels/{level=1}/credential        401 404 200 404 404 404 404
GET    /api/v1/engagement/credentials                                                401 200 200 200 200 200 200
DELETE /api/v1/engagement/credentials/{public_id=credential}                         401 404 204 404 404 404 404
POST   /api/v1/engagement/credentials/{public_id=credential}/revoke                  401 403 403 403 204 204 204
POST   /api/v1/engagement/credential-keys                                            401 403 403 403 403 201 201

# kernel.engagement.badges.api.staff
GET    /api/v1/engagement/badge-definitions                                          401 403 403 403 200 200 200
POST   /api/v1/engagement/badge-definitions                                          401 403 403 403 403 201 201
GET    /api/v1/engagement/badge-definitions/{badge_id=badge}                         401 403 403 403 200 200 200
PUT    /api/v1/engagement/badge-definitions/{badge_id=badge}                         401 403 403 403 403 200 200
POST   /api/v1/engagement/badge-definitions/{badge_id=badge}/activate                401 403 403 403 403 200 200
POST   /api/v1/engagement/badge-definitions/{badge_id=badge}/deactivate              401 403 403 403 403 200 200
GET    /api/v1/engagement/badge-definitions/{badge_id=badge}/holders                 401 403 403 403 200 200 200
POST   /api/v1/engagement/badge-definitions/{badge_id=badge}/awards                  401 403 403 403 201 201 201
POST   /api/v1/engagement/badge-definitions/{badge_id=badge}/holders/{user_id=owner}/levels/{level=1}/revoke \
                                                                                     401 403 403 403 200 200 200

# kernel.engagement.badges.pages.member
GET    /badges                                                                       303 200 200 200 200 200 200
GET    /badges/{badge_id=badge}                                                      303 200 200 200 200 200 200
POST   /badges/{badge_id=badge}/{level=1}/credential                                 401 404 303 404 404 404 404
POST   /badges/credentials/{public_id=credential}/withdraw                           401 404 303 404 404 404 404

# kernel.engagement.badges.pages.public: for verifiers, who know the address
GET    /credentials/issuer                                                           200 200 200 200 200 200 200
GET    /credentials/keys                                                             200 200 200 200 200 200 200
GET    /credentials/keys/{key_id=credential_key}                                     200 200 200 200 200 200 200
GET    /credentials/revocations                                                      200 200 200 200 200 200 200
GET    /credentials/achievements/{badge_id=badge}/{level=1}                          200 200 200 200 200 200 200
GET    /credentials/achievements/{badge_id=badge}/{level=1}/image.svg                200 200 200 200 200 200 200
GET    /credentials/{public_id=credential}                                           200 200 200 200 200 200 200
GET    /credentials/{public_id=credential}/credential.jwt                            200 200 200 200 200 200 200
GET    /credentials/{public_id=credential}/badge.svg                                 200 200 200 200 200 200 200
GET    /credentials/{public_id=credential}/badge.png                                 200 200 200 200 200 200 200

# kernel.engagement.badges.pages.staff
GET    /staff/badges                                                                 303 403 403 403 200 200 200
GET    /staff/badges/new                                                             303 403 403 403 403 200 200
POST   /staff/badges/new                                                             401 403 403 403 403 303 303
GET    /staff/badges/keys                                                            303 403 403 403 403 200 200
POST   /staff/badges/keys/rotate                                                     401 403 403 403 403 303 303
GET    /staff/badges/{badge_id=badge}                                                303 403 403 403 200 200 200
GET    /staff/badges/{badge_id=badge}/change                                         303 403 403 403 403 200 200
POST   /staff/badges/{badge_id=badge}/change                                         401 403 403 403 403 303 303
POST   /staff/badges/{badge_id=badge}/activate                                       401 403 403 403 403 303 303
POST   /staff/badges/{badge_id=badge}/deactivate                                     401 403 403 403 403 303 303
POST   /staff/badges/{badge_id=badge}/award                                          401 403 403 403 303 303 303
POST   /staff/badges/{badge_id=badge}/holders/{user_id=owner}/{level=1}/revoke       401 403 403 403 303 303 303
"""

BADGE = {"name": "Kind soul", "criteria": {"kind": "hand"}, "levels": [{"threshold": 1}]}
FORM = {"name": "Kind soul", "kind": "hand", "levels.1.threshold": "1", "icon": "star", "colour": "#b7791f"}
FORM |= {"category": "general", "type": "standard"}
REASON = {"reason": "Ran the kitchen all summer."}
SENT = {
    "POST /api/v1/engagement/badges/{badge_id}/levels/{level}/credential": {"show_name": True},
    "POST /api/v1/engagement/credentials/{public_id}/revoke": REASON,
    "POST /api/v1/engagement/badge-definitions": {**BADGE, "program": "community", "code": "kind_soul"},
    "PUT /api/v1/engagement/badge-definitions/{badge_id}": {**BADGE, **REASON},
    "POST /api/v1/engagement/badge-definitions/{badge_id}/awards": {"user_id": "{other}", **REASON},
    "POST /api/v1/engagement/badge-definitions/{badge_id}/holders/{user_id}/levels/{level}/revoke": REASON,
    "POST /badges/{badge_id}/{level}/credential": {"show_name": "yes"},
    "POST /staff/badges/new": {**FORM, "program": "community", "code": "kind_soul"},
    "POST /staff/badges/{badge_id}/change": {**FORM, **REASON},
    "POST /staff/badges/{badge_id}/award": {"user_id": "{other}", "level": "1", **REASON},
    "POST /staff/badges/{badge_id}/holders/{user_id}/{level}/revoke": REASON,
}


def settle(world: World) -> None:
    """A badge that was given by hand, and its credential."""
    do, things, owner, staff, admin = world.do, world.things, world.owner, world.people["staff"], world.people["admin"]
    draft = defining.Draft("Good soul", "Is there when needed.", Criteria.by_hand(), (BadgeLevel(1), BadgeLevel(2)))
    things["badge"] = do(defining.create, "community", "good_soul", draft, actor_id=admin)
    do(defining.set_active, things["badge"], active=True, actor_id=admin)
    badge = do(get, things["badge"])
    do(staffing.award_by_hand, world.clock.now(), owner, badge, 1, actor_id=staff, **REASON)
    issuer = credentials.Issuer("http://127.0.0.1:8000", "Guerdon")
    made = do(credentials.issue, world.clock, encryption.ring(), issuer, owner, badge=badge, level=1)
    things["credential"], things["credential_key"] = made.public_id, made.key_id
