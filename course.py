"""The one entry point of the course.

    python3 course.py learn      make the environment and open JupyterLab at the first chapter
    python3 course.py test       make the environment and run every check
    python3 course.py book       build the book; --serve shows it on this machine
    python3 course.py refresh    run notebooks again and keep their text outputs
    python3 course.py grade      grade a folder of submitted notebooks, each held apart
    python3 course.py items      how the questions of the test before and after did
    python3 course.py benchmark  measure what is fast, beside what a user would pick instead
    python3 course.py doctor     say what is wrong with this machine and what to do
    python3 course.py install    make the environment and stop: for the evening before a workshop
    python3 course.py package    a zip for a room without a network: course, book and packages

On Windows: `py course.py learn`. It needs Python 3.11, 3.12 or 3.13 and nothing else: this file
uses the standard library alone. It makes an environment in `.venv` beside it (the variable
CGTLEARN_VENV names another folder) from the lock files in `requirements/`, checks it and hands over
to ordinary tools. It stays readable for Python 3.6, so that an old Python can say what is wrong.
"""

import argparse
import contextlib
import errno
import glob
import hashlib
import http.client
import importlib.util
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = os.path.dirname(os.path.abspath(__file__))
PYTHONS = ((3, 11), (3, 12), (3, 13))
STAMP = "course-stamp.json"  # written last: what the environment was made from
MAKING = "course-making"  # there while the environment is being made
GIGABYTE = 1e9
# What an environment takes, with room for what pip unpacks on the way.
SPACE_NEEDED = {
    "learn": 1.0 * GIGABYTE,
    "test": 1.3 * GIGABYTE,
    "benchmark": 2.3 * GIGABYTE,
}
KINDS = ("learn", "test", "benchmark")  # each holds the packages of those before it, and more
SPACE_TEMPORARY = 0.4 * GIGABYTE
# What must import in a new environment before it is handed over.
IMPORTS = {
    "learn": ["numpy", "scipy.integrate", "matplotlib", "pint", "ipykernel", "jupyterlab"],
    "test": ["jupyter_book", "jupytext", "nbval", "pytest", "hypothesis", "playwright"],
    "benchmark": [],  # a peer without a wheel for this machine is missing, and the table says so
}
# Published as pure Python source only (lifelines needs it): the one package that pip may build.
SOURCE_ONLY = "autograd-gamma"
SILENCE = 90  # seconds without a word from the package index before we stop waiting
SYSTEMS = ("linux", "linux-arm", "windows", "macos-arm", "macos-intel")  # of offline packages
PORT = 8888
BOOK_PORT = 8000
WHEELS = os.path.join(ROOT, "wheels")  # only in an offline package
NO_NETWORK = (
    "The package index cannot be reached. Check the network (or the proxy and index settings of "
    "pip) and run again."
)


class Trouble(Exception):
    """What went wrong and what to do, in one line for the learner."""


def say(text=""):
    """Print at once, also into a pipe."""
    print(text, flush=True)


# --- This machine ------------------------------------------------------------------------------


def check_python(version=None, runs=None):
    """Trouble unless this Python is one that the course has a lock for."""
    version = tuple(version or sys.version_info[:3])
    if version[:2] in PYTHONS:
        return
    running = ".".join(map(str, version[:3]))
    line = "The course needs Python 3.11, 3.12 or 3.13; this is Python " + running + ". "
    again = " course.py " + " ".join(sys.argv[1:] or ["learn"])
    for other in ("python3.12", "python3.13", "python3.11"):
        if (runs or program_runs)(other):
            raise Trouble(line + "This machine has another: run  " + other + again)
    if os.name == "nt":
        raise Trouble(line + "Install 3.12 from python.org and run  py -3.12" + again)
    raise Trouble(line + "Install 3.12 (from python.org, or your system's packages) and run again.")


def program_runs(name):
    """Whether a Python of this name is on the PATH and starts."""
    if not shutil.which(name):
        return False
    try:
        with open(os.devnull, "w") as nowhere:
            return not subprocess.call([name, "-c", ""], stdout=nowhere, stderr=nowhere)
    except OSError:
        return False


def check_venv_module(find=importlib.util.find_spec):
    """Trouble unless this Python can make environments (Debian packs that apart)."""
    if find("venv") and find("ensurepip"):
        return
    if os.path.exists("/etc/debian_version"):
        system = os.path.realpath("/usr/bin/python3") == os.path.realpath(sys.executable)
        package = "python3-venv" if system else "python3.{}-venv".format(sys.version_info[1])
        raise Trouble("This Python has no venv module. Run  sudo apt install " + package)
    raise Trouble(
        "This Python has no venv module. Install Python 3.12 from python.org (or conda's python) "
        "and run again with it."
    )


def existing_parent(path):
    """The nearest folder above `path` that exists."""
    parent = os.path.dirname(os.path.abspath(path))
    while not os.path.isdir(parent) and os.path.dirname(parent) != parent:
        parent = os.path.dirname(parent)
    return parent


def check_space(kind, folder, usage=shutil.disk_usage):
    """Trouble unless the disk can take the environment."""
    temporary = tempfile.gettempdir()
    places = [(existing_parent(folder), SPACE_NEEDED[kind]), (temporary, SPACE_TEMPORARY)]
    for place, needed in places:
        free = usage(place).free
        if free < needed:
            raise Trouble(
                "The disk is too full: {:.1f} GB free in {}, {:.1f} GB needed. Free some space, or "
                "set {} to a folder on another disk.".format(
                    free / GIGABYTE,
                    place,
                    needed / GIGABYTE,
                    "TMPDIR" if place == temporary else "CGTLEARN_VENV",
                )
            )


def check_writable(folder):
    """Trouble unless `folder` can be made, or written into."""
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise Trouble(
            "Cannot write in {} ({}). Copy the course to a folder of your own, or set "
            "CGTLEARN_VENV to one.".format(folder, error.strerror)
        ) from None


def port_is_free(port):
    """Whether a server on this machine could take `port`."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        if os.name != "nt":  # on Windows the option would let two servers share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(asked, usual, command):
    """A free port: the one asked for, or the usual one or the next free after it."""
    if asked is not None and not 1 <= asked <= 65535:
        raise Trouble("--port {} is not a port: give a number from 1 to 65535.".format(asked))
    start = asked or usual
    ports = [port for port in range(start, min(start + 100, 65536)) if port_is_free(port)][:1]
    if ports == [start]:
        return start
    taken = "Port {} is in use or not allowed. ".format(start)
    if not ports:
        raise Trouble(taken + "So are those after it: give another with --port.")
    if asked:
        again = "python3 course.py {} --port {}".format(command, ports[0])
        raise Trouble(taken + "The next free one: " + again)
    say("Port {} is in use: taking {}.".format(start, ports[0]))
    return ports[0]


def find_browser(environ=None, which=shutil.which, exists=os.path.isfile):
    """The path of a Chromium, Chrome or Edge for the browser tests, or None."""
    environ = os.environ if environ is None else environ
    named = environ.get("CGTLEARN_BROWSER")
    if named:
        return named if exists(named) else which(named)
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    for name in names + ("microsoft-edge", "msedge"):
        if which(name):
            return which(name)
    applications = (
        ("Google Chrome.app", "Google Chrome"),
        ("Chromium.app", "Chromium"),
        ("Microsoft Edge.app", "Microsoft Edge"),
    )
    places = [
        os.path.join(home, app, "Contents", "MacOS", name)
        for home in ("/Applications", os.path.expanduser("~/Applications"))
        for app, name in applications
    ]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if environ.get(variable):
            places.append(
                os.path.join(environ[variable], "Google", "Chrome", "Application", "chrome.exe")
            )
            places.append(
                os.path.join(environ[variable], "Microsoft", "Edge", "Application", "msedge.exe")
            )
    return next((place for place in places if exists(place)), None)


def browser_advice():
    """The one command that installs a browser here."""
    if sys.platform == "darwin":
        return "brew install --cask google-chrome"
    if os.name == "nt":
        return "winget install Google.Chrome"
    if shutil.which("dnf"):
        return "sudo dnf install chromium"
    if shutil.which("pacman"):
        return "sudo pacman -S chromium"
    return "sudo apt-get install chromium"


# --- Running other programs --------------------------------------------------------------------


def venv_folder():
    """Where the environment stands."""
    return os.path.abspath(os.environ.get("CGTLEARN_VENV") or os.path.join(ROOT, ".venv"))


def venv_bin(folder):
    """The environment's folder of programs."""
    return os.path.join(folder, "Scripts" if os.name == "nt" else "bin")


def venv_python(folder):
    """The environment's Python."""
    return os.path.join(venv_bin(folder), "python.exe" if os.name == "nt" else "python")


def offline_wheels():
    """Whether the packages lie beside the course; Trouble where they are not for this machine."""
    try:
        with open(os.path.join(WHEELS, "holds.json"), encoding="utf-8") as file:
            holds = json.load(file)
    except FileNotFoundError:
        return False
    python = "{}.{}".format(*sys.version_info)
    arm = platform.machine().lower() in ("arm64", "aarch64")
    here = {"win32": "windows", "darwin": "macos-arm" if arm else "macos-intel"}.get(
        sys.platform, "linux-arm" if arm else "linux"
    )
    if here in holds["platforms"] and python in holds["pythons"]:
        return True
    raise Trouble(
        "This offline package is for {} with Python {}; this is {} with Python {}. Use another "
        "Python, ask for another package, or (with a network) remove the folder wheels.".format(
            ", ".join(holds["platforms"]), ", ".join(holds["pythons"]), here, python
        )
    )


def child_environment(folder=None):
    """The variables for a program of the environment: nothing from another Python leaks in.

    Settings of pip about indexes, proxies and certificates stay as the user has them.
    """
    env = dict(os.environ)
    for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "__PYVENV_LAUNCHER__"):
        env.pop(name, None)
    env.update(PYTHONNOUSERSITE="1", PYTHONUTF8="1", JUPYTER_PREFER_ENV_PATH="1")
    env.update(PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    if folder:
        env["VIRTUAL_ENV"] = folder
        env["PATH"] = venv_bin(folder) + os.pathsep + env.get("PATH", "")
    return env


def hand_over(command, env, while_running=None):
    """Run a program in the foreground to its end; return its code. Ctrl-C reaches it first."""
    child = subprocess.Popen(command, env=env, cwd=ROOT)
    try:
        if while_running:
            threading.Thread(target=while_running, args=(child,), daemon=True).start()
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                # The terminal has sent Ctrl-C to the child too: let it end by itself.
                try:
                    return child.wait(10)
                except (subprocess.TimeoutExpired, KeyboardInterrupt):
                    return 130
    finally:
        end(child)


def end(child):
    """End a program that still runs, first gently."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


# --- The environment ---------------------------------------------------------------------------


def lock_file(kind):
    """The lock of one of ``KINDS`` for this Python."""
    name = "{}-{}.{}.txt".format(kind, *sys.version_info[:2])
    return os.path.join(ROOT, "requirements", name)


def stamp_of(kind):
    """What an environment of this kind is made from."""
    with open(lock_file(kind), "rb") as file:
        digest = hashlib.sha256(file.read().replace(b"\r\n", b"\n")).hexdigest()
    return {"kind": kind, "python": "{}.{}".format(*sys.version_info[:2]), "lock": digest}


def environment_state(kind, folder):
    """(state, why): missing, foreign, half-made, outdated, smaller or ready.

    "smaller" is one made for learn, when one for test or benchmark is wanted, and so on.
    """
    if not os.path.isdir(folder) or not os.listdir(folder):
        return "missing", "there is no environment yet"
    if os.path.exists(os.path.join(folder, MAKING)):
        return "half-made", "an earlier run was interrupted"
    try:
        with open(os.path.join(folder, STAMP), encoding="utf-8") as file:
            stamp = json.load(file)
            made, python = stamp["kind"], stamp["python"]
    except FileNotFoundError:
        return "foreign", "course.py did not make it"
    except (ValueError, KeyError, TypeError):
        return "half-made", "its stamp cannot be read"
    if python != "{}.{}".format(*sys.version_info[:2]):
        return "outdated", "it was made with Python " + python
    if made not in SPACE_NEEDED or stamp != stamp_of(made):
        return "outdated", "the lock file has changed"
    if not os.path.exists(venv_python(folder)):
        return "half-made", "its Python is gone"
    if KINDS.index(made) < KINDS.index(kind):
        return "smaller", "it was made for `{}`, not yet for `{}`".format(made, kind)
    return "ready", "made from " + os.path.basename(lock_file(made))


def prepare(kind):
    """Make the environment if it is missing, half-made or out of date; return its folder."""
    folder = venv_folder()
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise Trouble(folder + " is a file: remove it, or set CGTLEARN_VENV to another folder.")
    state, why = environment_state(kind, folder)
    if state == "foreign":
        raise Trouble(
            "{} is not an environment of this course: move it away, or set CGTLEARN_VENV to "
            "another folder.".format(folder)
        )
    if state == "ready":
        add_sources(folder)
        problem = check_environment(folder, kind, thorough=False)
        if not problem:
            return folder
        state, why = "half-made", problem
    start = time.monotonic()
    check_venv_module()
    check_space(kind, folder)
    check_writable(folder)
    if state == "half-made":
        wait_for_another_run(folder)
        say("The environment is half-made or damaged ({}): making it again.".format(why))
    elif state == "outdated":
        say("The environment is out of date ({}): making it again.".format(why))
    elif state == "smaller":
        say("The environment grows: it now gets what `{}` needs.".format(kind))
    else:
        say("Making the environment in {} (once; a few minutes).".format(folder))
    make(kind, folder, from_scratch=state != "smaller")
    say("The environment is ready ({:.0f} s).".format(time.monotonic() - start))
    return folder


def wait_for_another_run(folder):
    """Trouble if another run is making this environment now: its marker is touched every second."""
    marker = os.path.join(folder, MAKING)
    if not os.path.exists(marker) or abs(time.time() - os.path.getmtime(marker)) > 10:
        return
    before = os.path.getmtime(marker)
    time.sleep(3)
    if os.path.exists(marker) and os.path.getmtime(marker) != before:
        raise Trouble("Another run of course.py is making the environment: wait until it is done.")


def make(kind, folder, from_scratch=True):
    """Make the environment, or let it grow to a later kind. The stamp comes last."""
    if from_scratch:
        remove_environment(folder)
        os.makedirs(folder, exist_ok=True)
    marker, stamp = os.path.join(folder, MAKING), os.path.join(folder, STAMP)
    with open(marker, "w", encoding="utf-8") as file:
        file.write("being made by course.py\n")
    if os.path.exists(stamp):
        os.remove(stamp)
    try:
        if from_scratch:
            say("  making an empty environment with Python {}.{}.{}".format(*sys.version_info[:3]))
            make_empty(folder, marker)
        install(kind, folder, marker)
        add_sources(folder)
        quiet_jupyterlab(folder)
        say("  checking it")
        problem = check_environment(folder, kind, thorough=True)
        if problem:
            raise Trouble("The new environment does not work: " + problem)
    except BaseException:
        with contextlib.suppress(OSError):
            os.utime(marker, (0, 0))  # nobody is making it any more
        raise
    with open(stamp + ".new", "w", encoding="utf-8") as file:
        json.dump(stamp_of(kind), file)
    os.replace(stamp + ".new", stamp)
    os.remove(marker)


def remove_environment(folder):
    """Remove an environment that course.py made, and nothing else."""
    if not os.path.isdir(folder) or not os.listdir(folder):
        return
    if not any(os.path.exists(os.path.join(folder, name)) for name in (STAMP, MAKING)):
        raise Trouble(folder + " was not made by course.py: it is left alone.")
    # The marker goes last, so that a removal that is interrupted leaves a half-made environment.
    with open(os.path.join(folder, MAKING), "w", encoding="utf-8"):
        pass
    try:
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            elif name != MAKING:
                os.remove(path)
    except OSError as error:
        raise Trouble(
            "Cannot replace the environment in {} ({}): close JupyterLab and other programs that "
            "use it, then run again.".format(folder, error.strerror)
        ) from None


def make_empty(folder, marker):
    """A new environment that holds pip."""
    child = subprocess.Popen(
        [sys.executable, "-m", "venv", folder],
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        while True:
            try:
                words, _ = child.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                os.utime(marker)
    finally:
        end(child)
    if child.returncode:
        explain(words.splitlines(), "Making an empty environment failed")


class Progress:
    """One line that is kept up to date; in a pipe or a log, a new line now and then."""

    def __init__(self, every=10.0):
        self.live = sys.stdout.isatty()
        self.every = every
        self.start = time.monotonic()
        self.last_print = 0.0
        self.last_text = ""

    def show(self, text, force=False):
        """Show what is being done now, with the seconds since the start."""
        seconds = time.monotonic() - self.start
        if self.live:
            width = shutil.get_terminal_size().columns - 1
            line = "  {:3.0f} s  {}".format(seconds, text)[:width]
            print("\r" + line.ljust(width), end="", flush=True)
        elif text != self.last_text and (force or seconds - self.last_print >= self.every):
            say("  {:3.0f} s  {}".format(seconds, text))
            self.last_print, self.last_text = seconds, text

    def done(self):
        """Leave the line."""
        if self.live:
            print(flush=True)


def install(kind, folder, marker):
    """Install the lock with pip, hashes required and wheels only, and show how far it is."""
    lock = lock_file(kind)
    command = [venv_python(folder), "-m", "pip", "install", "--no-deps", "--require-hashes"]
    command += ["--progress-bar", "off", "--requirement", lock, "--only-binary", ":all:"]
    if offline_wheels():
        command += ["--no-index", "--find-links", WHEELS]
    else:
        command += ["--no-binary", SOURCE_ONLY]
    with open(lock, encoding="utf-8") as file:
        total = sum(1 for line in file if re.match(r"[a-z0-9]", line))
    info = os.path.join(glob.escape(site_packages(folder)), "*.dist-info")
    before = len(glob.glob(info))

    words = []
    child = subprocess.Popen(
        command,
        env=child_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    reader = threading.Thread(target=_collect, args=(child.stdout, words), daemon=True)
    reader.start()
    progress = Progress()
    reading, fetched, new, installing, now = 0, 0, 0, False, ""
    heard = time.monotonic()
    try:
        while child.poll() is None or reading < len(words):
            time.sleep(0.2)
            with contextlib.suppress(OSError):
                os.utime(marker)
            if reading < len(words):
                heard = time.monotonic()
            for line in words[reading:]:
                reading += 1
                if line.startswith("Ignoring "):
                    total -= 1
                elif line.startswith("Requirement already satisfied"):
                    fetched += 1
                elif re.match(r"Collecting |Processing ", line):
                    fetched, new = fetched + 1, new + 1
                    now = os.path.basename(line.split(" (from -r ")[0].split(None, 1)[1])
                elif line.startswith("Installing collected"):
                    installing = True
                    progress.show("fetched all of {} packages".format(total), force=True)
            if installing:
                done = min(len(glob.glob(info)) - before, new)
                progress.show("installing {} of {}".format(done, new))
            elif not fetched and any("Retrying" in line for line in words):
                progress.show("the package index does not answer; trying again")
            elif fetched:
                progress.show("fetching {} of {}: {}".format(fetched, total, now))
            waiting = time.monotonic() - heard
            retries = sum("Timeout" in line and "Retrying" in line for line in words)
            if not fetched and (waiting > SILENCE or retries > 1):
                raise Trouble(NO_NETWORK)
    finally:
        progress.done()
        end(child)
        reader.join(5)
        with contextlib.suppress(OSError), open(
            os.path.join(folder, "course-pip.log"), "w", encoding="utf-8"
        ) as file:
            file.write("\n".join(words) + "\n")
    if child.returncode:
        explain(words, "pip failed")
    say("  {:3.0f} s  installed {} packages".format(time.monotonic() - progress.start, new))


def _collect(stream, words):
    for line in stream:
        words.append(line.rstrip())


def explain(words, what):
    """Raise the one line that says why pip or venv failed."""
    text = "\n".join(words)
    if re.search(r"No space left|Errno 28\b|WinError 112|Disk quota|Errno 122\b", text):
        raise Trouble("The disk is full. Free some space (about 1 GB) and run again.")
    if "DO NOT MATCH THE HASHES" in text:
        raise Trouble(
            "A downloaded package is not the one in the lock (its hash differs). Empty pip's cache "
            "(pip cache purge), check the index that pip uses, and run again."
        )
    if "ensurepip" in text and "apt" in text:
        raise Trouble("This Python has no venv module. Run  sudo apt install python3-venv")
    if re.search(r"CERTIFICATE_VERIFY_FAILED|SSLError", text):
        raise Trouble(
            "The package index's certificate is not trusted here (often a company's proxy). Give "
            "pip the certificate (pip config set global.cert FILE) and run again."
        )
    if re.search(r"Retrying \(|NewConnectionError|ProxyError|Timeout|ConnectionError", text):
        raise Trouble(NO_NETWORK)
    missing = re.search(r"No matching distribution found for (\S+)", text)
    if missing:
        raise Trouble(
            "The index that pip uses has no ready-made {} for this machine (Python {}.{}, {}). Try "
            "Python 3.12, or another index.".format(
                missing.group(1), sys.version_info[0], sys.version_info[1], sys.platform
            )
        )
    if os.name == "nt" and re.search(r"Errno 2\b|WinError (3|206)\b", text):
        raise Trouble("A path is too long for Windows: move the course to a short folder, C:\\cgt")
    errors = [line for line in words if line.startswith("ERROR")] or words[-1:] or ["no message"]
    raise Trouble(what + ": " + errors[0])


def site_packages(folder):
    """Where the environment keeps its packages."""
    if os.name == "nt":
        return os.path.join(folder, "Lib", "site-packages")
    return os.path.join(folder, "lib", "python{}.{}".format(*sys.version_info), "site-packages")


def add_sources(folder):
    """Let the environment import the package from `src`, so that a change there counts at once.

    A line of Python with escapes, not a bare path: it means the same in each locale. No build
    tool is needed, and a course that was moved is found again by the next run.
    """
    link = os.path.join(site_packages(folder), "cgtlearn-course.pth")
    line = "import sys; sys.path.append({})\n".format(ascii(os.path.join(ROOT, "src")))
    with contextlib.suppress(OSError), open(link, encoding="ascii") as file:
        if file.read() == line:
            return
    with open(link, "w", encoding="ascii") as file:
        file.write(line)


def quiet_jupyterlab(folder):
    """No question about news from the network when JupyterLab opens, no warning as a kernel starts.

    A kernel warns that it talks unencrypted. It does, to this machine alone, and a learner who
    reads of eavesdropping in the terminal would stop there.
    """
    settings = os.path.join(folder, "share", "jupyter", "lab", "settings")
    os.makedirs(settings, exist_ok=True)
    with open(os.path.join(settings, "overrides.json"), "w", encoding="utf-8") as file:
        notification = {"fetchNews": "false", "checkForUpdates": False}
        json.dump({"@jupyterlab/apputils-extension:notification": notification}, file)
    kernels = os.path.join(folder, "etc", "ipython")
    os.makedirs(kernels, exist_ok=True)
    with open(os.path.join(kernels, "ipython_kernel_config.py"), "w", encoding="utf-8") as file:
        file.write('get_config().IPKernelApp.log_level = "ERROR"\n')


CHECK = """
import importlib, importlib.metadata, json, re, sys
locked, modules = json.loads(sys.argv[1])
have = {}
for one in importlib.metadata.distributions():
    name = one.metadata["Name"]
    if name:
        have[re.sub(r"[-_.]+", "-", name).lower()] = one.version
for name, version, always in locked:
    if have.get(name) != version and (always or name in have):
        sys.exit(f"{name} is {have.get(name, 'missing')}, the lock says {version}")
for module in modules:
    try:
        importlib.import_module(module)
    except BaseException as error:
        sys.exit(f"{module} does not import: {type(error).__name__}: {error}".splitlines()[0])
"""


def read_lock(path):
    """[(name, version, applies everywhere)] of a lock file."""
    with open(path, encoding="utf-8") as file:
        found = re.findall(r"^([a-z0-9][^=\s]*)==([^\s;\\]+)( ;)?", file.read(), re.MULTILINE)
    several = {name for name, _, _ in found if sum(name == other for other, _, _ in found) > 1}
    return [(name, version, not marker) for name, version, marker in found if name not in several]


def check_environment(folder, kind, thorough):
    """The first thing that is wrong with the environment, or "" (thorough: everything imports)."""
    modules = []
    if thorough:
        modules = sum((IMPORTS[each] for each in KINDS[: KINDS.index(kind) + 1]), [])
    facts = json.dumps([read_lock(lock_file(kind)), modules])
    for command in [["-I", "-c", CHECK, facts]] + ([["-m", "pip", "check"]] if thorough else []):
        try:
            run = subprocess.run(
                [venv_python(folder)] + command,
                env=child_environment(folder),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=300,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return "its Python does not run ({})".format(error)
        if run.returncode:
            return (run.stdout.strip().splitlines() or ["its Python stopped without a word"])[-1]
    return ""


# --- The commands ------------------------------------------------------------------------------


def first_notebook():
    """The first notebook in the book's table of contents, or on disk; None if there is none."""
    with contextlib.suppress(OSError), open(
        os.path.join(ROOT, "book", "_toc.yml"), encoding="utf-8"
    ) as file:
        for line in file:
            found = re.match(r"\s*(?:- )?(?:file|root):\s*['\"]?([^'\"#\s]+)", line)
            if found:
                path = "book/" + re.sub(r"\.ipynb$", "", found.group(1)) + ".ipynb"
                if os.path.isfile(os.path.join(ROOT, *path.split("/"))):
                    return path
    there = sorted(glob.glob(os.path.join(glob.escape(ROOT), "book", "[0-9]*", "*.ipynb")))
    return os.path.relpath(there[0], ROOT).replace(os.sep, "/") if there else None


def chosen_notebook(path):
    """The notebook that was asked for, as a path from the root with forward slashes."""
    for start in (os.getcwd(), ROOT):
        full = os.path.realpath(os.path.join(start, path))
        top = os.path.realpath(ROOT) + os.sep
        if os.path.isfile(full) and full.startswith(top):
            return full[len(top) :].replace(os.sep, "/")
    raise Trouble("There is no notebook {} in the course folder {}.".format(path, ROOT))


def learn(options):
    """Open JupyterLab at the first chapter."""
    notebook = chosen_notebook(options.notebook) if options.notebook else first_notebook()
    folder = prepare("learn")
    port = choose_port(options.port, PORT, "learn")
    if not notebook:
        say("There is no notebook yet: opening the folder.")
    page = "/lab/tree/" + urllib.parse.quote(notebook) if notebook else "/lab"
    token = secrets.token_hex(16)
    env = child_environment(folder)
    env["JUPYTER_TOKEN"] = token
    command = [venv_python(folder), "-m", "jupyterlab", "-y", "--log-level=ERROR"]
    command += ["--LabApp.log_level=ERROR", "--LanguageServerManager.autodetect=False"]
    command += ["--ServerApp.ip=127.0.0.1", "--ServerApp.port={}".format(port)]
    command += ["--ServerApp.port_retries=0", "--ServerApp.root_dir=" + ROOT]
    command += ["--LabApp.default_url=" + page]
    if options.no_open:
        command += ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]
    say("Opening JupyterLab at " + (notebook or ROOT))

    def announce(child):
        address = "http://127.0.0.1:{}{}?token={}".format(port, page, token)
        for _ in range(600):
            if child.poll() is not None:
                return
            if answers(port, "/api/status", token):
                say("JupyterLab runs at\n\n    {}\n\nStop it with Ctrl-C.".format(address))
                return
            time.sleep(0.2)

    return hand_over(command, env, announce)


def answers(port, path, token=""):
    """Whether a server on this machine answers with 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path, headers={"Authorization": "token " + token})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def test(options):
    """Run every check that CI runs."""
    env = {}
    if not options.no_browser:
        browser = find_browser()
        if not browser:
            raise Trouble(
                "The browser tests need Chromium, Chrome or Edge, and none is here. Run  {}  "
                "(or name one in CGTLEARN_BROWSER, or leave these tests out with "
                "--no-browser).".format(browser_advice())
            )
        env["CGTLEARN_BROWSER"] = browser
    folder = prepare("test")
    command = [venv_python(folder), "-m", "tools.suite"]
    command += ["--no-browser"] if options.no_browser else []
    command += ["--full"] if options.full else []
    return hand_over(command, dict(child_environment(folder), **env))


def book(options):
    """Build the book strictly; show it on this machine with --serve."""
    port = choose_port(options.port, BOOK_PORT, "book --serve") if options.serve else None
    folder = prepare("test")
    env = child_environment(folder)
    code = hand_over([venv_python(folder), "-m", "tools.suite", "--only", "book"], env)
    site = os.path.join(ROOT, "build", "book", "_build", "html")
    if code:
        return code
    if options.instructor:
        command = [venv_python(folder), "-m", "tools.kit", "build"]
        site = os.path.join(ROOT, "build", "instructor", "_build", "html")
        code = hand_over(command, env)
        if code:
            return code
        say("Slides, and the test before and after: " + os.path.join(ROOT, "build", "kit"))
    if not options.serve:
        say("The book: " + os.path.join(site, "index.html"))
        edition = " --instructor" if options.instructor else ""
        say("See it in a browser: python3 course.py book{} --serve".format(edition))
        return 0
    say("\nThe book is at\n\n    http://127.0.0.1:{}/\n\nStop it with Ctrl-C.\n".format(port))
    command = [venv_python(folder), "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    code = hand_over(command + ["--directory", site], env)
    return 0 if code in (130, -signal.SIGINT) else code


def refresh(options):
    """Run notebooks again (all, or those named); keep text outputs, drop pictures."""
    paths = [os.path.abspath(path) for path in options.paths]
    for path in paths:
        if not os.path.exists(path):
            raise Trouble("There is no notebook or source " + path)
    folder = prepare("test")
    command = [venv_python(folder), "-m", "tools.notebooks", "refresh"] + paths
    return hand_over(command, child_environment(folder))


def grade(options):
    """Grade a folder of submitted notebooks: each runs apart, its answers are judged as data."""
    if not os.path.isdir(options.submissions):
        raise Trouble("There is no folder {}.".format(options.submissions))
    folder = prepare("test")
    command = [venv_python(folder), "-m", "tools.grading", os.path.abspath(options.submissions)]
    command += ["--out", os.path.abspath(options.out)]
    command += ["--overwrite"] if options.overwrite else []
    for name in ("jobs", "seconds", "memory", "seed"):
        value = getattr(options, name)
        command += ["--{}={}".format(name, value)] if value is not None else []
    return hand_over(command, child_environment(folder))


def benchmark(options):
    """Measure virtual populations, or what the names say: files of benchmarks/, or `all`."""
    found = glob.glob(os.path.join(glob.escape(ROOT), "benchmarks", "*.py"))
    there = sorted(os.path.basename(path)[:-3] for path in found)
    names = options.names or ["population"]
    if "all" in names:
        names = there
    for name in names:
        if name not in there:
            known = ", ".join(there + ["all"])
            raise Trouble("There is no benchmark {}. There are: {}.".format(name, known))
    more = ["--quick"] if options.quick else []
    if options.out:
        if len(names) > 1:
            raise Trouble("--out takes the results of one benchmark: name one.")
        more += ["--out", os.path.abspath(options.out)]
    folder = prepare("benchmark")
    for name in names:
        command = [venv_python(folder), os.path.join(ROOT, "benchmarks", name + ".py")]
        code = hand_over(command + more, child_environment(folder))
        if code:
            return code
    return 0


def install_only(_options):
    """Make the environment and stop, so that the workshop starts with `learn` at once."""
    folder = prepare("learn")
    say("Ready in {}. Start with  python3 course.py learn".format(folder))
    return 0


def package(options):
    """Write a zip that installs without a network: course, built book and packages."""
    folder = prepare("test")
    env = child_environment(folder)
    code = hand_over([venv_python(folder), "-m", "tools.suite", "--only", "book"], env)
    if code:
        return code
    command = [venv_python(folder), "-m", "tools.package"]
    command += ["--platform"] + options.platform if options.platform else []
    command += ["--python"] + options.python if options.python else []
    command += ["--out", os.path.abspath(options.out)] if options.out else []
    return hand_over(command, env)


def items(options):
    """How the questions of the test did: the answers that learners saved, in a folder."""
    folder = prepare("test")
    command = [venv_python(folder), "-m", "tools.kit", "items", os.path.abspath(options.folder)]
    return hand_over(command, child_environment(folder))


def check_index(folder):
    """Trouble unless pip can fetch a small locked package from the index that it uses."""
    if offline_wheels():
        return "not needed, the packages lie beside the course"
    with open(lock_file("learn"), encoding="utf-8") as file:
        small = re.search(r"^idna==.*?(?=^\S|\Z)", file.read(), re.MULTILINE | re.DOTALL)
    with tempfile.TemporaryDirectory() as scratch:
        python = venv_python(folder)
        if environment_state("learn", folder)[0] != "ready":
            empty = os.path.join(scratch, "venv")
            os.mkdir(empty)
            make_empty(empty, scratch)
            python = venv_python(empty)
        wanted = os.path.join(scratch, "one.txt")
        with open(wanted, "w", encoding="utf-8") as file:
            file.write(small.group(0))
        command = [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--dest"]
        command += [scratch, "--only-binary", ":all:", "--retries", "1", "--no-cache-dir"]
        try:
            run = subprocess.run(
                command + ["--requirement", wanted],
                env=child_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                timeout=60,
            )
        except subprocess.TimeoutExpired:
            raise Trouble(NO_NETWORK) from None
        if run.returncode:
            explain(run.stdout.splitlines(), "pip failed")


KERNEL = """
import sys, time
from jupyter_client.manager import start_new_kernel
start = time.monotonic()
manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
try:
    said = client.execute_interactive(
        "from cgtlearn.models import stein2019 as s; from cgtlearn.solve import solve; "
        "assert solve(s.model, s.model.parameters_with(), [0, 9, 28]).ok",
        timeout=60, silent=True)
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
if said["content"]["status"] != "ok":
    sys.exit(said["content"].get("evalue", "the kernel answers with an error"))
print(f"solves a model {time.monotonic() - start:.0f} s after its start")
"""


def check_kernel(folder):
    """Trouble unless a notebook's kernel starts in the environment and solves a model."""
    if environment_state("learn", folder)[0] != "ready":
        return "not tried, there is no environment yet"
    try:
        run = subprocess.run(
            [venv_python(folder), "-c", KERNEL],
            env=child_environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            timeout=150,
        )
    except subprocess.TimeoutExpired:
        raise Trouble(
            "it does not answer. A firewall or antivirus may block connections of this machine to "
            "itself (127.0.0.1): allow them for Python."
        ) from None
    words = run.stderr if run.returncode else run.stdout  # a kernel also warns on stderr
    last = (words.strip().splitlines() or ["no message"])[-1]
    if run.returncode:
        raise Trouble(last + ". Run  python3 course.py learn  once to mend the environment.")
    return last


def memory():
    """Memory of this machine in GB as text, or "?"."""
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return "{:.0f} GB".format(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    return "memory ?"


PASTE = "course-doctor"
"""How a line of `doctor` begins that is pasted to the instructor."""


def paste_line(found):
    """One line that says all of this machine: [(title, fault or "")] -> text without a path."""
    faults = [title for title, fault in found if fault]
    facts = [
        "BAD: " + ", ".join(faults) if faults else "ok",
        "Python {}.{}.{}".format(*sys.version_info),
        "{} {}".format(platform.system(), platform.machine()),
        "{} cores".format(os.cpu_count()),
        memory(),
    ]
    facts.append("environment " + environment_state("learn", venv_folder())[0])
    return " | ".join([PASTE] + facts)


def read_pastes(path):
    """Table the lines that a room has pasted; 1 if somebody needs help.

    A name may stand before a line, on it or above it, as chats and forms put it. Who pasted twice
    has mended something: the later line counts.
    """
    if path == "-":
        text = sys.stdin.read()
    else:
        try:
            with open(path, "rb") as file:
                pasted = file.read()
        except OSError as error:
            raise Trouble("Cannot read {} ({}).".format(path, error.strerror)) from None
        utf16 = pasted[:2] in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell saves text
        text = pasted.decode("utf-16" if utf16 else "utf-8-sig", errors="replace")
    rows, again, name = [], [], ""
    for line in text.splitlines():
        before, mark, after = line.partition(PASTE + " | ")
        before = re.sub(r"^\W*\d[\d/., T-]*:\d\d[\d:.Z]*( ?[AP]M\b)?\W*", "", before)  # the time
        before = before.strip(" :>\t-,;\"'")
        if mark:
            who = before or name
            again += [who] if who and who in [row[0] for row in rows] else []
            rows = [row for row in rows if not who or row[0] != who]
            rows.append((who, after.strip(" \t\"'")))
            name = ""
        elif before:
            name = before
    if not rows:
        raise Trouble(
            "No line of doctor in {}: each begins with  {} |".format(
                "what was given" if path == "-" else path, PASTE
            )
        )
    help_wanted = [row for row in rows if not row[1].startswith("ok")]
    unmade = [row for row in rows if row not in help_wanted and "environment ready" not in row[1]]
    for title, some in (("Need help", help_wanted), ("Must still install", unmade)):
        say("{}: {} of {}".format(title, len(some), len(rows)))
        for who, facts in some:
            say("  {:24}  {}".format((who or "(no name)")[:24], facts))
    say("Ready: {} of {}".format(len(rows) - len(help_wanted) - len(unmade), len(rows)))
    if again:
        say("Pasted more than once, the last counts: " + ", ".join(sorted(set(again))))
    return 1 if help_wanted else 0


def doctor(options):
    """Say what is wrong with this machine and what to do; 1 if something must be mended."""
    if options.read:
        return read_pastes(options.read)
    folder = venv_folder()
    bad = 0
    found = []

    def look(title, check):
        nonlocal bad
        fault = ""
        try:
            good = check()
            say("ok    {}{}".format(title, ": " + good if good else ""))
        except (Trouble, OSError) as error:
            bad += 1
            fault = str(error)
            say("BAD   {}: {}".format(title, error))
        found.append((title, fault))

    def write():
        there = os.path.isdir(folder)
        check_writable(folder if there else existing_parent(folder))
        return folder if there else existing_parent(folder)

    def state():
        name, why = environment_state("learn", folder)
        if name == "foreign":
            raise Trouble(why + ": move it away, or set CGTLEARN_VENV to another folder")
        problem = check_environment(folder, "learn", thorough=True) if name == "ready" else ""
        if problem:
            return "damaged ({}); the next run of learn or test makes it again".format(problem)
        if name == "ready":
            return why
        return "{} ({}); the next run of learn or test makes it".format(name, why)

    def port():
        if not port_is_free(PORT):
            return "{} is in use; learn takes the next free one".format(PORT)
        return "{} is free".format(PORT)

    look("Python " + ".".join(map(str, sys.version_info[:3])), check_python)
    look("venv module", check_venv_module)
    look("writing", write)
    look("disk space", lambda: check_space("test", folder))
    look("package index", lambda: check_index(folder))
    look("environment", state)
    look("kernel", lambda: check_kernel(folder))
    look("port for JupyterLab", port)
    browser = find_browser()
    if browser:
        say("ok    browser for `test`: " + browser)
    else:
        say("note  no browser for `test` (learning needs none of these): " + browser_advice())
    if os.name == "nt" and len(folder) > 80:
        say("note  a long path ({}): if installing fails, move to a short folder".format(folder))
    say("\nThis machine is fit for the course." if not bad else "\nTo mend: {}".format(bad))
    say("\nThe line to paste where your instructor asks for it:\n\n" + paste_line(found))
    return 1 if bad else 0


def parser():
    """The command line."""
    top = argparse.ArgumentParser(
        prog="course.py",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = top.add_subparsers(dest="command", metavar="command")

    def add(function, text, name=None):
        name = name or function.__name__
        one = commands.add_parser(name, help=text, description=function.__doc__)
        one.set_defaults(run=function)
        return one

    one = add(learn, "open JupyterLab at the first chapter")
    one.add_argument("--port", type=int, help="port of JupyterLab (8888, or the next free one)")
    one.add_argument("--no-open", action="store_true", help="print the address, open no browser")
    one.add_argument("--notebook", metavar="PATH", help="open this notebook")
    one = add(test, "run every check")
    one.add_argument("--no-browser", action="store_true", help="leave the browser tests out")
    one.add_argument("--full", action="store_true", help="also what takes long")
    one = add(book, "build the book")
    one.add_argument("--serve", action="store_true", help="then show it on this machine")
    text = "the instructor's edition: notes, run-sheets, answers; and slides and tests"
    one.add_argument("--instructor", action="store_true", help=text)
    one.add_argument("--port", type=int, help="port for --serve (8000, or the next free one)")
    one = add(refresh, "run notebooks again and keep their text outputs")
    one.add_argument("paths", nargs="*", help="notebooks or their sources (default: all)")
    one = add(grade, "grade a folder of submitted notebooks")
    one.add_argument("submissions", metavar="SUBMISSIONS", help="the folder with the notebooks")
    one.add_argument("--out", default="grades.csv", metavar="FILE", help="grades (grades.csv)")
    one.add_argument("--overwrite", action="store_true", help="grade anew; old grades are kept")
    one.add_argument("--jobs", type=int, metavar="N", help="notebooks at a time (2)")
    one.add_argument("--seconds", type=float, metavar="S", help="limit for a notebook (120)")
    one.add_argument("--memory", type=float, metavar="GB", help="limit for a notebook (2)")
    one.add_argument("--seed", type=int, metavar="N", help="draws the inputs of functions")
    one = add(benchmark, "measure what is fast, beside what a user would pick instead")
    one.add_argument("names", nargs="*", help="files of benchmarks/, or all (default: population)")
    one.add_argument("--quick", action="store_true", help="fewer and smaller runs")
    one.add_argument("--out", metavar="FILE", help="also write the results as JSON")
    one = add(doctor, "say what is wrong with this machine")
    one.add_argument("--read", metavar="FILE", help="table what a room has pasted (- is stdin)")
    add(install_only, "make the environment and stop", "install")
    one = add(items, "how the questions of the test before and after did")
    one.add_argument("folder", metavar="FOLDER", help="the files that learners saved")
    one = add(package, "a zip for a room without a network")
    systems, pythons = SYSTEMS + ("all",), ["3.{}".format(minor) for _, minor in PYTHONS] + ["all"]
    text = ", ".join(systems) + " (default: this one)"
    one.add_argument("--platform", nargs="+", metavar="NAME", help=text, choices=systems)
    text = ", ".join(pythons) + " (default: this one)"
    one.add_argument("--python", nargs="+", metavar="3.x", help=text, choices=pythons)
    one.add_argument("--out", metavar="FILE", help="the zip to write (build/cgtlearn-course.zip)")
    return top


def stop(_signal, _frame):
    """End in order when told to, so that what was started ends too."""
    sys.exit(143)


def main(argv=None):
    """Run one command; return its exit code."""
    try:
        check_python()
        options = parser().parse_args(argv)
        if not options.command:
            parser().print_help()
            return 2
        signal.signal(signal.SIGTERM, stop)
        return options.run(options)
    except Trouble as trouble:
        problem, code = str(trouble), 1
    except KeyboardInterrupt:
        problem, code = "interrupted. The next run repairs what is half-made.", 130
    except OSError as error:
        if error.errno != errno.ENOSPC and getattr(error, "winerror", None) != 112:
            raise
        problem, code = "The disk is full. Free about 1 GB and run again.", 1
    print("course.py: " + problem, file=sys.stderr, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
