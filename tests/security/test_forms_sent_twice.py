"""Every form of the pages: acted on once however often it arrives, or of a kind that needs no such care."""

from fastapi import FastAPI

from guerdon.http.access import Access, routes_of
from guerdon.http.once import sent_once

SETS = "sets what the form says; the second sending sets the same"
MOVES = "moves what the address names from one state to the next; the second finds it there already"
ANSWERS = "answers with a page that tells what had happened before, as a door does for who is already in"
VISITORS = "of visitors: codes and links count once, and messages are limited by address and by mailbox"

UNPROTECTED = {
    "/account": SETS,
    "/account/access/unlink/{provider}": MOVES,
    "/account/addresses/{address_id}": SETS,
    "/account/addresses/{address_id}/remove": MOVES,
    "/account/apps/{family_id}/end": MOVES,
    "/account/close": MOVES,
    "/account/email/confirm": MOVES,
    "/account/family/{guardianship_id}/{act}": MOVES,
    "/account/identity/{verification_id}/withdraw": MOVES,
    "/account/keys/{key_id}/revoke": MOVES,
    "/account/password": SETS,
    "/account/phone": "sends another code, as people want who wait for one; limited by number",
    "/account/phone/code": MOVES,
    "/account/phone/remove": MOVES,
    "/account/privacy/consents": SETS,
    "/account/privacy/erasure/cancel": MOVES,
    "/account/privacy/exports/{export_id}/fetch": "reads",
    "/account/profile": SETS,
    "/account/profile/avatar": SETS,
    "/account/profile/avatar/remove": MOVES,
    "/account/proof": "proves who somebody is",
    "/account/sessions/end": MOVES,
    "/account/sessions/{session_id}/end": MOVES,
    "/badges/credentials/{public_id}/withdraw": MOVES,
    "/credits/contributions/{contribution_id}/photos/{photo_id}/remove": MOVES,
    "/credits/contributions/{contribution_id}/resubmit": MOVES,
    "/credits/contributions/{contribution_id}/withdraw": MOVES,
    "/events/blocks/{user_id}/{act}": SETS,
    "/events/calendar/revoke": MOVES,
    "/events/connections/{connection_id}/{answer}": MOVES,
    "/events/invited/{code}": MOVES,
    "/events/registrations/{registration_id}/accept": MOVES,
    "/events/registrations/{registration_id}/cancel": MOVES,
    "/leaderboards/visibility": SETS,
    "/password/forgotten": VISITORS,
    "/password/reset": VISITORS,
    "/password/reset/phone": VISITORS,
    "/preferences/language": SETS,
    "/preferences/theme": SETS,
    "/sign-in": VISITORS,
    "/sign-in/phone": VISITORS,
    "/sign-in/phone/code": VISITORS,
    "/sign-in/phone/name": VISITORS,
    "/sign-in/with/{name}/callback": VISITORS,
    "/sign-out": MOVES,
    "/sign-up": VISITORS,
    "/sign-up/address": VISITORS,
    "/sign-up/address/code": VISITORS,
    "/sign-up/confirm": VISITORS,
    "/staff/activities/{user_id}/{activity_id}/withdraw": MOVES,
    "/staff/badges/{badge_id}/activate": MOVES,
    "/staff/badges/{badge_id}/deactivate": MOVES,
    "/staff/badges/{badge_id}/holders/{user_id}/{level}/revoke": MOVES,
    "/staff/birth-dates/{user_id}": SETS,
    "/staff/campaigns/{campaign_id}/activate": MOVES,
    "/staff/campaigns/{campaign_id}/discard": MOVES,
    "/staff/campaigns/{campaign_id}/stop": MOVES,
    "/staff/events/payments/{payment_id}/handed-back": MOVES,
    "/staff/events/registrations/{registration_id}/cancel": MOVES,
    "/staff/events/types/{code}": SETS,
    "/staff/events/types/{code}/remove": MOVES,
    "/staff/events/{event_id}/attendees/free-suspended": MOVES,
    "/staff/events/{event_id}/cancel": MOVES,
    "/staff/events/{event_id}/discard": MOVES,
    "/staff/events/{event_id}/door/by-name": ANSWERS,
    "/staff/events/{event_id}/door/scan": ANSWERS,
    "/staff/events/{event_id}/door/walk-in": ANSWERS,
    "/staff/events/{event_id}/door/{attendance_id}/out": MOVES,
    "/staff/events/{event_id}/door/{attendance_id}/undo": MOVES,
    "/staff/events/{event_id}/publish": MOVES,
    "/staff/events/{event_id}/results/awards/{award_id}/withdraw": MOVES,
    "/staff/events/{event_id}/results/{result_id}/withdraw": MOVES,
    "/staff/guardians/{guardianship_id}/end": MOVES,
    "/staff/identity/{verification_id}": MOVES,
    "/staff/leaderboards/{program}/{code}/activate": MOVES,
    "/staff/members/{user_id}/roles": SETS,
    "/staff/members/{user_id}/suspension": SETS,
    "/staff/rules/versions/{rule_id}/activate": MOVES,
    "/staff/rules/versions/{rule_id}/discard": MOVES,
    "/staff/sessions/{admin_session_id}/end": MOVES,
    "/staff/streaks/members/{user_id}/{streak_id}/pauses/{pause_id}/end": MOVES,
    "/staff/tiers/{program}/keeping/preview": "reads",
    "/streaks/{streak_id}/pauses/{pause_id}/end": MOVES,
}


def test_every_form_is_acted_on_once_or_needs_no_care(whole_app: FastAPI) -> None:
    unprotected, late = set(), []
    for route in routes_of(whole_app):
        if "POST" not in (route.methods or ()) or route.path.startswith("/api/"):
            continue
        calls = [each.call for each in route.dependant.dependencies]
        if sent_once not in calls:
            unprotected.add(route.path)
        elif not any(isinstance(call, Access) for call in calls[: calls.index(sent_once)]):
            late.append(route.path)
    assert unprotected == set(UNPROTECTED)
    assert late == []  # it is known by then who sends it
