"""An export gets the name that was asked for once it is whole."""

import os
import threading
from pathlib import Path

import pytest
import typer

from guerdon.kernel.commands import OutputBrokenError, export_target


def test_a_file_is_there_once_it_is_whole(tmp_path: Path):
    file = tmp_path / "all.csv"
    with export_target(file) as target:
        target.write("a\r\n")
        assert not file.exists()
    assert file.read_bytes() == b"a\r\n"
    assert list(tmp_path.iterdir()) == [file]


def test_what_stood_there_outlives_an_export_that_breaks_off(tmp_path: Path):
    file = tmp_path / "all.csv"
    file.write_text("yesterday's")
    with pytest.raises(ZeroDivisionError), export_target(file) as target:
        target.write(str(1 // 0))
    assert file.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [file]


def test_without_a_file_it_is_printed(capsys: pytest.CaptureFixture[str]):
    with export_target(None) as target:
        target.write("a")
    assert capsys.readouterr().out == "a"


@pytest.mark.parametrize("place", [".", "missing/all.csv"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(tmp_path: Path, place: str):
    with pytest.raises(typer.BadParameter, match="cannot be written"), export_target(tmp_path / place):
        pytest.fail("there is nothing to write to")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_stays_one(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    with export_target(pipe) as target:
        target.write("a")
    reader.join(10)
    assert (read, pipe.is_fifo()) == (["a"], True)


def test_what_has_no_room_is_said_in_a_sentence():
    with (
        pytest.raises(OutputBrokenError, match="No space left on device"),
        export_target(Path("/dev/full")) as target,
    ):
        target.write("a" * 100_000)
