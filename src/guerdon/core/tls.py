"""Whom we believe at the other end of HTTPS."""

import ssl
from functools import cache

import httpx2


@cache
def authorities() -> ssl.SSLContext:
    """The certificate authorities that httpx would choose by itself.

    Read once in a process: each client of its own would read them anew, which costs more than all else that a short
    request does.
    """
    return httpx2.create_ssl_context()
