"""People and machines that may enter: accounts, credentials, sessions, tokens, roles and permissions."""
