"""What the script does before any command: how garbage is looked for, and what of a broken program is said."""

import os
import subprocess
import sys
from pathlib import Path

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


def test_a_program_that_cannot_be_let_in_is_told_in_two_lines(tmp_path: Path) -> None:
    metadata = tmp_path / "mill-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mill\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[guerdon.programs]\nmill = os.path:join\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "guerdon.cli", "version"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    first, second = told.stderr.splitlines()
    assert first.startswith("Error: The program 'mill' cannot be used: The entry point of that name")
    assert second.startswith("Correct it where the program says what it brings")
