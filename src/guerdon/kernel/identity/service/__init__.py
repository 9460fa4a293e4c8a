"""What identity does: accounts, signing in, sessions, roles."""
