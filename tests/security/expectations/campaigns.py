"""Campaigns."""

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.campaigns.api
GET    /api/v1/engagement/campaigns                                 401 403 403 403 200 200 200
GET    /api/v1/engagement/campaigns/{campaign_id=campaign}          401 403 403 403 200 200 200
POST   /api/v1/engagement/campaigns                                 401 403 403 403 403 201 201
PUT    /api/v1/engagement/campaigns/{campaign_id=campaign}          401 403 403 403 403 200 200
DELETE /api/v1/engagement/campaigns/{campaign_id=campaign}          401 403 403 403 403 204 204
POST   /api/v1/engagement/campaigns/{campaign_id=campaign}/activate 401 403 403 403 403 200 200
POST   /api/v1/engagement/campaigns/{campaign_id=campaign}/stop     401 403 403 403 403 409 409

# kernel.engagement.campaigns.pages
GET    /staff/campaigns                                             303 403 403 403 200 200 200
GET    /staff/campaigns/new                                         303 403 403 403 403 200 200
POST   /staff/campaigns/new                                         401 403 403 403 403 422 422
GET    /staff/campaigns/{campaign_id=campaign}                      303 403 403 403 200 200 200
GET    /staff/campaigns/{campaign_id=campaign}/edit                 303 403 403 403 403 200 200
POST   /staff/campaigns/{campaign_id=campaign}/edit                 401 403 403 403 403 422 422
POST   /staff/campaigns/{campaign_id=campaign}/activate             401 403 403 403 403 303 303
POST   /staff/campaigns/{campaign_id=campaign}/discard              401 403 403 403 403 303 303
POST   /staff/campaigns/{campaign_id=campaign}/stop                 401 403 403 403 403 409 409
"""

SENT = {
    "POST /api/v1/engagement/campaigns": {
        "code": "summer",
        "title": "Twice as much in summer",
        "unit": "CREDIT",
        "multiplier": "2",
        "budget": "50",
        "starts_at": "2026-06-01T00:00:00Z",
        "ends_at": "2026-07-01T00:00:00Z",
    },
    "PUT /api/v1/engagement/campaigns/{campaign_id}": {
        "code": "spring",
        "title": "Twice as much in summer",
        "unit": "CREDIT",
        "multiplier": "2",
        "budget": "50",
        "starts_at": "2026-06-01T00:00:00Z",
        "ends_at": "2026-07-01T00:00:00Z",
    },
    "POST /api/v1/engagement/campaigns/{campaign_id}/stop": {"reason": "Enough"},
    "POST /staff/campaigns/{campaign_id}/stop": {"reason": "Enough"},
}
