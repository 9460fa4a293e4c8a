"""What the pages show of a rule: its versions, its numbers as people read them, and the fields to try it with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from guerdon.core.errors import FieldErrors, GuerdonError
from guerdon.core.money import Unit, to_decimal, to_minor
from guerdon.kernel.engagement import explanation
from guerdon.kernel.engagement.errors import RuleParamDecimalError, RuleParamNumberError
from guerdon.kernel.engagement.models import Rule
from guerdon.kernel.engagement.schemas import RuleStatus
from guerdon.kernel.engagement.service import params, trying
from guerdon.kernel.identity.service.accounts import names_of
from guerdon.web.i18n import msgid
from guerdon.web.viewer import current_viewer

GRANTED = {
    "day": msgid("given before on this day"),
    "week": msgid("given before in this week"),
    "month": msgid("given before in this month"),
    "life": msgid("given before in all"),
}
IN_PARTS = msgid("In the smallest parts of the unit.")


@dataclass(frozen=True, slots=True)
class Number:
    """A parameter as people read it.

    Attributes:
        field: its name in forms.
        label: its name in words.
        group: the words of the object that it stands in, if it does.
        value: as stored.
        meant: what it stands for, if it counts in parts of 1; else None.
        unit: the end of its name that says which parts.
        before: what it was in the version that it is held against, and ``before_meant`` what that stood for.
    """

    field: str
    label: str
    group: str
    value: Any
    meant: Decimal | None
    unit: str
    before: Any = None
    before_meant: Decimal | None = None

    @property
    def hint(self) -> str:
        """In which parts it is typed, a message id."""
        return IN_PARTS if self.unit == "_minor" else ""

    @property
    def decimals(self) -> int:
        """How many decimals it is typed with; per cent are typed as they are stored."""
        return explanation.UNITS.get(self.unit, 0) if self.meant is not None and self.unit != "_percent" else 0

    @property
    def typed(self) -> Any:
        """The value as it is typed into a form."""
        return f"{self.meant.normalize():f}" if self.decimals and self.meant is not None else self.value

    @property
    def changed(self) -> bool:
        """Whether it differs from what it is held against."""
        return self.before is not None and bool(self.before != self.value)


def numbers(rule: Rule, against: Rule | None = None) -> list[Number]:
    """The parameters of a version, held against another one."""
    former = {field: value for field, _, value in params.flat(against.params)} if against else {}
    found = []
    for field, names, value in params.flat(rule.params):
        unit = next(filter(None, map(explanation.unit_of, reversed(names))), "")
        group = " ".join(map(explanation.words, names[:-1]))
        before = former.get(field)
        meant, before_meant = _meant(value, unit), _meant(before, unit)
        found.append(Number(field, explanation.words(names[-1]), group, value, meant, unit, before, before_meant))
    return found


def as_stored(numbers: Iterable[Number], sent: Mapping[str, str]) -> dict[str, str]:
    """What a form sent, with decimals as the parts of 1 that the rule counts in; empty for what is no such number."""
    found = dict(sent)
    for number in numbers:
        if number.decimals:
            whole = _whole("".join(sent.get(number.field, "").split()), number.decimals)
            found[number.field] = "" if whole is None else str(whole)
    return found


def in_decimals(error: GuerdonError, numbers: Iterable[Number]) -> GuerdonError:
    """What is wrong with numbers that are typed with decimals, told in decimals."""
    if not isinstance(error, FieldErrors):
        return error
    typed = {number.field: number.decimals for number in numbers if number.decimals}
    return FieldErrors(
        [
            RuleParamDecimalError(
                field=each.field,
                decimals=typed[each.field],
                maximum=f"{to_decimal(params.PARAM_MAX, typed[each.field]).normalize():f}",
            )
            if isinstance(each, RuleParamNumberError) and each.field in typed
            else each
            for each in error.errors
        ]
    )


def _meant(value: Any, unit: str) -> Decimal | None:
    decimals = explanation.UNITS.get(unit, 0)
    return to_decimal(value, decimals) if decimals and type(value) is int else None


@dataclass(frozen=True, slots=True)
class TrialField:
    """Something that a rule reads of a fact, to be filled in.

    Attributes:
        field: its name in the form.
        name: as the rule reads it.
        label: in words.
        unit: in which parts the rule counts it.
        choices: what it may be, if the rule looks it up.
    """

    field: str
    name: str
    label: str
    unit: str
    choices: list[str]


def trial_fields(session: Session, rule: Rule) -> list[TrialField]:
    """What one has to say of a fact, of the member and of what was given before, to try a version."""
    formulas = (rule.condition, rule.amount, *rule.multipliers)
    facts = [
        TrialField(
            f"input.{name}",
            name,
            explanation.words(name),
            explanation.unit_of(name),
            explanation.choices(name, rule.params, *formulas),
        )
        for name in explanation.reads(*formulas)
    ]
    member, counters = trying.surroundings(session, rule)
    about = [TrialField(f"member.{path}", path, explanation.words(path.replace(".", " ")), "", []) for path in member]
    counted = [TrialField(f"counters.{path}", path, _counter_words(path), "", []) for path in counters]
    granted = [
        TrialField(f"granted.{period}", period, GRANTED[period], "", []) for period in rule.caps if period in GRANTED
    ]
    return [*facts, *about, *counted, *granted]


def _counter_words(path: str) -> str:
    *names, period = path.split(".")
    return f"{explanation.words(names[-1])} ({period})"


def trial_case(fields: Iterable[TrialField], sent: Mapping[str, str], unit: Unit) -> trying.Case:
    """The case that a form describes; what is left out was nothing.

    Raises:
        FieldError: an amount is none.
    """
    parts: dict[str, list[TrialField]] = {}
    for field in fields:
        parts.setdefault(field.field.partition(".")[0], []).append(field)
    given = {field.name: sent.get(field.field, "").strip().replace(",", ".") for field in parts.get("granted", ())}
    truths = {"true": True, "false": False, "yes": True, "no": False}
    member = trial_inputs(parts.get("member", ()), sent)
    return trying.Case(
        trial_inputs(parts.get("input", ()), sent),
        {name: truths.get(str(value).lower(), value) for name, value in member.items()},
        {
            name: value
            for name, value in trial_inputs(parts.get("counters", ()), sent).items()
            if isinstance(value, int)
        },
        {period: to_minor(text, unit, field=f"granted.{period}") for period, text in given.items() if text},
    )


def trial_inputs(fields: Iterable[TrialField], sent: Mapping[str, str]) -> dict[str, Any]:
    """The inputs as the rule reads them: ``12.5`` of what counts in hundredths is 1250; what is no number is a text."""
    found: dict[str, Any] = {}
    for field in fields:
        text = sent.get(field.field, "").strip()
        if not text:
            continue
        scaled = None if field.choices else _whole(text, explanation.UNITS.get(field.unit, 0))
        found[field.name] = text if scaled is None else scaled
    return found


def _whole(text: str, decimals: int) -> int | None:
    head, point, tail = text.replace(",", ".").partition(".")
    digits = head.removeprefix("-") + tail
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18 or len(tail) > decimals or (point and not tail):
        return None
    return int(head + tail) * 10 ** (decimals - len(tail)) if head not in ("", "-") else None


@dataclass(frozen=True, slots=True)
class History:
    """A rule with all its versions, the newest first.

    Attributes:
        current: what is in force.
        words: what it says, a message id: the note of its first version.
        amount: the formula of the amount.
        authors: the names of who wrote versions.
    """

    program: str
    code: str
    versions: Sequence[Rule]
    current: Rule | None
    words: str
    amount: str
    authors: Mapping[UUID, str]

    def formula(self) -> str:
        """How the amount comes about, in the reader's words."""
        return explanation.in_words(self.amount, current_viewer().translator.gettext)

    @property
    def title(self) -> str:
        """The rule's name in words, as a message id."""
        return explanation.words(self.code).capitalize()

    @property
    def drafts(self) -> list[Rule]:
        """Versions that are not in force yet."""
        return [rule for rule in self.versions if rule.status == RuleStatus.DRAFT]

    @property
    def path(self) -> str:
        """The address of the rule's page."""
        return f"/staff/rules/{self.program}/{self.code}"


def histories(session: Session, versions: Sequence[Rule]) -> list[History]:
    """Versions, as ``rules.versions`` gives them, grouped by rule."""
    groups: dict[tuple[str, str], list[Rule]] = {}
    for rule in versions:
        groups.setdefault((rule.program, rule.code), []).append(rule)
    authors = names_of(session, {rule.created_by for rule in versions if rule.created_by})
    found = []
    for (program, code), group in groups.items():
        current = next((rule for rule in group if rule.status == RuleStatus.ACTIVE), None)
        shown = current or group[0]
        found.append(History(program, code, group, current, group[-1].note, shown.amount, authors))
    return found
