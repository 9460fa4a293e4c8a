-- The counts of an event, the amounts of a payment and the marks of attendance are the database's own business.

GRANT USAGE ON SCHEMA events TO guerdon_app;
REVOKE ALL ON events.event_types, events.series, events.events, events.registrations, events.payment, events.tickets,
    events.event_attendees, events.connections, events.event_results, events.special_awards, events.invitation_links,
    events.invitations, events.points_transactions FROM PUBLIC, guerdon_app;
GRANT SELECT ON events.event_types, events.series, events.events, events.registrations, events.payment, events.tickets,
    events.event_attendees, events.connections, events.event_results, events.special_awards, events.invitation_links,
    events.invitations, events.points_transactions TO guerdon_app;
GRANT INSERT ON events.event_types, events.series, events.events, events.registrations, events.payment, events.tickets,
    events.event_attendees, events.connections, events.event_results, events.special_awards, events.invitation_links,
    events.invitations TO guerdon_app;
GRANT UPDATE (name, default_points, position, is_active) ON events.event_types TO guerdon_app;
GRANT DELETE ON events.event_types, events.events TO guerdon_app;
GRANT UPDATE (title, description, event_type, location, map_url, start_time, end_time, time_zone, max_participants,
    points_reward, price_minor, currency, walk_ins_allowed, offer_s, series_id, occurrence, status, published_at, cancelled_at,
    cancellation_reason, revision, updated_at) ON events.events TO guerdon_app;
GRANT UPDATE (status, offered_at, offer_expires_at, cancelled_at, cancelled_by, cancellation_reason)
    ON events.registrations TO guerdon_app;
GRANT UPDATE (status, settled_at, provider_reference, reason, payment_channel, recorded_by) ON events.payment
    TO guerdon_app;
GRANT UPDATE (revoked_at) ON events.tickets TO guerdon_app;
GRANT UPDATE (status, check_out_time, activity_id, withdrawn_at, withdrawn_by, withdrawal_reason)
    ON events.event_attendees TO guerdon_app;
GRANT UPDATE (status, answered_at) ON events.connections TO guerdon_app;
GRANT UPDATE (placed, note, activity_id, withdrawn_at, withdrawal_reason) ON events.event_results TO guerdon_app;
GRANT UPDATE (activity_id, withdrawn_at, withdrawal_reason) ON events.special_awards TO guerdon_app;
GRANT UPDATE (code) ON events.invitation_links TO guerdon_app;
GRANT UPDATE (event_id, attended_at, attendance_id) ON events.invitations TO guerdon_app;
-- What only served a member goes when their account is erased.
GRANT DELETE ON events.invitation_links, events.connections TO guerdon_app;
