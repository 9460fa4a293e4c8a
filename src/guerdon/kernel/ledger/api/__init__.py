"""The ledger over HTTP: units, balances, statements, transfers, holds and adjustments."""

from fastapi import APIRouter

from guerdon.kernel.ledger.api import holding, posting, reading

BODY_LIMITS = posting.BODY_LIMITS
"""Larger bodies than usual, by path."""

router = APIRouter()
for part in (reading, posting, holding):
    router.include_router(part.router)

__all__ = ["BODY_LIMITS", "router"]
