-- The seed's relations that are no tables here. The accounts (events.users) are laid by kernel/identity/people.

-- Every change of a member's points, signed, as the ledger has it: why, and at which event.
CREATE OR REPLACE VIEW events.points_transactions AS
SELECT e.transfer_id AS id,
    e.owner_id AS user_id,
    e.amount AS points,
    k.code::varchar(100) AS transaction_type,
    coalesce(e.detail ->> 'reason', a.properties ->> 'title', v.title,
        b.name || ', level ' || (e.detail ->> 'level'),
        (e.detail ->> 'length') || ' ' || s.period || CASE e.detail ->> 'length' WHEN '1' THEN '' ELSE 's in a row' END) AS description,
    CASE WHEN a.reference_type = 'events.event' THEN a.reference_id END AS event_id,
    e.happened_at AS transaction_date
FROM ledger.entries AS e
JOIN ledger.transfer_kinds AS k ON k.id = e.kind_id
LEFT JOIN ledger.reference_types AS r ON r.id = e.reference_type_id
LEFT JOIN engagement.activities AS a
    ON a.owner_id = e.owner_id AND a.id = e.reference_id AND r.code = 'engagement.activity'
LEFT JOIN events.events AS v ON v.id = a.reference_id AND a.reference_type = 'events.event'
LEFT JOIN engagement.badges AS b ON b.program = e.detail ->> 'program' AND b.code = e.detail ->> 'badge'
LEFT JOIN engagement.streaks AS s ON s.program = e.detail ->> 'program' AND s.code = e.detail ->> 'streak'
WHERE e.unit_id = (SELECT id FROM ledger.units WHERE code = 'POINT') AND e.pocket = 1;

-- The badges of this program, as they are defined now.
CREATE OR REPLACE VIEW events.badges WITH (security_invoker = true) AS
SELECT b.id, b.name::varchar(255) AS name, b.description, b.type::varchar(50) AS badge_type,
    b.category::varchar(50) AS category, NULL::varchar(255) AS icon_url, b.created_at
FROM engagement.badges AS b
WHERE b.program = 'events';

-- Who has which badge, at the level that stands.
CREATE OR REPLACE VIEW events.user_badges WITH (security_invoker = true) AS
SELECT m.id, m.owner_id AS user_id, m.badge_id, m.level::integer AS level, m.earned_at AS earned_date
FROM engagement.member_badges AS m
JOIN engagement.badges AS b ON b.id = m.badge_id AND b.program = 'events';

REVOKE ALL ON events.badges, events.user_badges FROM PUBLIC, guerdon_app;
GRANT SELECT ON events.badges, events.user_badges TO guerdon_app;
