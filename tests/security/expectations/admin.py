"""The audit log."""

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.admin.api
GET    /api/v1/admin/audit 401 403 403 403 403 200 200

# kernel.admin.pages
GET    /staff/audit        303 403 403 403 403 200 200
"""
