"""Open a built page in Chromium with every other host cut off, and write down what is wrong.

`Visitor.visit` loads a page once and returns a `Visit`: everything the tests ask about. The tests
only read it, so a page is loaded once however many questions are put to it.

CGTLEARN_BOOK names another folder of built pages; CGTLEARN_SHOTS a folder for pictures of each page
on a desk and on a phone, light and dark.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
FONTS = (".woff", ".woff2", ".ttf", ".otf")
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
WAIT = 20_000  # ms


def site_folder() -> Path:
    """Where the built pages are: CGTLEARN_BOOK, or build/book/_build/html."""
    return Path(os.environ.get("CGTLEARN_BOOK") or ROOT / "build" / "book" / "_build" / "html")


def pages(site: Path) -> list[str]:
    """Every page of the built site, as paths relative to it. The redirect at the top is none."""
    found = [p.relative_to(site) for p in site.rglob("*.html")]
    return sorted(
        p.as_posix() for p in found if not p.parts[0].startswith("_") and p.name != "index.html"
    )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port; gives the address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Visit:
    """What one load of one page showed."""

    page: str
    errors: list[str] = field(default_factory=list)  # JavaScript errors and console errors
    foreign: list[str] = field(default_factory=list)  # requests to another host (all were stopped)
    failed: list[str] = field(default_factory=list)  # local files that did not come
    local: list[str] = field(default_factory=list)  # local files that came
    images: list[str] = field(default_factory=list)  # pictures without alt text or without pixels
    unset_maths: list[str] = field(default_factory=list)  # formulas left as TeX
    axe: dict[str, list[str]] = field(default_factory=dict)  # theme -> findings
    too_wide: list[str] = field(default_factory=list)  # what makes the page scroll on a phone
    weight: int = 0  # bytes of everything but fonts and pictures, compressed
    own_weight: int = 0  # bytes of the HTML and our own scripts, as they are on disk


# Pictures of the page itself; what a script hides or draws counts too.
_IMAGES = """() => [...document.querySelectorAll('main img')].flatMap(img => {
  const name = img.getAttribute('src').slice(0, 60);
  const found = [];
  if (!(img.getAttribute('alt') || '').trim()) found.push('no alt text: ' + name);
  if (!img.naturalWidth || !img.naturalHeight) found.push('no pixels: ' + name);
  return found;
})"""

# Sphinx writes \\(...\\) and \\[...\\] in .math elements, myst-nb $...$ in notebook outputs.
_MATHS = """() => [...document.querySelectorAll('.math')]
  .filter(m => !m.querySelector('mjx-container'))
  .map(m => m.textContent.slice(0, 60))
  .concat([...document.querySelectorAll('mjx-merror')].map(m => 'error: ' + m.textContent))"""

_TYPESET = """() => !document.querySelector('.math') ||
  (window.MathJax && MathJax.startup && MathJax.startup.promise
   && MathJax.startup.promise.then(() => true))"""

# The page scrolls sideways if the document is wider than the window. Name what sticks out,
# unless something around it scrolls or clips.
_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const out = [];
  for (const el of document.querySelectorAll('body *')) {
    const box = el.getBoundingClientRect();
    if (!box.width || box.right <= width + 1) continue;
    let up = el.parentElement, held = false;
    while (up && up !== document.body) {
      if (getComputedStyle(up).overflowX !== 'visible') { held = true; break; }
      up = up.parentElement;
    }
    if (!held) out.push(el.tagName.toLowerCase() + '.' + el.className + ' ends at '
                        + Math.round(box.right) + ' px');
  }
  return out.length ? out.slice(0, 8)
                    : ['document is ' + document.documentElement.scrollWidth + ' px wide'];
}"""

_AXE = """async options => {
  const result = await axe.run(document, {resultTypes: ['violations'], ...options});
  return result.violations.flatMap(v => v.nodes.map(n => v.id + ' at ' + n.target.join(' ')));
}"""
# All rules once; in the dark what depends on colours; on a phone what depends on layout.
ALL_RULES: dict = {}
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
LAYOUT = {"rules": {"color-contrast": {"enabled": False}}}

# Half-faded colours and half-moved sidebars are not what a reader sees.
_STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"

# The theme's own two: what a click on the theme switch sets.
_THEME = """theme => {
  document.documentElement.dataset.mode = theme;
  document.documentElement.dataset.theme = theme;
}"""


class Visitor:
    """One browser, one page after another, each as a first visit."""

    def __init__(self, browser, axe: Path = AXE) -> None:
        self._browser = browser
        self._axe = axe.read_text(encoding="utf-8")

    @contextmanager
    def opened(self, home: str, page: str, site: Path) -> Iterator[tuple[Visit, object]]:
        """Load `home`/`page` and wait until it has settled; gives (visit, live page)."""
        visit = Visit(page=page)
        context = self._browser.new_context(viewport=DESK, reduced_motion="reduce")

        def gate(route) -> None:
            url = route.request.url
            if url.startswith((home, "data:", "blob:")):
                route.continue_()
            else:
                visit.foreign.append(url)
                route.abort()

        context.route("**/*", gate)
        tab = context.new_page()

        def console(message) -> None:
            # A stopped request to another host is reported once, under `foreign`.
            if message.type == "error" and "ERR_FAILED" not in message.text:
                visit.errors.append(f"console: {message.text}")

        def failed(request) -> None:
            if request.url not in visit.foreign:
                visit.failed.append(f"{request.url}: {request.failure}")

        def answered(response) -> None:
            if response.status >= 400:
                visit.failed.append(f"{response.url}: {response.status}")
            elif response.url.startswith(home):
                visit.local.append(response.url)

        tab.on("console", console)
        tab.on("pageerror", lambda error: visit.errors.append(f"script: {error}"))
        tab.on("requestfailed", failed)
        tab.on("response", answered)
        try:
            tab.goto(f"{home}/{page}", wait_until="load", timeout=WAIT)
            tab.wait_for_function(_TYPESET, timeout=WAIT)
            # Pictures far down the page may be waiting for the reader to scroll.
            tab.evaluate(
                "() => Promise.all([...document.images].map("
                "i => { i.loading = 'eager'; return i.decode().catch(() => 0); }))"
            )
            visit.unset_maths = tab.evaluate(_MATHS)
            visit.images = tab.evaluate(_IMAGES)
            _weigh(visit, home, site)
            yield visit, tab
        finally:
            context.close()

    def visit(self, home: str, page: str, site: Path, *, thorough: bool = True) -> Visit:
        """Load a page; `thorough` adds axe in both themes and the width of a phone."""
        with self.opened(home, page, site) as (visit, tab):
            if thorough:
                shots = os.environ.get("CGTLEARN_SHOTS")
                tab.add_style_tag(content=_STILL)
                tab.evaluate(self._axe)
                for theme, rules in (("light", ALL_RULES), ("dark", COLOURS)):
                    tab.evaluate(_THEME, theme)
                    visit.axe[theme] = tab.evaluate(_AXE, rules)
                    _shoot(tab, shots, page, f"1280-{theme}")
                tab.set_viewport_size(PHONE)
                visit.too_wide = tab.evaluate(_WIDE)
                for theme in ("dark", "light"):
                    tab.evaluate(_THEME, theme)
                    _shoot(tab, shots, page, f"360-{theme}")
                # What a script hides on a desk may stand open on a phone.
                visit.axe["phone"] = tab.evaluate(_AXE, LAYOUT)
        return visit


def _weigh(visit: Visit, home: str, site: Path) -> None:
    for url in sorted(set(visit.local)):
        name = unquote(urlsplit(url.removeprefix(home)).path).lstrip("/")
        path = site / name
        if not path.is_file() or path.suffix in FONTS + (".png", ".jpg", ".jpeg", ".svg"):
            continue
        data = path.read_bytes()
        visit.weight += len(gzip.compress(data, 6))
        if path.suffix == ".html" or path.name.startswith("cgt"):
            visit.own_weight += len(data)


def _shoot(tab, folder: str | None, page: str, name: str) -> None:
    if folder:
        target = Path(folder) / (page.removesuffix(".html").replace("/", "-") + f"-{name}.png")
        target.parent.mkdir(parents=True, exist_ok=True)
        tab.screenshot(path=str(target), full_page=True)
