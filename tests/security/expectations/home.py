"""The start page and the reference."""

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.home.pages.start
GET    /           200 200 200 200 200 200 200

# kernel.home.pages.developers
GET    /developers 200 200 200 200 200 200 200
"""
