"""The ledger: balances, statements, transfers, holds."""

from guerdon.kernel.ledger import service
from guerdon.kernel.ledger.schemas import Account, Posting, SystemAccount
from support.world import World

TABLE = """
# columns: anonymous other owner partner staff admin super_admin

# kernel.ledger.api.reading
GET    /api/v1/ledger/units                                                            401 200 200 200 200 200 200
GET    /api/v1/ledger/system-accounts                                                  401 403 403 403 200 200 200
GET    /api/v1/ledger/accounts/{owner_id=owner}                                        401 403 200 403 200 200 200
GET    /api/v1/ledger/statements/{owner_id=owner}                                      401 403 200 403 200 200 200
GET    /api/v1/ledger/owners/{owner_id=owner}/transfers/{transfer_id=transfer}         401 403 200 403 200 200 200

# kernel.ledger.api.posting
POST   /api/v1/ledger/transfers                                                        401 403 403 403 403 201 201
POST   /api/v1/ledger/transfers/batch                                                  401 403 403 403 403 200 200
POST   /api/v1/ledger/owners/{owner_id=owner}/transfers/{transfer_id=transfer}/reverse 401 403 403 403 403 201 201
POST   /api/v1/ledger/adjustments                                                      401 403 403 403 403 201 201

# kernel.ledger.api.holding
POST   /api/v1/ledger/owners/{owner_id=owner}/holds                                    401 403 403 403 403 201 201
GET    /api/v1/ledger/owners/{owner_id=owner}/holds/{hold_id=hold}                     401 403 200 403 200 200 200
POST   /api/v1/ledger/owners/{owner_id=owner}/holds/{hold_id=hold}/capture             401 403 403 403 403 201 201
POST   /api/v1/ledger/owners/{owner_id=owner}/holds/{hold_id=hold}/release             401 403 403 403 403 201 201

# kernel.ledger.pages
GET    /staff/ledger/{owner_id=owner}                                                  303 403 403 403 200 200 200
POST   /staff/ledger/{owner_id=owner}/adjust                                           401 403 403 403 403 303 303
"""

SENT = {
    "POST /api/v1/ledger/transfers": {
        "debit": {"system": "issuance", "unit": "CREDIT"},
        "credit": {"owner_id": "{owner}", "unit": "CREDIT"},
        "amount": "12.50",
        "kind": "award",
    },
    "POST /api/v1/ledger/transfers/batch": {
        "transfers": [
            {
                "debit": {"system": "issuance", "unit": "CREDIT"},
                "credit": {"owner_id": "{owner}", "unit": "CREDIT"},
                "amount": "12.50",
                "kind": "award",
                "idempotency_key": "one",
            }
        ]
    },
    "POST /api/v1/ledger/owners/{owner_id}/transfers/{transfer_id}/reverse": {
        "amount": "2.50",
        "reason": "Counted twice",
    },
    "POST /api/v1/ledger/adjustments": {
        "owner_id": "{owner}",
        "unit": "CREDIT",
        "amount": "-2.50",
        "reason": "Counted twice",
    },
    "POST /api/v1/ledger/owners/{owner_id}/holds": {"unit": "CREDIT", "amount": "1.00"},
    "POST /api/v1/ledger/owners/{owner_id}/holds/{hold_id}/capture": {"amount": "1.00"},
    "POST /api/v1/ledger/owners/{owner_id}/holds/{hold_id}/release": {"amount": "1.00"},
    "POST /staff/ledger/{owner_id}/adjust": {
        "unit": "CREDIT",
        "amount": "-2.50",
        "reason": "Counted twice",
        "key": "one",
    },
}


def settle(world: World) -> None:
    """10 credits, 2 of them held, 1 given to somebody else."""
    now, things = world.clock.now(), world.things
    own = Account(world.owner, "CREDIT")
    award = Posting(SystemAccount("issuance", "CREDIT"), own, 1000, "award", "award")
    things["transfer"] = world.do(service.post, award, now).transfer_id
    things["hold"] = world.do(service.hold, own, 200, key="hold", at=now).transfer_id
    world.do(service.post, Posting(own, Account(world.people["staff"], "CREDIT"), 100, "gift", "gift"), now)
