"""A JupyterLab of one's own: started on a free port with one notebook, driven through its cells."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import TimeoutError
from visit import DESK, ROOT

from tools.notebooks import METADATA

TOKEN = "live-figures"


class LabError(Exception):
    """A JupyterLab that does not start; the message is its log."""


@contextmanager
def running_lab(folder: Path, sources: list[str]) -> Iterator[str]:
    """Start a server with a notebook of these code cells; gives the notebook's address."""
    work = folder / "work"
    work.mkdir(parents=True)
    cells = [new_markdown_cell("# A notebook"), *map(new_code_cell, sources)]
    nbformat.write(new_notebook(cells=cells, metadata=METADATA), work / "live.ipynb")
    quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8"
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    environment.pop("CGTLEARN_STAGE", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    command += [f"--ServerApp.root_dir={work}"]
    log = folder / "log.txt"
    home = f"http://127.0.0.1:{port}"
    with log.open("w") as written:
        server = subprocess.Popen(
            command, env=environment, stdout=written, stderr=subprocess.STDOUT
        )
        try:
            for _ in range(240):
                if server.poll() is not None:
                    raise LabError("JupyterLab ended:\n" + log.read_text(errors="replace"))
                with suppress(urllib.error.URLError, ConnectionError, TimeoutError, OSError):
                    urllib.request.urlopen(f"{home}/api/status?token={TOKEN}", timeout=2)
                    break
                time.sleep(0.5)
            else:
                raise LabError("JupyterLab does not answer:\n" + log.read_text(errors="replace"))
            yield f"{home}/lab/tree/live.ipynb?token={TOKEN}&reset"
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(15)
            if server.poll() is None:
                server.kill()


@contextmanager
def opened_lab(browser, address: str):
    """The notebook in a fresh page: (page, requests that went elsewhere and were stopped)."""
    context = browser.new_context(viewport=DESK)
    outside: list[str] = []
    home = address.split("/lab/")[0]

    def gate(route):
        if route.request.url.startswith((home, "data:", "blob:")):
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    tab = context.new_page()
    try:
        tab.goto(address)
        tab.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=60_000)
        tab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=60_000)
        yield tab, outside
    finally:
        context.close()


def cell(tab, number: int):
    """A code cell by its number, from 0."""
    return tab.locator(".jp-Notebook .jp-CodeCell").nth(number)


def run(tab, number):
    """Run a code cell and wait until it is done."""
    one = cell(tab, number)
    begun = one.locator(".jp-InputPrompt", has_text=re.compile(r"\[(\d+|\*)\]"))
    select = tab.locator(".jp-Dialog button", has_text="Select")  # the Lab may ask for a kernel
    for _ in range(5):  # keys that come while the Lab still starts are lost
        one.locator(".cm-content").click()
        tab.keyboard.press("Control+Enter")
        with suppress(TimeoutError):
            begun.or_(select).first.wait_for(timeout=6000)
            break
    if select.is_visible():
        select.click()
    one.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]")).wait_for(timeout=60_000)
    return one
