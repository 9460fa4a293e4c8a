"""The bare application: a FastAPI route that answers with what it was sent."""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.post("/echo")
async def echo(event: dict[str, Any]) -> dict[str, Any]:
    """What was sent."""
    return event


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), log_level="error", access_log=False, server_header=False, proxy_headers=False
    )
