"""Accounts and ways in: sessions, tokens, keys, links and providers."""

from datetime import timedelta

from guerdon.kernel.identity.models import User
from guerdon.kernel.identity.permissions import PermissionCatalogue
from guerdon.kernel.identity.service import api_keys, codes, elsewhere, refresh, sessions
from guerdon.kernel.identity.service.providers import Identity
from guerdon.kernel.identity.service.secret_tokens import token_hash
from security.expectations import Content
from support.world import World

HOUR = timedelta(hours=1)
TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.identity.api.tokens
POST   /api/v1/identity/tokens                                     200 200 200 200 200 200 200
POST   /api/v1/identity/tokens/refresh                             200 200 200 200 200 200 200
POST   /api/v1/identity/tokens/revoke                              204 204 204 204 204 204 204
POST   /api/v1/identity/tokens/phone/code                          202 202 202 202 202 202 202
POST   /api/v1/identity/tokens/phone                               200 200 200 200 200 200 200

# kernel.identity.api.provider_tokens
POST   /api/v1/identity/tokens/providers/{provider=facebook}/begin 200 200 200 200 200 200 200
POST   /api/v1/identity/tokens/providers/{provider=facebook}       401 401 401 401 401 401 401
POST   /api/v1/identity/tokens/provider-address/code               202 202 202 202 202 202 202
POST   /api/v1/identity/tokens/provider-address                    200 200 200 200 200 200 200

# kernel.identity.api.access
POST   /api/v1/identity/sign-ups                                   202 202 202 202 202 202 202
POST   /api/v1/identity/sign-ups/confirm                           410 410 410 410 410 410 410
POST   /api/v1/identity/password-resets                            202 202 202 202 202 202 202
POST   /api/v1/identity/password-resets/complete                   204 204 204 204 204 204 204
GET    /api/v1/identity/api-keys                                   401 200 200 200 200 200 200
POST   /api/v1/identity/api-keys                                   401 201 201 201 201 201 201
DELETE /api/v1/identity/api-keys/{key_id=api_key}                  401 404 204 404 404 404 404

# kernel.identity.api.contacts
GET    /api/v1/identity/contacts                                   401 200 200 200 200 200 200
POST   /api/v1/identity/contacts/email                             401 202 202 202 202 202 202
POST   /api/v1/identity/contacts/email/confirm                     401 410 200 410 410 410 410
POST   /api/v1/identity/contacts/phone                             401 202 202 202 202 202 202
POST   /api/v1/identity/contacts/phone/confirm                     401 422 422 422 422 422 422
DELETE /api/v1/identity/contacts/phone                             401 409 204 409 409 409 409
PUT    /api/v1/identity/password                                   401 204 204 204 204 204 204
POST   /api/v1/identity/password-resets/phone/code                 202 202 202 202 202 202 202
POST   /api/v1/identity/password-resets/phone                      422 422 422 422 422 422 422
POST   /api/v1/identity/closing                                    401 204 204 204 204 204 409

# kernel.identity.api.providers
GET    /api/v1/identity/linked-accounts                            401 200 200 200 200 200 200
POST   /api/v1/identity/linked-accounts/{provider=facebook}/begin  401 200 200 200 200 200 200
POST   /api/v1/identity/linked-accounts/{provider=facebook}        401 401 401 401 401 401 401
DELETE /api/v1/identity/linked-accounts/{provider=google}          401 404 204 404 404 404 404

# kernel.identity.api.routes
GET    /api/v1/identity/me                                         401 200 200 200 200 200 200
GET    /api/v1/identity/sessions                                   401 200 200 200 200 200 200
DELETE /api/v1/identity/sessions/{session_id=session}              401 404 204 404 404 404 404
DELETE /api/v1/identity/sessions                                   401 204 204 204 204 204 204
GET    /api/v1/identity/members                                    401 403 403 403 200 200 200
POST   /api/v1/identity/members                                    401 403 403 403 201 201 201
PUT    /api/v1/identity/members/{user_id=owner}/roles/{role}       401 403 403 403 403 200 200
DELETE /api/v1/identity/members/{user_id=owner}/roles/{role}       401 403 403 403 403 200 200
PUT    /api/v1/identity/members/{user_id=owner}/suspension         401 403 403 403 403 200 200
DELETE /api/v1/identity/members/{user_id=owner}/suspension         401 403 403 403 403 200 200

# kernel.identity.pages.signing
GET    /sign-in                                                    200 303 303 303 303 303 303
POST   /sign-in                                                    303 303 303 303 303 303 303
POST   /sign-out                                                   303 303 303 303 303 303 303

# kernel.identity.pages.sign_up
GET    /sign-up                                                    200 303 303 303 303 303 303
POST   /sign-up                                                    303 303 303 303 303 303 303
GET    /sign-up/sent                                               200 200 200 200 200 200 200
GET    /sign-up/confirm                                            410 410 410 410 410 410 410
POST   /sign-up/confirm                                            410 410 410 410 410 410 410

# kernel.identity.pages.phone
GET    /sign-in/phone                                              200 303 303 303 303 303 303
POST   /sign-in/phone                                              200 200 200 200 200 200 200
POST   /sign-in/phone/code                                         422 422 422 422 422 422 422
POST   /sign-in/phone/name                                         410 410 410 410 410 410 410

# kernel.identity.pages.recovery
GET    /password/forgotten                                         200 200 200 200 200 200 200
POST   /password/forgotten                                         303 303 303 303 303 303 303
GET    /password/sent                                              200 200 200 200 200 200 200
POST   /password/reset/phone                                       422 422 422 422 422 422 422
GET    /password/reset                                             200 200 200 200 200 200 200
POST   /password/reset                                             303 303 303 303 303 303 303

# kernel.identity.pages.providers
GET    /sign-in/with/{name=facebook}                               303 303 303 303 303 303 303
GET    /account/access/link/{name=facebook}                        303 303 303 303 303 303 303
POST   /sign-in/with/{name=facebook}/callback                      303 303 303 303 303 303 303
GET    /sign-in/with/{name=facebook}/callback                      401 401 401 401 401 401 401
POST   /sign-up/address                                            200 200 200 200 200 200 200
POST   /sign-up/address/code                                       303 303 303 303 303 303 303

# kernel.identity.pages.account
GET    /account                                                    303 200 200 200 200 200 200
POST   /account                                                    401 303 303 303 303 303 303
POST   /account/password                                           401 303 303 303 303 303 303
POST   /account/sessions/{session_id=session}/end                  401 404 303 404 404 404 404
POST   /account/sessions/end                                       401 303 303 303 303 303 303
POST   /account/apps/{family_id=app}/end                           401 404 303 404 404 404 404

# kernel.identity.pages.access
GET    /account/access                                             303 200 200 200 200 200 200
POST   /account/email                                              401 303 303 303 303 303 303
GET    /account/email/confirm                                      303 200 200 200 200 200 200
POST   /account/email/confirm                                      401 410 303 410 410 410 410
POST   /account/phone                                              401 200 422 200 200 200 200
POST   /account/phone/code                                         401 422 422 422 422 422 422
POST   /account/phone/remove                                       401 409 303 409 409 409 409
POST   /account/access/unlink/{provider=google}                    401 404 303 404 404 404 404
POST   /account/close                                              401 303 422 303 303 303 409

# kernel.identity.pages.proof
GET    /account/proof                                              303 200 200 200 200 200 200
POST   /account/proof                                              401 422 303 422 422 422 422

# kernel.identity.pages.keys
GET    /account/keys                                               303 200 200 200 200 200 200
POST   /account/keys                                               401 201 201 201 201 201 201
POST   /account/keys/{key_id=api_key}/revoke                       401 404 303 404 404 404 404

# kernel.identity.pages.members
GET    /staff/members                                              303 403 403 403 200 200 200
GET    /staff/members/new                                          303 403 403 403 200 200 200
POST   /staff/members/new                                          401 403 403 403 303 303 303
GET    /staff/members/{user_id=owner}                              303 403 403 403 200 200 200
POST   /staff/members/{user_id=owner}/roles                        401 403 403 403 403 303 303
POST   /staff/members/{user_id=owner}/suspension                   401 403 403 403 403 303 303

# kernel.identity.pages.staff_sessions
GET    /staff/sessions                                             303 403 403 403 403 200 200
POST   /staff/sessions/{admin_session_id=staff_session}/end        401 403 403 403 403 303 303
"""

RESET_LINK, ADDRESS_LINK = "in-the-mail-about-the-password", "in-the-mail-to-the-new-address"
PHONE = "+221771234567"
BACK = {"redirect_uri": "org.example.app:/back"}
NAMED = {"ticket": "{vouched}", "email": "heron@example.org"}
SENT = {
    "POST /api/v1/identity/contacts/email": {"email": "new@example.org", "present_password": "seven quiet herons"},
    "POST /api/v1/identity/contacts/email/confirm": {"token": ADDRESS_LINK},
    "POST /api/v1/identity/contacts/phone": {"phone": PHONE, "present_password": "seven quiet herons"},
    "POST /api/v1/identity/contacts/phone/confirm": {"phone": PHONE, "code": "123456"},
    "PUT /api/v1/identity/password": {"present_password": "seven quiet herons", "new_password": "nine quiet herons"},
    "POST /api/v1/identity/password-resets/phone/code": {"phone": PHONE},
    "POST /api/v1/identity/password-resets/phone": {
        "phone": PHONE,
        "code": "123456",
        "new_password": "nine quiet herons",
    },
    "POST /api/v1/identity/closing": {"understood": True, "present_password": "seven quiet herons"},
    "POST /api/v1/identity/linked-accounts/{provider}/begin": BACK,
    "POST /api/v1/identity/linked-accounts/{provider}": {"code": "a", "state": "b", "ticket": "c"},
    "DELETE /api/v1/identity/members/{user_id}/roles/{role}": Content({"params": {"reason": "Left the team"}}),
    "PUT /api/v1/identity/members/{user_id}/suspension": {"reason": "Under review"},
    "DELETE /api/v1/identity/members/{user_id}/suspension": Content({"params": {"reason": "All is well"}}),
    "POST /account/proof": {"present_password": "seven quiet herons"},
    "POST /staff/members/{user_id}/suspension": {"decision": "suspend", "why": "Under review"},
    "POST /api/v1/identity/tokens": {"email": "owner@example.org", "password": "seven quiet herons"},
    "POST /api/v1/identity/tokens/refresh": {"refresh_token": "{refresh_token}"},
    "POST /api/v1/identity/tokens/revoke": {"refresh_token": "gr_unknown"},
    "POST /api/v1/identity/tokens/phone/code": {"phone": PHONE},
    "POST /api/v1/identity/tokens/phone": {"phone": PHONE, "code": "{phone_code}", "name": "Blue Heron"},
    "POST /api/v1/identity/tokens/providers/{provider}/begin": BACK,
    "POST /api/v1/identity/tokens/providers/{provider}": {"code": "a", "state": "b", "ticket": "c"},
    "POST /api/v1/identity/tokens/provider-address/code": NAMED,
    "POST /api/v1/identity/tokens/provider-address": {**NAMED, "code": "{address_code}"},
    "POST /api/v1/identity/sign-ups": {
        "email": "somebody@example.org",
        "name": "Blue Heron",
        "password": "seven quiet herons",
    },
    "POST /api/v1/identity/sign-ups/confirm": {"token": "unknown", "password": "seven quiet herons"},
    "POST /api/v1/identity/password-resets": {"email": "owner@example.org"},
    "POST /api/v1/identity/password-resets/complete": {"token": RESET_LINK, "new_password": "nine quiet herons"},
    "POST /api/v1/identity/api-keys": {"name": "Import", "scopes": ["identity:self"], "days": 90},
    "POST /api/v1/identity/members": {"email": "somebody@example.org", "name": "Blue Heron"},
    "PUT /api/v1/identity/members/{user_id}/roles/{role}": {"reason": "Joined the team"},
    "POST /sign-in": {"email": "owner@example.org", "password": "seven quiet herons"},
    "POST /sign-up": {"email": "somebody@example.org", "name": "Blue Heron", "password": "seven quiet herons"},
    "POST /sign-in/phone": {"phone": PHONE},
    "POST /sign-up/address": NAMED,
    "POST /sign-up/address/code": {**NAMED, "code": "{address_code}"},
    "GET /password/reset": Content({"params": {"token": RESET_LINK}}),
    "POST /password/reset": {"token": RESET_LINK, "new_password": "nine quiet herons"},
    "POST /account/email/confirm": {"token": ADDRESS_LINK},
    "POST /password/forgotten": {"contact": "owner@example.org"},
    "POST /account": {"name": "Blue Heron", "locale": "en", "time_zone": "UTC"},
    "POST /account/password": {
        "present_password": "seven quiet herons",
        "new_password": "nine quiet herons",
        "present": "seven quiet herons",
        "new": "nine quiet herons",
    },
    "POST /account/email": {"email": "new@example.org", "present_password": "seven quiet herons"},
    "POST /account/phone": {"phone": PHONE, "present_password": "seven quiet herons"},
    "POST /account/close": {"understood": "yes", "present_password": "seven quiet herons"},
    "POST /account/keys": {"name": "Import", "scopes": "identity:self", "days": "90"},
    "POST /staff/members/new": {"name": "Blue Heron", "email": "somebody@example.org", "locale": "en", "password": ""},
    "POST /staff/members/{user_id}/roles": {"role": "partner", "decision": "grant", "reason": "Joined the team"},
}


def settle(world: World) -> None:
    """A key, a device, an app, a provider; links and codes under way, somebody new from elsewhere; a role to give."""
    things = world.things
    policy = sessions.SessionPolicy(HOUR, HOUR, HOUR, PermissionCatalogue())
    user = world.do(lambda session: session.get(User, world.owner))
    staff = world.do(lambda session: session.get(User, world.people["staff"]))
    key = {"name": "Till", "scopes": ["identity:self"], "days": 30, "held": ["identity:self"]}
    things["api_key"] = world.do(api_keys.create, world.clock, user, **key)[1].id
    things["session"] = world.do(sessions.start_session, world.clock, user, policy)[1].id
    world.do(sessions.start_session, world.clock, staff, policy)
    [[things["staff_session"]]] = world.sql("SELECT id FROM identity.admin_sessions")
    things["refresh_token"] = world.do(refresh.start, world.clock, world.owner, ttl=timedelta(days=30))
    [[things["app"]]] = world.sql("SELECT family_id FROM identity.refresh_tokens")
    later = world.clock.now() + HOUR
    world.sql(
        "INSERT INTO identity.linked_providers (user_id, provider, subject) VALUES (%s, 'google', '1')", world.owner
    )
    world.sql(
        "INSERT INTO identity.password_reset_tokens (user_id, token_hash, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s)",
        *(world.owner, token_hash(RESET_LINK), world.clock.now(), later),
    )
    world.sql(
        "INSERT INTO identity.email_confirmations"
        " (purpose, user_id, email, locale, time_zone, token_hash, created_at, expires_at)"
        " VALUES ('change_email', %s, 'new@example.org', 'en', 'UTC', %s, %s, %s)",
        *(world.owner, token_hash(ADDRESS_LINK), world.clock.now(), later),
    )
    world.sql(
        "INSERT INTO identity.admin_sessions"
        " (user_id, session_token_hash, ip_address, admin_level, permissions_granted, created_at, expires_at)"
        " VALUES (%s, 'c', '203.0.113.9', 'partner', '{}', %s, %s)",
        *(world.owner, world.clock.now(), later),
    )
    for name, purpose, whose in (("phone_code", "sign_in", PHONE), ("address_code", "provider_email", NAMED["email"])):
        things[name] = world.do(codes.issue, world.clock, world.key("one-time-code"), purpose, whose)
    newcomer = Identity("facebook", "1", None, email_verified=False, name="Blue Heron")
    things["vouched"] = elsewhere.vouch(world.key("ticket"), world.clock, newcomer)
    things["role"] = "partner"
