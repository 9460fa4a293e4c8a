"""Guerdon, a rewards engine: facts become value on a ledger, standing, and something to spend."""
