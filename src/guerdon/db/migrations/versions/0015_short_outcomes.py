"""Outcomes of activities in the short form: a third of the size, which is a fifth of what recording costs.

Awards become lists of rule, version, unit, amount and transfers; refusals the rule's name, with reason and words where
there is more to say than that the condition did not hold. The long form had everything under its name.
"""

from alembic import op

revision = "0015_short_outcomes"
down_revision = "0014_room_for_updates"
branch_labels = None
depends_on = None

_SHORTEN = """
    UPDATE engagement.activities AS a SET outcome = a.outcome
        || CASE WHEN a.outcome ? 'awards' THEN jsonb_build_object('awards', (
            SELECT jsonb_agg(
                jsonb_build_array(
                    concat(w ->> 'program', '.', w ->> 'rule'), w -> 'version', w -> 'unit', w -> 'amount_minor',
                    w -> 'transfers')
                || CASE WHEN more = '{}' THEN '[]' ELSE jsonb_build_array(more) END
                ORDER BY place)
            FROM jsonb_array_elements(a.outcome -> 'awards') WITH ORDINALITY AS e (w, place),
                LATERAL (SELECT w - ARRAY['program', 'rule', 'rule_id', 'version', 'unit', 'amount_minor', 'transfers']
                ) AS m (more)))
            ELSE '{}' END
        || CASE WHEN a.outcome ? 'not_awarded' THEN jsonb_build_object('not_awarded', (
            SELECT jsonb_agg(
                CASE WHEN w ->> 'reason' = 'condition' AND NOT w ? 'params' THEN to_jsonb(name)
                    ELSE jsonb_build_array(name, w -> 'reason')
                        || CASE WHEN w ? 'params' THEN jsonb_build_array(w -> 'params') ELSE '[]' END END
                ORDER BY place)
            FROM jsonb_array_elements(a.outcome -> 'not_awarded') WITH ORDINALITY AS e (w, place),
                LATERAL (SELECT concat(w ->> 'program', '.', w ->> 'rule')) AS n (name)))
            ELSE '{}' END
    WHERE a.outcome ?| ARRAY['awards', 'not_awarded']
"""
_LENGTHEN = """
    UPDATE engagement.activities AS a SET outcome = a.outcome
        || CASE WHEN a.outcome ? 'awards' THEN jsonb_build_object('awards', (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'program', r.program, 'rule', r.code, 'rule_id', r.id, 'version', r.version, 'unit', w -> 2,
                    'amount_minor', w -> 3, 'transfers', w -> 4)
                || coalesce(w -> 5, '{}')
                ORDER BY place)
            FROM jsonb_array_elements(a.outcome -> 'awards') WITH ORDINALITY AS e (w, place)
            JOIN engagement.rules AS r
                ON concat(r.program, '.', r.code) = w ->> 0 AND r.version = (w ->> 1)::integer))
            ELSE '{}' END
        || CASE WHEN a.outcome ? 'not_awarded' THEN jsonb_build_object('not_awarded', (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'program', split_part(name, '.', 1), 'rule', substr(name, strpos(name, '.') + 1),
                    'reason', coalesce(w ->> 1, 'condition'))
                || CASE WHEN w -> 2 IS NOT NULL THEN jsonb_build_object('params', w -> 2) ELSE '{}' END
                ORDER BY place)
            FROM jsonb_array_elements(a.outcome -> 'not_awarded') WITH ORDINALITY AS e (w, place),
                LATERAL (SELECT coalesce(w ->> 0, w #>> '{}')) AS n (name)))
            ELSE '{}' END
    WHERE a.outcome ?| ARRAY['awards', 'not_awarded']
"""


def upgrade() -> None:
    _rewrite(_SHORTEN)


def downgrade() -> None:
    _rewrite(_LENGTHEN)


def _rewrite(statement: str) -> None:
    # Activities are immutable: what they say stays the same, only how it is written changes.
    op.execute("ALTER TABLE engagement.activities DISABLE TRIGGER USER")
    op.execute(statement)
    op.execute("ALTER TABLE engagement.activities ENABLE TRIGGER USER")
