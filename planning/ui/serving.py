"""What the server adds to Streamlit's first page: its own base address, language and title, before any script has run."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import parse_qs

from streamlit import config

from planning.i18n import get_translator

__all__ = ["FirstPage"]


class FirstPage:
    """
    Tells the browser where the app's root is.

    Opened at a page's own address, Streamlit's browser part guesses the root by asking beneath that page first; each wrong guess is an
    error in the browser's console. It asks nobody where ``BACKEND_BASE_URL`` is named.

    Parameters
    ----------
    app : ASGI application
        What comes after.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass everything on; the page gets its root, language and title."""
        # Whatever has no ending is answered with the page, so that a page's own address may be opened.
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD") or "." in scope["path"].rsplit("/", 1)[-1]:
            await self.app(scope, receive, send)
            return
        started: Any = None
        body = bytearray()

        async def take(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start" and _is_html(message["headers"]):
                started = message
            elif started is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    page = _completed(bytes(body), scope["query_string"])
                    kept = [(k, v) for k, v in started["headers"] if k.lower() not in (b"content-length", b"etag")]
                    await send({**started, "headers": [*kept, (b"content-length", str(len(page)).encode())]})
                    await send({"type": "http.response.body", "body": page if scope["method"] == "GET" else b""})

        # Asked for plain and whole: a page that is packed, or "not changed", could not be completed.
        without = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
        asked = [(name, value) for name, value in scope["headers"] if name.lower() not in without]
        await self.app({**scope, "headers": asked}, receive, take)


def _is_html(headers: Any) -> bool:
    return any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)


def _completed(page: bytes, query: bytes) -> bytes:
    language = parse_qs(query.decode("latin-1")).get("lang", ["zh"])[-1]
    t = get_translator("en" if language == "en" else "zh")
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    root = json.dumps(f"/{base}/" if base else "/").replace("<", "\\u003c")
    changes = {
        "<head>": f"<head><script>window.__streamlit = {{ BACKEND_BASE_URL: location.origin + {root} }};</script>",
        "<title>Streamlit</title>": f"<title>{escape(t('School Layout Planner'))}</title>",
        '<html lang="en">': f'<html lang="{"en" if t.language == "en" else "zh-CN"}">',
    }
    text = page.decode("utf-8")
    for old, new in changes.items():
        text = text.replace(old, new, 1)
    return text.encode()
