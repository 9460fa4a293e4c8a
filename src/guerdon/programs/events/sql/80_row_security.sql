-- Members see events that are not drafts, nor were cancelled as drafts with the rest of their series, and of what belongs
-- to people their own; staff and jobs everything.

CALL identity.keep_to_owner('events.events', 'status <> ''draft'' AND published_at IS NOT NULL');
CALL identity.keep_to_owner('events.registrations', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.payment', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.tickets', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.event_attendees', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.event_results', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.special_awards', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.invitation_links', 'user_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.connections',
    'requester_id = (SELECT identity.reader()) OR addressee_id = (SELECT identity.reader())');
CALL identity.keep_to_owner('events.invitations',
    'inviter_id = (SELECT identity.reader()) OR invitee_id = (SELECT identity.reader())');
