"""Leaderboards."""

from security.expectations import Content

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.engagement.boards.api
GET    /api/v1/leaderboards                                                         401 200 200 200 200 200 200
POST   /api/v1/leaderboards                                                         401 403 403 403 403 201 201
GET    /api/v1/leaderboards/visibility                                              401 200 200 200 200 200 200
PUT    /api/v1/leaderboards/visibility                                              401 200 200 200 200 200 200
GET    /api/v1/leaderboards/{program=credits}/{code=visits}                         401 200 200 200 200 200 200
GET    /api/v1/leaderboards/{program=credits}/{code=visits}/me                      401 200 200 200 200 200 200
GET    /api/v1/leaderboards/{program=credits}/{code=visits}/members/{user_id=owner} 401 403 403 403 200 200 200
GET    /api/v1/leaderboards/{program=credits}/{code=visits}/runs                    401 200 200 200 200 200 200
PUT    /api/v1/leaderboards/{program=credits}/{code=visits}                         401 403 403 403 403 200 200
POST   /api/v1/leaderboards/{program=credits}/{code=visits}/activate                401 403 403 403 403 409 409

# kernel.engagement.boards.pages.member
GET    /leaderboards                                                                303 200 200 200 200 200 200
POST   /leaderboards/visibility                                                     401 303 303 303 303 303 303
GET    /leaderboards/{program=credits}/{code=visits}                                303 200 200 200 200 200 200

# kernel.engagement.boards.pages.managing
GET    /staff/leaderboards                                                          303 403 403 403 200 200 200
GET    /staff/leaderboards/new                                                      303 403 403 403 403 200 200
POST   /staff/leaderboards/new                                                      401 403 403 403 403 303 303
GET    /staff/leaderboards/{program=credits}/{code=visits}                          303 403 403 403 200 200 200
POST   /staff/leaderboards/{program=credits}/{code=visits}                          401 403 403 403 403 303 303
POST   /staff/leaderboards/{program=credits}/{code=visits}/activate                 401 403 403 403 403 303 303
"""

SENT = {
    "POST /api/v1/leaderboards": {
        "program": "credits",
        "code": "visitors",
        "title": "Visitors",
        "metric": "credits:visits",
        "periods": ["week"],
    },
    "PUT /api/v1/leaderboards/visibility": {"shown": False},
    "GET /api/v1/leaderboards/{program}/{code}": Content({"params": {"period": "week"}}),
    "GET /api/v1/leaderboards/{program}/{code}/me": Content({"params": {"period": "week"}}),
    "GET /api/v1/leaderboards/{program}/{code}/members/{user_id}": Content({"params": {"period": "week"}}),
    "GET /api/v1/leaderboards/{program}/{code}/runs": Content({"params": {"period": "week"}}),
    "PUT /api/v1/leaderboards/{program}/{code}": {"title": "Visitors"},
    "POST /leaderboards/visibility": {"shown": "no"},
    "POST /staff/leaderboards/new": {
        "program": "credits",
        "code": "visitors",
        "title": "Visitors",
        "metric": "credits:visits",
        "periods": "week",
    },
    "POST /staff/leaderboards/{program}/{code}": {"title": "Visitors"},
}
