"""The kernel's packages that own tables, in the order in which their SQL may refer to each other."""

from guerdon.db.migrate import Module
from guerdon.kernel.engagement.activities.service.installing import install
from guerdon.kernel.engagement.campaigns.service import installing as campaigns
from guerdon.kernel.engagement.service.recognition import install as install_recognition

KERNEL_MODULES = (
    Module("guerdon.worker", "worker"),
    Module("guerdon.http", "http"),
    Module("guerdon.kernel.ledger", "ledger"),
    Module("guerdon.kernel.identity", "identity", since="0005_access"),
    Module("guerdon.kernel.identity.people", "identity", since="0006_people", views_in=("events", "steps")),
    Module("guerdon.kernel.engagement", "engagement"),
    Module("guerdon.kernel.engagement.activities", "engagement", since="0018_former_zones", install=install),
    Module("guerdon.kernel.engagement.streaks", "engagement", since="0009_recognition", install=install_recognition),
    Module("guerdon.kernel.engagement.badges", "engagement", since="0009_recognition"),
    Module(
        "guerdon.kernel.engagement.campaigns",
        "engagement",
        since="0010_campaigns",
        install=campaigns.install,
    ),
    Module("guerdon.kernel.engagement.boards", "engagement", since="0017_cheaper_closes"),
    Module("guerdon.kernel.engagement.ladders", "engagement", since="0011_boards"),
    Module("guerdon.kernel.engagement.simulations", "engagement", since="0012_simulations"),
    Module("guerdon.kernel.admin", "admin", since="0005_access"),
    Module("guerdon.kernel.notifications", "notifications"),
)
