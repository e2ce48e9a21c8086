"""Answers made smaller, where the browser takes it."""

from __future__ import annotations

import gzip

from starlette.requests import Request
from starlette.responses import Response

from live.packed import SMALLEST, takes_gzip


def compressed(request: Request, response: Response) -> Response:
    """The same, smaller, where the browser takes it.

    Only for what is public: a secret could be found out by watching how well one's own words compress beside it.
    """
    if takes_gzip(request) and len(response.body) >= SMALLEST:
        body = gzip.compress(bytes(response.body), 6)
        response.body = body
        response.headers["Content-Encoding"] = "gzip"
        response.headers["Content-Length"] = str(len(body))
        response.headers["Vary"] = ", ".join(filter(None, (response.headers.get("Vary"), "Accept-Encoding")))
    return response
