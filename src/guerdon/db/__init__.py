"""The database: connections, transactions, migrations, the embedded server."""
