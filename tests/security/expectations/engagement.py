"""Rules and tiers."""

from datetime import timedelta

from guerdon.kernel.engagement.boards.schemas import Draft
from guerdon.kernel.engagement.boards.service import managing as boards
from guerdon.kernel.engagement.campaigns.schemas import Terms
from guerdon.kernel.engagement.campaigns.service import managing as campaigns
from guerdon.kernel.engagement.service import rules
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.api
GET    /api/v1/engagement/rules                                        401 403 403 403 200 200 200
GET    /api/v1/engagement/rules/{rule_id=rule}                         401 403 403 403 200 200 200
POST   /api/v1/engagement/rules                                        401 403 403 403 403 201 201
POST   /api/v1/engagement/rules/{rule_id=draft_rule}/activate          401 403 403 403 403 200 200
DELETE /api/v1/engagement/rules/{rule_id=draft_rule}                   401 403 403 403 403 204 204
POST   /api/v1/engagement/rules/{rule_id=rule}/dry-run                 401 403 403 403 409 409 409
GET    /api/v1/engagement/tiers                                        401 403 403 403 200 200 200
PUT    /api/v1/engagement/tiers/{program=credits}                      401 403 403 403 403 200 200

# kernel.engagement.pages.rules
GET    /staff/rules                                                    303 403 403 403 200 200 200
GET    /staff/rules/{program=credits}/{code=item_donation}             303 403 403 403 200 200 200
GET    /staff/rules/{program=credits}/{code=item_donation}/new         303 403 403 403 403 200 200
POST   /staff/rules/{program=credits}/{code=item_donation}/new         401 403 403 403 403 422 422
GET    /staff/rules/{program=credits}/{code=item_donation}/{version=1} 303 403 403 403 403 409 409
POST   /staff/rules/versions/{rule_id=draft_rule}/activate             401 403 403 403 403 303 303
POST   /staff/rules/versions/{rule_id=draft_rule}/discard              401 403 403 403 403 303 303

# kernel.engagement.pages.tiers
GET    /staff/tiers                                                    303 403 403 403 200 200 200
GET    /staff/tiers/{program=credits}                                  303 403 403 403 403 200 200
POST   /staff/tiers/{program=credits}                                  401 403 403 403 403 422 422

# kernel.engagement.ladders
GET    /api/v1/engagement/tiers/{program=credits}/standing                  401 200 200 200 200 200 200
GET    /api/v1/engagement/tiers/{program=credits}/standing/{user_id=owner}  401 403 403 403 200 200 200
GET    /api/v1/engagement/tiers/{program=credits}/changes                   401 200 200 200 200 200 200
GET    /api/v1/engagement/tiers/{program=credits}/keeping                   401 403 403 403 200 200 200
PUT    /api/v1/engagement/tiers/{program=credits}/keeping                   401 403 403 403 403 200 200
POST   /api/v1/engagement/tiers/{program=credits}/preview                   401 403 403 403 200 200 200
GET    /tiers                                                               303 200 200 200 200 200 200
GET    /staff/tiers/{program=credits}/keeping                               303 403 403 403 403 200 200
POST   /staff/tiers/{program=credits}/keeping/preview                       401 403 403 403 403 422 422
POST   /staff/tiers/{program=credits}/keeping                               401 403 403 403 403 422 422

# kernel.engagement.simulations
POST   /api/v1/engagement/rules/{rule_id=draft_rule}/simulations            401 403 403 403 422 422 422
GET    /api/v1/engagement/simulations/{simulation_id=owner}                 401 403 403 403 404 404 404
GET    /staff/simulations/new/{rule_id=draft_rule}                          303 403 403 403 200 200 200
POST   /staff/simulations/new/{rule_id=draft_rule}                          401 403 403 403 422 422 422
GET    /staff/simulations/{simulation_id=owner}                             303 403 403 403 404 404 404
"""

SENT = {
    "POST /api/v1/engagement/rules": {
        "program": "credits",
        "code": "item_donation",
        "params": {
            "credits_per_unit_bp": 1200,
            "condition_percent": {"new": 100, "like_new": 100, "good": 80, "fair": 50, "poor": 20, "unknown": 100},
        },
        "note": "Items count more from May on.",
    },
    "POST /api/v1/engagement/rules/{rule_id}/dry-run": {"inputs": {"estimated_value": "50"}},
    "PUT /api/v1/engagement/tiers/{program}/keeping": {"basis": "balance", "reason": "Who spends steps back."},
    "POST /api/v1/engagement/tiers/{program}/preview": {"basis": "balance"},
    "PUT /api/v1/engagement/tiers/{program}": {
        "thresholds": {"bronze": "0", "silver": "25", "gold": "60", "platinum": "120"},
        "reason": "The first step was too easy.",
    },
}


def settle(world: World) -> None:
    """A second version of the rule of items and a campaign, both in draft; a board on which the owner stands."""
    things, admin = world.things, world.people["admin"]
    in_force = world.do(rules.in_force, "credits", "item_donation")
    note = {"params": in_force.params, "note": "Counts the same", "actor_id": admin}
    things["rule"] = in_force.id
    things["draft_rule"] = world.do(rules.write_version, "credits", "item_donation", **note).id
    now = world.clock.now()
    month = (now, now + timedelta(days=30))
    terms = Terms("spring", "Twice as much in spring", "CREDIT", (), "true", 20_000, 5_000, *month)
    things["campaign"] = world.do(campaigns.write, terms, actor_id=admin).id
    [[metric]] = world.sql(
        "INSERT INTO engagement.metrics (program, code, title, activity_kinds, aggregate)"
        " VALUES ('credits', 'visits', 'Visits', '{credits.visit}', 'count') RETURNING id"
    )
    draft = Draft("credits", "visits", "Visits", "credits:visits", periods=("week", "life"))
    world.do(boards.define, draft, actor_id=admin)
    world.do(boards.activate, "credits", "visits", world.clock.now(), actor_id=admin)
    for name in ("owner", "other"):
        world.sql(
            "INSERT INTO engagement.counters VALUES (%s, %s, 'week', date_trunc('week', %s)::date, 3, %s)",
            *(world.people[name], metric, now, now),
        )
