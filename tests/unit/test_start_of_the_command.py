"""What the script does before any command: how garbage is looked for while it runs."""

import subprocess
import sys

from guerdon.cli.start import YOUNG_MAX

ASK = """
import gc, sys
from guerdon.cli.start import start
sys.argv = ["guerdon", "--help"]
try:
    start()
except SystemExit:
    print(gc.isenabled(), gc.get_freeze_count() > 0, gc.get_threshold()[0], file=sys.stderr)
"""


def test_garbage_is_looked_for_seldom_and_never_among_what_was_loaded() -> None:
    told = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    assert told.stderr.split() == ["True", "True", str(YOUNG_MAX)]
    assert "guerdon" in told.stdout
