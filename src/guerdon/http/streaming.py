"""Long answers, sent piece by piece, without taking a connection from those whose request is short."""

from collections.abc import AsyncIterator, Iterator
from typing import cast

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from guerdon.http.admission import Admission, admission_of

_END = object()


def stream(
    request: Request, pieces: Iterator[str], *, media_type: str, filename: str | None, each_on_its_own: bool
) -> StreamingResponse:
    """An answer that is made while it is sent.

    Args:
        pieces: makes the pieces; runs in a thread.
        filename: to save it under; None for what is read by programs.
        each_on_its_own: ``pieces`` opens a transaction for each piece, so that a reader who is slow keeps nothing;
            else it may hold one from the first piece to the last, and counts as a request all the while.
    """
    admission = admission_of(request)
    headers = {"cache-control": "private, no-store"}
    if filename is not None:
        headers["content-disposition"] = f'attachment; filename="{filename}"'
    made = _one_by_one(admission, pieces) if each_on_its_own else _all(admission, pieces)
    return StreamingResponse(made, media_type=media_type, headers=headers)


async def _all(admission: Admission, pieces: Iterator[str]) -> AsyncIterator[str]:
    async with admission.place():
        while (piece := await run_in_threadpool(next, pieces, _END)) is not _END:
            yield cast(str, piece)


async def _one_by_one(admission: Admission, pieces: Iterator[str]) -> AsyncIterator[str]:
    while True:
        async with admission.place():
            piece = await run_in_threadpool(next, pieces, _END)
        if piece is _END:
            return
        yield cast(str, piece)
