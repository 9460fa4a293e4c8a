"""Posting reports: many requests' in one transaction, a batch's in chunks, a dry run's not at all."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from fastapi import FastAPI, Request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from guerdon.core.clock import Clock
from guerdon.core.errors import GuerdonError
from guerdon.core.json_text import encode
from guerdon.db.database import Database
from guerdon.http.access import Asker, Principal
from guerdon.http.context import header
from guerdon.http.errors import UnavailableError
from guerdon.http.grouping import Grouping, settle
from guerdon.http.problems import problem, translator
from guerdon.kernel.engagement.activities.api.cloudevents import CloudEvent, parse_event
from guerdon.kernel.engagement.activities.api.lines import LINE_BYTES_MAX, Line
from guerdon.kernel.engagement.activities.api.reporting import Report, Told, report
from guerdon.kernel.engagement.activities.api.shapes import Answers
from guerdon.kernel.engagement.activities.errors import LineTooLongError
from guerdon.kernel.engagement.explanation import Filling

Result = TypeVar("Result")
Translate = Callable[[str], str]
WORDS_MAX = 100
_encode_problem = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=str).encode
"""In ASCII, because a field name that the client made up may hold what UTF-8 cannot."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What one request brings: who asks, and an event or what is wrong with it."""

    asker: Asker
    event: CloudEvent | GuerdonError
    translate: Translate


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body."""

    status: int
    body: str


class Words:
    """Translators by what tells a reader's language, because finding one costs more than an answer does."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | None, str | None], Translate] = {}

    def of(self, request: Request) -> Translate:
        """What turns messages into the language of whoever made a request."""
        told = (header(request.scope, b"accept-language"), header(request.scope, b"cookie"))
        if told not in self._known:
            if len(self._known) >= WORDS_MAX:
                self._known.clear()
            self._known[told] = translator(request)
        return self._known[told]


class Poster:
    """What an application posts activities with.

    Args:
        app: with its ``state`` complete.
    """

    def __init__(self, app: FastAPI) -> None:
        self._clock: Clock = app.state.clock
        self._database: Database = app.state.database
        self.words = Words()
        self._formulas: dict[UUID, Filling] = {}
        self.group: Grouping[Waiting, Answer] = Grouping(self._database, app.state.admission, self._post_group)

    def _post_group(self, session: Session, requests: Sequence[Waiting]) -> list[Answer | Exception]:
        """Find out who asks, each somebody once, and record what they may."""
        people: dict[object, Principal | GuerdonError] = {}
        verdicts: list[Answer | Exception | None] = [None] * len(requests)
        reports: list[Report] = []
        places: list[int] = []
        for place, each in enumerate(requests):
            proof = each.asker.proof
            if proof not in people:
                people[proof] = _found_out(session, each.asker)
            who = people[proof]
            if isinstance(who, GuerdonError):
                verdicts[place] = who
            elif isinstance(each.event, GuerdonError):
                verdicts[place] = each.event
            else:
                reports.append(Report(each.event, who))
                places.append(place)
        answers = Answers(session, self._formulas)
        for place, told in zip(places, report(session, self._clock, reports), strict=True):
            verdicts[place] = _answer(told, answers, requests[place].translate)
        return [verdict for verdict in verdicts if verdict is not None]

    def post_lines(
        self, lines: Sequence[Line], who: Principal, translate: Translate, request_id: str | None, *, dry_run: bool
    ) -> str:
        """Post a chunk of a batch, in a transaction of its own: a verdict for each line, committed when it returns."""
        parsed = [_parsed(line) for line in lines]
        reports = [Report(event, who) for event in parsed if isinstance(event, CloudEvent)]

        def post(session: Session, items: Sequence[Report]) -> list[Answer | Exception]:
            answers = Answers(session, self._formulas)
            return [_answer(told, answers, translate, dry_run=dry_run) for told in report(session, self._clock, items)]

        posted = (
            self._without_effect(lambda session: post(session, reports))
            if dry_run
            else settle(self._database, post, reports)
        )
        verdicts = iter(posted)
        return "".join(
            _verdict(line.number, next(verdicts) if isinstance(event, CloudEvent) else event, translate, request_id)
            for line, event in zip(lines, parsed, strict=True)
        )

    def dry_run(self, asked: Waiting) -> Answer:
        """What an event would bring, without any effect.

        Raises:
            GuerdonError: why it would be refused.
        """

        def ask(session: Session) -> Answer | Exception:
            who = asked.asker.principal(session)
            if isinstance(asked.event, GuerdonError):
                return asked.event
            told = report(session, self._clock, [Report(asked.event, who)])[0]
            return _answer(told, Answers(session, self._formulas), asked.translate, dry_run=True)

        answer = self._without_effect(ask)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _without_effect(self, ask: Callable[[Session], Result]) -> Result:
        with self._database.session_factory() as session:
            try:
                return ask(session)
            finally:
                session.rollback()


def _answer(
    told: Told | GuerdonError, answers: Answers, translate: Translate, *, dry_run: bool = False
) -> Answer | GuerdonError:
    if isinstance(told, GuerdonError):
        return told
    status = 200 if dry_run or told.outcome.replayed else 201
    return Answer(status, encode(answers.document(told, translate, dry_run=dry_run)))


def _found_out(session: Session, asker: Asker) -> Principal | GuerdonError:
    try:
        return asker.principal(session)
    except GuerdonError as refusal:
        return refusal


def _parsed(line: Line) -> CloudEvent | GuerdonError:
    if line.text is None:
        return LineTooLongError(field="body", bytes_max=LINE_BYTES_MAX)
    try:
        return parse_event(line.text)
    except GuerdonError as refusal:
        return refusal


def _verdict(number: int, found: Answer | Exception, translate: Translate, request_id: str | None) -> str:
    """One line of the answer."""
    if isinstance(found, Answer):
        return f'{{"line":{number},"status":{found.status},"outcome":{found.body}}}\n'
    if not isinstance(found, GuerdonError):
        # What could not be written now says so for each of its lines: sending them again is safe.
        found = UnavailableError() if isinstance(found, SQLAlchemyError) else GuerdonError()
    document = problem(found, translate, request_id)
    return _encode_problem({"line": number, "status": found.status, "problem": document}) + "\n"
