"""The ledger over HTTP."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1/ledger", tags=["ledger"])
