"""What a job is: a named function over a session and a clock, with its queue, its retries and its schedule."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from guerdon.core.errors import GuerdonError


class TaskArgumentsError(GuerdonError):
    """A task was queued with arguments that its function does not take: a mistake in the code that queued it."""

    code = "task-arguments"
    message = "The task '{task}' cannot be queued: {problem}."
    remedy = "Report this; it is a defect in Guerdon or in a program."


class TaskScheduleError(GuerdonError):
    """A task's schedule cannot be read: a mistake in the code that declares it."""

    code = "task-schedule"
    message = "The task '{task}' cannot run by '{cron}': {problem}"
    remedy = "Write five fields as cron has them, in UTC: minute, hour, day, month, day of the week."


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed job is tried again: after a wait that grows by a factor each time.

    Attributes:
        attempts_max: tries in all, the first one counted.
        wait_s: before the second try.
        factor: by which each further wait is longer.
        wait_s_max: no wait is longer.
        permanent: errors after which trying again is pointless.
    """

    attempts_max: int = 6
    wait_s: float = 5
    factor: float = 4
    wait_s_max: float = 3600
    permanent: tuple[type[BaseException], ...] = ()

    def next_wait_s(self, attempts: int, error: BaseException) -> float | None:
        """How long to wait after ``attempts`` failed tries, or ``None`` to give up."""
        if attempts >= self.attempts_max or isinstance(error, self.permanent):
            return None
        return min(self.wait_s * self.factor ** (attempts - 1), self.wait_s_max)


@dataclass(frozen=True)
class Task:
    """A kind of background job.

    A job runs in one transaction of its own and at least once: a worker that dies after the commit and before it
    could say so makes it run again. So whatever moves value in a job carries an idempotency key.

    Attributes:
        name: stable and unique, led by the package (``credits.archive``).
        run: ``(session, clock, **arguments) -> None``; annotated arguments are converted from JSON.
        queue: under which it is counted and notified.
        retry: what happens after a failure.
        cron: five fields, UTC, when the job also runs by itself, without arguments.
    """

    name: str
    run: Callable[..., None]
    queue: str = "default"
    retry: Retry = field(default_factory=Retry)
    cron: str | None = None

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        parameters = list(inspect.signature(self.run, eval_str=True).parameters.values())[2:]
        return {
            each.name: TypeAdapter(Any if each.annotation is inspect.Parameter.empty else each.annotation)
            for each in parameters
        }

    def pack(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as JSON values, checked against the function that will get them.

        Raises:
            TaskArgumentsError: one is missing, unknown, or of another type.
        """
        try:
            inspect.signature(self.run).bind(None, None, **arguments)
            packed: dict[str, Any] = to_jsonable_python(dict(arguments))
            self.unpack(packed)
        except (TypeError, ValidationError) as exc:
            raise TaskArgumentsError(task=self.name, problem=str(exc)) from exc
        return packed

    def unpack(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The values that ``pack`` was given, as the types that the function declares."""
        return {name: self._adapters[name].validate_python(value) for name, value in arguments.items()}


class TaskRegistry(Mapping[str, Task]):
    """All tasks that a worker knows, by name.

    Raises:
        ValueError: two tasks share a name.
    """

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._tasks: dict[str, Task] = {}
        for task in tasks:
            if task.name in self._tasks:
                raise ValueError(f"two tasks are named {task.name}")
            self._tasks[task.name] = task

    def __getitem__(self, name: str) -> Task:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)
