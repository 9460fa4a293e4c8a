"""Logs say where and what kind of thing went wrong, never what a row or a person said."""

import asyncio
import json
import logging
from collections.abc import Iterator

import psycopg
import pytest
import structlog

from guerdon.cli.logs import configure_logs, describe_exception
from guerdon.core.errors import NotFoundError
from guerdon.core.settings import Settings


@pytest.fixture
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def raised(error: Exception) -> Exception:
    try:
        raise error
    except type(error) as caught:
        return caught


def test_exception_keeps_type_and_place_and_drops_the_message() -> None:
    text = describe_exception(raised(ValueError("invalid literal: 'awa@example.org'")))
    assert "builtins.ValueError" in text
    assert "test_logs.py" in text
    assert "awa" not in text


def test_guerdon_error_keeps_its_code() -> None:
    text = describe_exception(raised(NotFoundError(what="awa@example.org")))
    assert "(not-found)" in text
    assert "awa" not in text


def test_causes_are_described_too() -> None:
    outer = RuntimeError("secret")
    outer.__cause__ = raised(KeyError("hidden"))
    text = describe_exception(outer)
    assert "RuntimeError" in text
    assert "KeyError" in text
    assert "hidden" not in text


def test_database_error_keeps_state_and_constraint(empty_owner_dsn: str) -> None:
    with psycopg.connect(empty_owner_dsn) as connection:
        connection.execute("CREATE TEMP TABLE people (mail text CONSTRAINT one_mail UNIQUE)")
        connection.execute("INSERT INTO people VALUES ('awa@example.org')")
        with pytest.raises(psycopg.errors.UniqueViolation) as refusal:
            connection.execute("INSERT INTO people VALUES ('awa@example.org')")
    assert "awa@example.org" in str(refusal.value)
    text = describe_exception(refusal.value)
    assert "SQLSTATE 23505" in text
    assert "one_mail" in text
    assert "awa@example.org" not in text


@pytest.mark.usefixtures("_restored_logging")
def test_json_lines_are_complete(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"), part="web")
    with structlog.contextvars.bound_contextvars(request_id="r1"):
        structlog.get_logger("guerdon.test").info("request", status=200)
        logging.getLogger("library").error("broken", exc_info=raised(ValueError("awa@example.org")))
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["status"], ours["part"], ours["request_id"]) == ("request", 200, "web", "r1")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == ("broken", "library", "error")
    assert "ValueError" in theirs["exception"]
    assert "awa" not in json.dumps(theirs)


@pytest.mark.usefixtures("_restored_logging")
def test_level_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_level="warning"), part="worker")
    structlog.get_logger("guerdon.test").info("quiet")
    structlog.get_logger("guerdon.test").warning("loud")
    said = capsys.readouterr().err
    assert "loud" in said
    assert "quiet" not in said


@pytest.mark.usefixtures("_restored_logging")
def test_lines_of_requests_are_written_together_and_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(Settings(log_format="json"), part="web")
    log = logging.getLogger("guerdon.test")

    def say(status: int) -> None:
        log.info("request", {"status": status})  # noqa: PLE1205 - fields, not values of a format

    async def answer_some() -> list[list[int]]:
        seen = []
        for _ in range(2):
            say(200)
            say(201)
            seen.append(written())
            await asyncio.sleep(0)
            seen.append(written())
        say(202)
        log.warning("broken %s", "off")
        seen.append(written())
        say(203)
        return seen

    def written() -> list[int]:
        return [json.loads(line).get("status", 0) for line in capsys.readouterr().err.splitlines()]

    assert asyncio.run(answer_some()) == [[], [200, 201], [], [200, 201], [202, 0]]
    say(204)
    assert written() == [203, 204]
