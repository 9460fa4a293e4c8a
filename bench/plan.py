"""How much is measured: the whole, or a quick look."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Rounds and sizes.

    Attributes:
        seconds: how long a contestant of single transfers runs in each round.
        size_rounds: rounds over all batch sizes.
        size_transfers: how many transfers of each size a round posts, at most ``size_batches_max`` batches.
        large: transfers that stand on the ledger before the last question is asked.
        board_members: members on the leaderboard.
    """

    seconds: int
    single_rounds: int
    batch_rounds: int
    size_rounds: int
    size_transfers: int
    size_batches_max: int
    client_rounds: int
    large: int
    board_members: int = 1_000_000


WHOLE = Plan(
    seconds=4,
    single_rounds=7,
    batch_rounds=15,
    size_rounds=9,
    size_transfers=10_000,
    size_batches_max=150,
    client_rounds=3,
    large=5_000_000,
)
QUICK = Plan(
    seconds=2,
    single_rounds=3,
    batch_rounds=7,
    size_rounds=3,
    size_transfers=10_000,
    size_batches_max=60,
    client_rounds=2,
    large=500_000,
    board_members=100_000,
)
BATCH = 10_000
SIZES = (1, 2, 5, 10, 30, 100, 300, 1_000, 3_000, 10_000)
