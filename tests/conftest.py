"""Fixtures that all tests share; they live in ``support``, by what they are about."""

pytest_plugins = (
    "support.collector",  # first, before much is loaded
    "support.databases",
    "support.starts",
    "support.people",
    "support.post",
    "support.mailbox",
    "support.openid_provider",
    "support.family",
    "support.garden",
    "support.boards",
    "support.walkers",
    "support.walking",
    "support.ledger",
    "support.ledger_http",
    "support.credits",
    "support.events",
    "support.evenings",
    "support.track",
    "support.till",
    "support.operators",
    "support.living",
)
