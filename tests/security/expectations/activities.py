"""Activities that come from outside."""

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.activities.api.routes
POST   /api/v1/activities       401 403 403 403 422 422 422
POST   /api/v1/activities/batch 401 403 403 403 415 415 415
GET    /api/v1/activities/kinds 401 403 403 403 200 200 200
"""

SENT = {
    "POST /api/v1/activities": {
        "specversion": "1.0",
        "id": "one",
        "source": "tests",
        "type": "credits.visit",
        "subject": "{owner}",
    },
}
