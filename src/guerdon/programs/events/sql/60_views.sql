-- The seed's relations that are no tables here. The accounts (events.users) are laid by kernel/identity/people.

-- Every change of a member's points, signed, as the ledger has it.
CREATE OR REPLACE VIEW events.points_transactions AS
SELECT e.transfer_id AS id,
    e.owner_id AS user_id,
    e.amount AS points,
    k.code::varchar(100) AS transaction_type,
    e.detail ->> 'reason' AS description,
    CASE WHEN r.code = 'events.event' THEN e.reference_id END AS event_id,
    e.happened_at AS transaction_date
FROM ledger.entries AS e
JOIN ledger.transfer_kinds AS k ON k.id = e.kind_id
LEFT JOIN ledger.reference_types AS r ON r.id = e.reference_type_id
WHERE e.unit_id = (SELECT id FROM ledger.units WHERE code = 'POINT') AND e.pocket = 1;
