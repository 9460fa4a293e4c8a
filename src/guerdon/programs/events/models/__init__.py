"""Tables of the events program, by what they are about. Points and badges are views on the kernel's tables."""

from guerdon.programs.events.models.attendance import (
    Attendance,
    AttendanceStatus,
    Award,
    CheckInMethod,
    Connection,
    ConnectionStatus,
    Result,
)
from guerdon.programs.events.models.events import SCHEMA, Event, EventStatus, EventType, Series
from guerdon.programs.events.models.keeping import CalendarFeed, ConnectionBlock
from guerdon.programs.events.models.registrations import (
    LIVE,
    Invitation,
    InvitationLink,
    Payment,
    PaymentKind,
    PaymentState,
    PaymentStatus,
    Registration,
    RegistrationStatus,
    Ticket,
)

__all__ = [
    "LIVE",
    "SCHEMA",
    "Attendance",
    "AttendanceStatus",
    "Award",
    "CalendarFeed",
    "CheckInMethod",
    "Connection",
    "ConnectionBlock",
    "ConnectionStatus",
    "Event",
    "EventStatus",
    "EventType",
    "Invitation",
    "InvitationLink",
    "Payment",
    "PaymentKind",
    "PaymentState",
    "PaymentStatus",
    "Registration",
    "RegistrationStatus",
    "Result",
    "Series",
    "Ticket",
]
