"""People: profiles, addresses, guardians, proofs of identity, copies, closings, consents."""

from datetime import date

from guerdon.kernel.identity.people import encryption
from guerdon.kernel.identity.people.service import (
    addresses,
    consents,
    erasures,
    exports,
    guardians,
    profiles,
    verifications,
)
from security.expectations import Content
from support.family import picture
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.identity.people.api.profiles
GET    /api/v1/identity/profile                                                    401 200 200 200 200 200 200
PUT    /api/v1/identity/profile                                                    401 200 200 200 200 200 200
PUT    /api/v1/identity/profile/avatar                                             401 200 200 200 200 200 200
DELETE /api/v1/identity/profile/avatar                                             401 204 204 204 204 204 204
GET    /api/v1/identity/members/{user_id=owner}/profile                            401 200 200 200 200 200 200
PUT    /api/v1/identity/members/{user_id=owner}/birth-date                         401 403 403 403 200 200 200
GET    /api/v1/identity/addresses                                                  401 200 200 200 200 200 200
POST   /api/v1/identity/addresses                                                  401 201 201 201 201 201 201
PUT    /api/v1/identity/addresses/{address_id=address}                             401 404 200 404 404 404 404
DELETE /api/v1/identity/addresses/{address_id=address}                             401 404 204 404 404 404 404

# kernel.identity.people.api.guardians
GET    /api/v1/identity/guardianships                                              401 200 200 200 200 200 200
POST   /api/v1/identity/guardianships                                              401 409 409 409 409 409 409
GET    /api/v1/identity/guardianships/{guardianship_id=consented}/ward             401 404 200 404 404 404 404
POST   /api/v1/identity/guardianships/{guardianship_id=asked}/consent              401 404 200 404 404 404 404
POST   /api/v1/identity/guardianships/{guardianship_id=asked}/refuse               401 404 200 404 404 404 404
POST   /api/v1/identity/guardianships/{guardianship_id=consented}/revoke           401 404 200 404 404 404 404
POST   /api/v1/identity/guardianships/{guardianship_id=asked}/withdraw             401 404 404 404 404 404 404
GET    /api/v1/identity/guardian-review                                            401 403 403 403 200 200 200
POST   /api/v1/identity/guardian-review/{guardianship_id=consented}/end            401 403 403 403 204 204 204

# kernel.identity.people.api.privacy
GET    /api/v1/identity/consents                                                   401 200 200 200 200 200 200
POST   /api/v1/identity/consents                                                   401 204 204 204 204 204 204
GET    /api/v1/identity/exports                                                    401 200 200 200 200 200 200
POST   /api/v1/identity/exports                                                    401 202 409 202 202 202 202
POST   /api/v1/identity/exports/{export_id=export}/fetch                           401 404 200 404 404 404 404
GET    /api/v1/identity/erasure                                                    401 200 200 200 200 200 200
POST   /api/v1/identity/erasure                                                    401 201 409 201 201 201 409
DELETE /api/v1/identity/erasure                                                    401 409 200 409 409 409 409
GET    /api/v1/identity/erasures                                                   401 403 403 403 403 200 200

# kernel.identity.people.api.verifications
GET    /api/v1/identity/verifications                                              401 200 200 200 200 200 200
POST   /api/v1/identity/verifications                                              401 201 409 201 201 201 201
DELETE /api/v1/identity/verifications/{verification_id=verification}               401 404 204 404 404 404 404
GET    /api/v1/identity/verification-queue                                         401 403 403 403 403 200 200
GET    /api/v1/identity/verification-queue/{verification_id=verification}          401 403 403 403 403 200 200
GET    /api/v1/identity/verification-queue/{verification_id=verification}/document 401 403 403 403 403 200 200
POST   /api/v1/identity/verification-queue/{verification_id=verification}/approve  401 403 403 403 403 200 200
POST   /api/v1/identity/verification-queue/{verification_id=verification}/reject   401 403 403 403 403 200 200

# kernel.identity.people.pages.profile
GET    /account/profile                                                            303 200 200 200 200 200 200
POST   /account/profile                                                            401 303 303 303 303 303 303
POST   /account/profile/avatar                                                     401 303 303 303 303 303 303
POST   /account/profile/avatar/remove                                              401 303 303 303 303 303 303
GET    /avatars/{avatar_id=avatar}                                                 303 200 200 200 200 200 200

# kernel.identity.people.pages.addresses
GET    /account/addresses                                                          303 200 200 200 200 200 200
POST   /account/addresses                                                          401 303 303 303 303 303 303
GET    /account/addresses/{address_id=address}                                     303 404 200 404 404 404 404
POST   /account/addresses/{address_id=address}                                     401 404 303 404 404 404 404
POST   /account/addresses/{address_id=address}/remove                              401 404 303 404 404 404 404

# kernel.identity.people.pages.family
GET    /account/family                                                             303 200 200 200 200 200 200
GET    /account/family/{guardianship_id=consented}                                 303 404 200 404 404 404 404
POST   /account/family                                                             401 409 409 409 409 409 409
POST   /account/family/{guardianship_id=asked}/{act=consent}                       401 404 303 404 404 404 404

# kernel.identity.people.pages.papers
GET    /account/identity                                                           303 200 200 200 200 200 200
POST   /account/identity                                                           401 303 409 303 303 303 303
POST   /account/identity/{verification_id=verification}/withdraw                   401 404 303 404 404 404 404

# kernel.identity.people.pages.privacy
GET    /account/privacy                                                            303 200 200 200 200 200 200
POST   /account/privacy/consents                                                   401 303 303 303 303 303 303
POST   /account/privacy/exports                                                    401 303 303 303 303 303 303
POST   /account/privacy/exports/{export_id=export}/fetch                           401 404 200 404 404 404 404
POST   /account/privacy/erasure                                                    401 303 303 303 303 303 303
POST   /account/privacy/erasure/cancel                                             401 303 303 303 303 303 303

# kernel.identity.people.pages.reviewing
GET    /staff/guardians                                                            303 403 403 403 200 200 200
POST   /staff/guardians/{guardianship_id=consented}/end                            401 403 403 403 303 303 303
GET    /staff/birth-dates/{user_id=owner}                                          303 403 403 403 200 200 200
POST   /staff/birth-dates/{user_id=owner}                                          401 403 403 403 303 303 303
GET    /staff/identity                                                             303 403 403 403 403 200 200
GET    /staff/identity/{verification_id=verification}                              303 403 403 403 403 200 200
GET    /staff/identity/{verification_id=verification}/document                     303 403 403 403 403 200 200
POST   /staff/identity/{verification_id=verification}                              401 403 403 403 403 303 303
GET    /staff/erasures                                                             303 403 403 403 403 200 200
"""

PICTURE = ("picture.jpg", picture(), "image/jpeg")
PROOF = {"id_type": "passport", "id_country": "SEN", "id_number": "B0123456"}
SENT = {
    "PUT /api/v1/identity/profile": {
        "full_name": "Blue Heron",
        "locale": "en",
        "timezone": "UTC",
        "date_of_birth": "1990-07-31",
    },
    "PUT /api/v1/identity/profile/avatar": Content({"files": {"avatar": PICTURE}}),
    "PUT /api/v1/identity/members/{user_id}/birth-date": {"date_of_birth": "1991-07-31", "reason": "Passport seen"},
    "POST /api/v1/identity/addresses": {"city": "Dakar"},
    "PUT /api/v1/identity/addresses/{address_id}": {"city": "Thiès"},
    "POST /api/v1/identity/guardianships": {"guardian_email": "staff@example.org", "relationship_type": "parent"},
    "POST /api/v1/identity/guardianships/{guardianship_id}/revoke": {"reason": "They came of age"},
    "POST /api/v1/identity/guardian-review/{guardianship_id}/end": {"reason": "No longer true"},
    "POST /api/v1/identity/consents": {"purpose": "research", "version": "2026-01", "granted": False},
    "POST /api/v1/identity/verifications": Content({"data": PROOF, "files": {"document": PICTURE}}),
    "POST /api/v1/identity/verification-queue/{verification_id}/reject": {"reason": "Cannot be read"},
    "POST /account/profile": {
        "full_name": "Blue Heron",
        "locale": "en",
        "timezone": "UTC",
        "date_of_birth": "1990-07-31",
    },
    "POST /account/profile/avatar": Content({"files": {"avatar": PICTURE}}),
    "POST /account/addresses": {"city": "Dakar", "country": "SEN"},
    "POST /account/addresses/{address_id}": {"city": "Thiès", "country": "SEN"},
    "POST /account/family": {"guardian_email": "staff@example.org", "relationship_type": "parent"},
    "POST /account/identity": Content({"data": PROOF, "files": {"document": PICTURE}}),
    "POST /account/privacy/consents": {
        "version.community_news": "2026-01",
        "version.research": "2026-01",
        "version.partner_offers": "2026-01",
    },
    "POST /staff/guardians/{guardianship_id}/end": {"reason": "No longer true"},
    "POST /staff/birth-dates/{user_id}": {"date_of_birth": "1991-07-31", "reason": "Passport seen"},
    "POST /staff/identity/{verification_id}": {"decision": "approve"},
}


def settle(world: World) -> None:
    """One of everything; of guardianships one that waits for the owner's word and one that has it."""
    clock, do, things, owner = world.clock, world.do, world.things, world.owner
    do(profiles.set_avatar, clock, owner, picture())
    [[things["avatar"]]] = world.sql("SELECT id FROM identity.avatars")
    things["address"] = do(addresses.add, clock, owner, addresses.AddressGiven(city="Dakar")).id
    for name in ("asked", "consented"):
        child = things[f"{name}_child"] = world.person(f"{name}-child", born=date(2012, 5, 20))
        request = {"guardian_email": "owner@example.org", "relationship": "parent"}
        things[name] = do(guardians.request, clock, child, **request).id
    do(guardians.consent, clock, owner, things["consented"])
    proof = verifications.Proof("passport", "SEN", "A012345", picture())
    things["verification"] = do(verifications.submit, clock, encryption.ring(), owner, proof).id
    do(consents.answer, clock, owner, purpose="research", version="2026-01", granted=True, source="page")
    things["export"] = do(exports.request, clock, owner).id
    while do(exports.make, clock, things["export"]):
        pass
    do(erasures.request, clock, owner)
