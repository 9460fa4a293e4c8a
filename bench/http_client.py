"""Clients that keep their connections, for machines without wrk.

``python -m bench.http_client URL EVENTS SECONDS CLIENTS``
"""

import asyncio
import json
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


async def _client(url: str, told: dict[str, Any], numbers: "count[int]", until: float, started: str) -> int:
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    done = 0
    while time.monotonic() < until:
        number = next(numbers)
        member = told["members"][number % len(told["members"])]
        body = told["body"].replace('"ID"', f'"{started}-{number}"').replace("MEMBER", member).encode()
        head = (
            f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {told['key']}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if answer[9:10] != b"2":
            raise RuntimeError(answer.decode())
        fields = dict(line.split(b": ", 1) for line in answer.lower().split(b"\r\n")[1:] if line)
        await reader.readexactly(int(fields[b"content-length"]))
        done += 1
    writer.close()
    return done


async def _main(url: str, told: dict[str, Any], seconds: float, clients: int) -> None:
    numbers, until, started = count(), time.monotonic() + seconds, str(time.time_ns())
    begun = time.monotonic()
    done = await asyncio.gather(*(_client(url, told, numbers, until, started) for _ in range(clients)))
    print(f"Requests/sec: {sum(done) / (time.monotonic() - begun):.2f}")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text()), float(sys.argv[3]), int(sys.argv[4])))
