"""The bench says at once what it cannot measure, and not after half an hour."""

from pathlib import Path

import pytest
from bench.asked import OURS, PEERS, arguments


def program(directory: Path, number: str) -> Path:
    """One that tells a version, as TigerBeetle's does."""
    path = directory / "tigerbeetle"
    path.write_text(f"#!/bin/sh\necho 'TigerBeetle version {number}+0000000'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--only", "tigerbeetle"], "--only tigerbeetle needs --tigerbeetle PATH"),
        (["--only", "boards", "--write"], "--write writes a whole run"),
        (["--only", "everything"], "invalid choice: 'everything'"),
        (["--pgledger", "nowhere"], "/nowhere/pgledger.sql"),
        (["--tigerbeetle", "nowhere"], "/nowhere"),
        (["--tigerbeetle", "/"], "no program at /"),
        (["--tigerbeetle", "/bin/true"], "/bin/true does not tell its version"),
    ],
)
def test_what_is_missing_is_said_before_anything_is_measured(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        arguments(given)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "said"), [("0.16.78", "is of version 0.16.78"), ("0.17.0", "pip install 'tigerbeetle<=0.17.0'")]
)
def test_a_program_and_a_client_that_do_not_fit_are_named_with_what_does(
    number: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, number)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        arguments(["--tigerbeetle", "tigerbeetle"])
    assert said in capsys.readouterr().err


def test_the_page_tells_how_it_was_measured_and_no_path_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "pgledger.sql").touch()
    asked = arguments(["--pgledger", str(tmp_path), "--quick", "--only", "boards", "pgledger"])
    assert asked.command == "python -m bench --quick --only boards pgledger --pgledger PATH"
    assert list(asked.questions) == ["boards", "pgledger"]
    assert asked.missing == []


def test_a_whole_run_asks_everything_of_ours_and_names_the_peers_that_are_missing() -> None:
    asked = arguments([])
    assert list(asked.questions) == list(OURS)
    assert asked.missing == list(PEERS)
