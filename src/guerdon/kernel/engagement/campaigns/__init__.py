"""Campaigns: for a time and for some members, awards count more; a budget on the ledger pays the difference."""
