"""Build machinery, run from the repository's root as ``python -m tools.<name>``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# The tools work on this tree's package, installed or not.
if str(ROOT / "src") not in sys.path:
    sys.path.insert(0, str(ROOT / "src"))
