"""What browsers fetch, and how pages look."""

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# web.routes
POST   /preferences/theme                303 303 303 303 303 303 303
POST   /preferences/language             303 303 303 303 303 303 303
GET    /style                            200 200 200 200 200 200 200
GET    /favicon.ico                      200 200 200 200 200 200 200
GET    /apple-touch-icon-precomposed.png 200 200 200 200 200 200 200
GET    /apple-touch-icon.png             200 200 200 200 200 200 200
GET    /icon-{size_px=192}.png           200 200 200 200 200 200 200
GET    /site.webmanifest                 200 200 200 200 200 200 200
"""

SENT = {
    "POST /preferences/theme": {"theme": "dark"},
    "POST /preferences/language": {"language": "fr"},
}
