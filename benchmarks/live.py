"""Measure the live figures in Chromium, beside a kernel round trip. Prints a Markdown table.

    python3 course.py benchmark live           (in the course's environment)
    python3 course.py benchmark live --quick   without JupyterLab and its round trip

From slider event to presented frame: from the time stamp of a real key press on a slider to the
start of the frame after the one in which the curve was drawn, so that a frame that came too late
counts as late. Two panels of 300 points. The round trip is what a user would write instead: an
ipywidgets slider, the same solve in Python, a Matplotlib picture of the same two panels. Nothing
here is a test: a slow machine is not a defect.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src"), str(ROOT / "tests" / "browser")]

import course  # noqa: E402

EVENTS = 80
ROUND_TRIPS = 25
LOADS = 5

# Script time of each frame's callbacks; and, from a key on a slider to the frame after the next.
WATCH = """() => {
  window.scripts = [];
  window.waits = [];
  const original = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) => original((t) => {
    const start = performance.now();
    work(t);
    window.scripts.push(performance.now() - start);
  });
  addEventListener('input', (event) => {
    const start = event.timeStamp;
    original(() => original(() => window.waits.push(performance.now() - start)));
  }, true);
}"""

ROUND_TRIP = """\
import io
import ipywidgets, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from cgtlearn.models import stein2019
from cgtlearn.solve import solve
model = stein2019.model
slider = ipywidgets.FloatSlider(value=9.3, min=5, max=20, step=0.1)
picture = ipywidgets.Image(format="png")
times = np.linspace(0, 365, 300)
fig, panels = plt.subplots(1, 2, figsize=(7, 3))
def draw(change=None):
    course = solve(model, model.parameters_with(tmax=slider.value), times)
    for ax, end in zip(panels, (60, 365)):
        ax.clear()
        ax.semilogy(times, course["transgene"])
        ax.set(xlim=(0, end), xlabel="time (d)", ylabel="transgene (copies/µg)")
    written = io.BytesIO()
    fig.savefig(written, format="png", dpi=100)
    picture.value = written.getvalue()
slider.observe(draw, "value")
draw()
display(slider, picture)"""

WATCH_PICTURE = """() => {
  window.waits = [];
  const image = document.querySelector('.jp-OutputArea img');
  let start = 0;
  document.querySelector('.jp-OutputArea .noUi-handle')
    .addEventListener('keydown', (event) => { start = event.timeStamp; }, true);
  new MutationObserver(async () => {
    const since = start;
    await image.decode().catch(() => 0);
    requestAnimationFrame(() => requestAnimationFrame(
      () => window.waits.push(performance.now() - since)));
  }).observe(image, {attributes: true, attributeFilter: ['src']});
}"""


def both(values: list[float]) -> str:
    """Median and 95th percentile."""
    cut = statistics.quantiles(values, n=20, method="inclusive")[-1]
    return f"{statistics.median(values):.1f} / {cut:.1f} ms"


def press(tab, slider, count: int) -> None:
    """Real keys, at uneven times, to and fro."""
    slider.focus()
    rng = random.Random(0)
    for k in range(count):
        tab.keyboard.press("ArrowRight" if (k // 10) % 2 == 0 else "ArrowLeft")
        tab.wait_for_timeout(45 + 30 * rng.random())
    tab.wait_for_timeout(200)


def measured(tab, one, count: int = EVENTS) -> tuple[list[float], list[float]]:
    """(waits, script times of a frame) of a figure's first slider."""
    slider = one.get_by_role("slider").first
    press(tab, slider, 10)
    tab.evaluate("() => { window.waits = []; window.scripts = []; }")
    press(tab, slider, count)
    return tab.evaluate("window.waits"), tab.evaluate("window.scripts")


def slower(tab, times: int) -> None:
    session = tab.context.new_cdp_session(tab)
    session.send("Emulation.setCPUThrottlingRate", {"rate": times})


def figures_of_page(tab) -> list:
    """The figures of a page that can be moved, curves shown."""
    waiting = tab.get_by_role("button", name="Show without a guess")
    while waiting.count():
        waiting.first.click()
    return tab.locator(".cgt-live").all()


def live(browser, address: str, names: list[str]) -> list[tuple[str, ...]]:
    """A row for each figure of a page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.goto(address)
    tab.wait_for_timeout(1000)
    tab.evaluate(WATCH)
    rows = []
    for k, one in enumerate(figures_of_page(tab)):
        name = names[k] if names else f"{address.rsplit('/', 1)[-1]} {k + 1}"
        one.scroll_into_view_if_needed()
        waits, scripts = measured(tab, one)
        slower(tab, 4)
        slow, _ = measured(tab, one)
        slower(tab, 1)
        rows.append((name, both(waits), both(scripts), both(slow)))
    context.close()
    return rows


def first(browser, address: str, k: int) -> list[float]:
    """The first interaction after a load, warmed up in idle time."""
    found = []
    for _ in range(LOADS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        tab = context.new_page()
        tab.goto(address)
        tab.wait_for_timeout(1500)
        tab.evaluate(WATCH)
        press(tab, tab.locator(".cgt-live").nth(k).get_by_role("slider").first, 1)
        found += tab.evaluate("window.waits")
        context.close()
    return found


def round_trip(browser, folder: Path) -> list[float]:
    """An ipywidgets slider, Python's solve and a Matplotlib picture."""
    from lab import opened_lab, run, running_lab

    with (
        running_lab(folder, [ROUND_TRIP]) as address,
        opened_lab(browser, address) as (tab, _),
    ):
        one = run(tab, 0)
        one.locator("img").wait_for()
        tab.wait_for_timeout(1000)
        tab.evaluate(WATCH_PICTURE)
        one.locator(".noUi-handle").focus()
        for k in range(ROUND_TRIPS + 3):
            before = tab.evaluate("window.waits.length")
            tab.keyboard.press("ArrowRight" if k % 20 < 10 else "ArrowLeft")
            tab.wait_for_function(f"window.waits.length > {before}", timeout=20_000)
            tab.wait_for_timeout(60)
        return tab.evaluate("window.waits")[3:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-lab", action="store_true", help="without the kernel round trip")
    parser.add_argument("--quick", action="store_true", help="the same: the round trip takes long")
    options = parser.parse_args()
    options.no_lab |= options.quick
    program = course.find_browser()
    if program is None:
        sys.exit(f"No browser found. Install one: {course.browser_advice()}")

    import workshop
    from playwright.sync_api import sync_playwright
    from visit import FLAGS, pages, served, site_folder

    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        made = workshop.figures()
        chosen = {name: made[name] for name in ("two windows", "stiff", "gate", "tumour")}
        workshop.write(Path(temporary) / "page", chosen.values())
        rows = []
        with served(Path(temporary) / "page") as home:
            rows += live(browser, f"{home}/page.html", list(chosen))
            early = [first(browser, f"{home}/page.html", k) for k in range(len(chosen))]
        site = site_folder()
        with served(site) as home:
            for page in pages(site):
                if 'class="cgt-live' in (site / page).read_text(encoding="utf-8"):
                    rows += live(browser, f"{home}/{page}", [])
        trips = [] if options.no_lab else round_trip(browser, Path(temporary) / "lab")
        version = browser.version
        browser.close()

    print(f"Chromium {version}, {platform.machine()}, medians and 95th percentiles.\n")
    print("| figure | event to frame | script of a frame | event to frame, CPU four times slower |")
    print("|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    if trips:
        print(f"| ipywidgets, kernel, Matplotlib | {both(trips)} | | |")
    print(f"\nFirst interaction after a load: at most {max(map(max, early)):.0f} ms.")
    if trips:
        ours = statistics.median(float(row[1].split(" ")[0]) for row in rows)
        print(f"The round trip takes {statistics.median(trips) / ours:.0f} times as long.")


if __name__ == "__main__":
    main()
