"""A program that does nothing but echo: what a request costs in Guerdon's own application before anything is done.

Its routes are served by ``guerdon web`` like any program's, which finds it by an entry point.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from guerdon.http.access import Open, Principal, requires
from guerdon.kernel.engagement.activities.api.reporting import RECORD
from guerdon.kernel.program import Program

router = APIRouter()


@router.post("/open")
async def echo(event: dict[str, Any], _who: Open) -> dict[str, Any]:
    """What was sent, by whomever."""
    return event


@router.post("/known")
def echo_of_somebody(event: dict[str, Any], _who: Annotated[Principal, Depends(requires(RECORD))]) -> dict[str, Any]:
    """What was sent, by somebody who may record activities."""
    return event


program = Program(name="echoing", title="Echoing", package="bench.echoing", routers=(router,))
