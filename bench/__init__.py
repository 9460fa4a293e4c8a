"""Measures the ledger: ``make bench``, or ``python -m bench --help``."""
