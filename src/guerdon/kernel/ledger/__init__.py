"""The double-entry ledger: units, accounts, transfers, holds, and one door through which all of it moves."""
