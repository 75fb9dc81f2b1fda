"""The page at /docs: the OpenAPI document as plain HTML. No script, nothing from elsewhere."""

from html import escape
from typing import Any

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}"
    "h2{margin-top:2rem}dt{margin-top:.8rem}code{background:#f3f4f6;padding:.1rem .3rem;border-radius:3px}"
    "dd{margin:.2rem 0 0 1rem;color:#4b5563}"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def page(document: dict[str, Any]) -> str:
    """Every path of an OpenAPI document, by tag."""
    info = document["info"]
    by_tag: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag.setdefault(operation.get("tags", ["other"])[0], []).append(_entry(path, method, operation))
    sections = "".join(f"<h2>{escape(tag)}</h2><dl>{''.join(entries)}</dl>" for tag, entries in by_tag.items())
    title = f"{escape(info['title'])} {escape(info['version'])}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(info.get('description', ''))}</p>"
        f'<p>The whole contract with its schemas and examples: <a href="/openapi.json">/openapi.json</a></p>{sections}'
    )


def _entry(path: str, method: str, operation: dict[str, Any]) -> str:
    query = [part["name"] for part in operation.get("parameters", ()) if part["in"] == "query"]
    asked = f" ? {escape(', '.join(query))}" if query else ""
    words = [operation.get("summary", ""), operation.get("description", "")]
    about = "<br>".join(escape(text) for text in words if text)
    return f"<dt><code>{method.upper()} {escape(path)}</code>{asked}</dt><dd>{about}</dd>"
