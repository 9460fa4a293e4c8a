"""What goes into the recording of activities and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType, UnionType
from typing import Any, NamedTuple
from uuid import UUID

from guerdon.core.errors import GuerdonError
from guerdon.kernel.ledger.schemas import Posting, Reference

Property = int | str | bool | list[int] | list[str] | list[bool]
"""What a property of a fact may be."""


class Period(StrEnum):
    """Over what counters and caps run. Weeks are ISO weeks, from Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    LIFE = "life"


NOTHING: Mapping[str, Any] = MappingProxyType({})
"""An empty document that nobody can write into."""
LIFE_START = date.min
"""``period_start`` of a whole life."""


class Aggregate(StrEnum):
    """How a metric counts."""

    COUNT = "count"
    SUM = "sum"
    DISTINCT = "distinct"
    MAX = "max"
    EARNED = "earned"


class Zone(StrEnum):
    """By whose clock days, weeks and months begin."""

    COMMUNITY = "community"
    MEMBER = "member"


@dataclass(frozen=True, slots=True)
class ActivityKind:
    """A kind of fact that a program knows.

    Attributes:
        name: the program's name, a dot and a word of its own: ``events.attended``.
        title: message id; what a member reads.
        properties: type of each property by name: ``int``, ``str``, ``bool``, ``list``; ``int | None`` may be left out.
        outside: machines and staff may report it over HTTP; otherwise only programs record it.
        by_member: members may report it about themselves over HTTP.
        words: what pages make of the names of its properties, as message ids, so that catalogues have them.
    """

    name: str
    title: str
    properties: Mapping[str, type | UnionType] = field(default_factory=dict)
    outside: bool = False
    by_member: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricSeed:
    """A metric, put in when a program is installed.

    Attributes:
        code: unique within its program; letters, digits and underscores, because expressions read it.
        title: message id.
        activity_kinds: which facts it counts.
        aggregate: how; ``earned`` exists for every unit by itself.
        property: of which property, for ``sum``, ``distinct`` and ``max``.
        condition: CEL over ``activity``; only facts for which it holds count.
        zone: by whose clock days, weeks and months begin.
    """

    code: str
    title: str
    activity_kinds: tuple[str, ...]
    aggregate: Aggregate = Aggregate.COUNT
    property: str | None = None
    condition: str = "true"
    zone: Zone = Zone.COMMUNITY


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a member did, or that happened to them.

    Attributes:
        owner_id: the member.
        program: whose kind it is.
        kind: registered name, such as ``events.attended``.
        happened_at: aware.
        properties: as the kind has them.
        key: idempotency key, up to 255 characters, unique for the member for ever.
        actor_id: who says so, if a person does.
        source: where it came from: ``program``, or what a machine calls itself.
        reference: what it is about.
    """

    owner_id: UUID
    program: str
    kind: str
    happened_at: datetime
    properties: Mapping[str, Property]
    key: str
    actor_id: UUID | None = None
    source: str = "program"
    reference: Reference | None = None


class Award(NamedTuple):
    """What a rule granted for a fact.

    Attributes:
        amount_minor: in all; ``boosts`` says what of it campaigns gave.
        multiplier_bp: what multipliers came to together, 10000 if there were none.
        capped: whether a period's cap left less than the rule would have given.
        transfer_ids: on the ledger.
        due_at: until then it is pending; None if it is available.
        inputs: what the rule read besides the fact's properties.
    """

    program: str
    rule: str
    version: int
    rule_id: UUID
    unit: str
    amount_minor: int
    multiplier_bp: int = 10_000
    capped: str | None = None
    transfer_ids: tuple[UUID, ...] = ()
    due_at: datetime | None = None
    boosts: Mapping[str, int] = NOTHING
    inputs: Mapping[str, Any] = NOTHING


class NotAwarded(NamedTuple):
    """Why a rule granted nothing for a fact.

    Attributes:
        rule: its code.
        reason: machine-readable, one of ``refusals.REASONS``.
        params: what fills the placeholders of the reason's words.
    """

    program: str
    rule: str
    reason: str
    params: Mapping[str, Any] = NOTHING


class CounterChange(NamedTuple):
    """A counter that a batch advanced, once for each, from before the batch to after it.

    Attributes:
        at: when it was reached: when the last fact happened that moved it, also if that was before the batch.
    """

    owner_id: UUID
    metric_id: int
    period: str
    period_start: date
    before: int
    after: int
    at: datetime


class Recorded(NamedTuple):
    """A fact that was accepted, with its id."""

    activity_id: UUID
    fact: Fact


@dataclass(frozen=True, slots=True)
class Batch:
    """What followers get to see, after counters have advanced and before activities are written.

    Attributes:
        facts: those accepted, in the order of recording; empty when value was earned without a fact.
        changes: counters that advanced and that a follower looks at, by owner, metric, period and its start.
        members: whom any of it is about, in the order of their ids; their rows are locked if there are facts.
        community_zone: IANA name.
        withdrawn: whether this follows the withdrawal of activities: counters may have fallen.
        revision: of what is in force, where it is known already; whoever looks at definitions is spared asking.
        unrewarded: badges and streaks follow and give nothing, because members had their rewards in another system.
    """

    facts: Sequence[Recorded]
    changes: Sequence[CounterChange]
    members: Sequence[UUID]
    community_zone: str
    withdrawn: bool = False
    revision: UUID | None = None
    unrewarded: bool = False


@dataclass(frozen=True, slots=True)
class Reward:
    """Something that a follower gives, posted with all the others'.

    Attributes:
        posting: with a key of its own, unique for the member for ever.
        document: for the outcome, such as ``{"badge": "explorer", "level": 2}``; id of the transfer is added.
    """

    posting: Posting
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Consequences:
    """What a follower makes of a batch.

    Attributes:
        rewards: to be posted. What they add to ``earned`` counters is seen by the followers that come later.
        documents: by member, then by name (``badges``, ``streaks``, ``tiers``, ``ranks``): what outcomes say; kept with
            the member's last fact of the batch.
    """

    rewards: list[Reward] = field(default_factory=list)
    documents: dict[UUID, dict[str, list[Any]]] = field(default_factory=dict)


FOLLOWED = ("badges", "streaks", "tiers", "ranks", "rewards")
"""Under what names followers tell what followed."""


@dataclass(slots=True)
class Outcome:
    """What became of a fact.

    Attributes:
        activity_id: None if it was refused.
        replayed: the same fact was recorded before; everything else is as it was answered then.
        refused: why nothing was recorded.
        counters: lifetime value of each metric that it advanced: ``{"events.attended": 5}``.
        followed: what else followed, by the names of ``FOLLOWED``; of most facts nothing does.
    """

    activity_id: UUID | None
    replayed: bool = False
    refused: GuerdonError | None = None
    awards: list[Award] = field(default_factory=list)
    not_awarded: list[NotAwarded] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    followed: dict[str, list[Any]] | None = None

    def tell(self, documents: Mapping[str, Sequence[Any]]) -> None:
        """Add what followers say, by the names of ``FOLLOWED``."""
        self.followed = self.followed or {}
        for name, found in documents.items():
            self.followed.setdefault(name, []).extend(found)

    def told(self, name: str) -> list[Any]:
        """What followers said under one of the names of ``FOLLOWED``."""
        return (self.followed or {}).get(name, [])

    @property
    def badges(self) -> list[Any]:
        """Badges that were earned, or lost."""
        return self.told("badges")

    @property
    def streaks(self) -> list[Any]:
        """Streaks that were led on."""
        return self.told("streaks")

    @property
    def tiers(self) -> list[Any]:
        """Tiers that were reached, or left."""
        return self.told("tiers")

    @property
    def ranks(self) -> list[Any]:
        """Ranks on leaderboards."""
        return self.told("ranks")

    @property
    def rewards(self) -> list[Any]:
        """What badges and streaks gave."""
        return self.told("rewards")
