"""HTML by construction: whatever was not made here is text, and is escaped."""

from collections.abc import Iterable
from html import escape

VOID = frozenset({"meta", "link", "br"})


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | None | Iterable["Child"]


def el(tag: str, *children: Child, **attributes: str | None) -> Html:
    """An element. Attributes: `class_` is class, `data_x` is data-x, None is left out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Html(f"<{tag}{written}>" if tag in VOID else f"<{tag}{written}>{html(children)}</{tag}>")


def html(child: Child) -> Html:
    """A child, or children one after the other, as HTML."""
    if child is None:
        return Html()
    if isinstance(child, str):
        return child if isinstance(child, Html) else Html(escape(child))
    return Html("".join(html(one) for one in child))
