"""Links and anchors of built pages, checked on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOCAL = ("", "file")


@dataclass
class _Parsed(HTMLParser):
    links: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        for name in ("id", "name"):
            if found.get(name):
                self.anchors.add(found[name] or "")
        for name in ("href", "src"):
            if found.get(name):
                self.links.append(found[name] or "")


@cache
def _parse(path: Path) -> _Parsed:
    parsed = _Parsed()
    parsed.feed(path.read_text(encoding="utf-8"))
    return parsed


def broken_links(site: Path, page: str) -> list[str]:
    """Links of a page that lead to no file, or to a place that is not in the file."""
    here = site / page
    broken = []
    for link in _parse(here).links:
        parts = urlsplit(link)
        if parts.scheme not in LOCAL or parts.netloc:
            continue
        target = (here.parent / unquote(parts.path)).resolve() if parts.path else here
        if not target.is_file():
            broken.append(f"{link}: no such file")
        elif parts.fragment and target.suffix == ".html":
            if unquote(parts.fragment) not in _parse(target).anchors:
                broken.append(f"{link}: no such place in the page")
    return broken
