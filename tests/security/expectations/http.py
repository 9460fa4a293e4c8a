"""What every installation answers: health, figures, the description; and answers kept for repetitions."""

from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# http.openapi
GET    /api/v1/openapi.json 200 200 200 200 200 200 200

# http.health
GET    /healthz             200 200 200 200 200 200 200
GET    /readyz              200 200 200 200 200 200 200
GET    /metrics             403 403 403 403 403 403 403
"""


def settle(world: World) -> None:
    """An answer that is kept."""
    world.sql(
        "INSERT INTO http.idempotency_records (owner_id, key, route, request_hash, created_at)"
        " VALUES (%s, uuidv7(), 'POST /somewhere', decode(repeat('00', 32), 'hex'), %s)",
        world.owner,
        world.clock.now(),
    )
