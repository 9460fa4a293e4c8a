"""The bare application: a FastAPI route that answers with what it was sent."""

import socket
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
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, http="h11", proxy_headers=False
    )
    uvicorn.Server(config).run([socket.socket(fileno=int(sys.argv[1]))])
