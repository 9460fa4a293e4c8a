"""What goes in and out of the people's part of identity's API."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from guerdon.http.schemas import Day, Schema, Text
from guerdon.kernel.identity.people.fields import REGIONS, SENEGAL

Relationship = Literal["parent", "guardian", "grandparent", "aunt_uncle", "sibling", "foster_parent"]


class ProfileOut(Schema):
    """A profile, as its owner sees it."""

    user_id: UUID
    full_name: str
    date_of_birth: date | None
    is_minor: bool = Field(description="Known to be below 18.")
    locale: str
    timezone: str
    avatar_url: str | None
    bio: str | None
    guardian_user_id: UUID | None
    relationship_type: str | None
    identity_verified_at: datetime | None
    is_profile_public: bool
    allow_contact_by_sponsors: bool
    notification_preferences: dict[str, bool]


class ProfileIn(Schema):
    """A profile as its owner wants it; what is left out takes its default."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "full_name": "Blue Heron",
                    "date_of_birth": "1990-07-31",
                    "locale": "fr-SN",
                    "timezone": "Africa/Dakar",
                    "bio": "I plant mangroves.",
                    "notification_preferences": {"email": True, "sms": False},
                }
            ]
        }
    )

    full_name: Text = Field(max_length=255)
    date_of_birth: Day | None = None
    locale: Text = Field(max_length=16)
    timezone: Text = Field(max_length=64)
    bio: Text | None = Field(None, max_length=4000)
    is_profile_public: bool = True
    allow_contact_by_sponsors: bool = True
    notification_preferences: dict[str, bool] = Field(default_factory=dict, max_length=10)


class PublicProfile(Schema):
    """What members may see of another whose profile is public."""

    user_id: UUID
    name: str
    bio: str | None
    avatar_url: str | None
    member_since: datetime


class BirthDateIn(Schema):
    """A correction by staff."""

    date_of_birth: Day
    reason: Text = Field(min_length=3, max_length=500, examples=["Passport seen at the desk"])


class AddressIn(Schema):
    """A postal address."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"type": "primary", "street_address": "12 rue Carnot", "city": "Dakar", "region": "Dakar"},
            ]
        }
    )

    type: Text = Field("primary", max_length=20, description="primary, billing or delivery.")
    street_address: Text | None = Field(None, max_length=1000)
    city: Text | None = Field(None, max_length=200)
    region: Text | None = Field(None, max_length=200, description=f"In Senegal one of: {', '.join(REGIONS[SENEGAL])}.")
    country: Text = Field("SEN", max_length=3, description="ISO 3166 alpha-3.")
    postal_code: Text | None = Field(None, max_length=20)
    is_default: bool = False


class AddressOut(Schema):
    """An address that is kept."""

    id: UUID
    type: str
    street_address: str | None
    city: str | None
    region: str | None
    country: str
    postal_code: str | None
    is_default: bool
    created_at: datetime


class GuardianRequest(Schema):
    """A minor's request."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"guardian_email": "mother@example.org", "relationship_type": "parent"}]}
    )

    guardian_email: Text = Field(max_length=254)
    relationship_type: Text = Field(max_length=50)


class GuardianshipOut(Schema):
    """How a guardianship stands."""

    id: UUID
    minor_id: UUID
    minor_name: str
    guardian_id: UUID
    guardian_name: str
    relationship_type: str
    status: Literal["requested", "consented", "refused", "withdrawn", "revoked", "ended"]
    requested_at: datetime
    consented_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    fault: str | None


class WardOut(Schema):
    """A minor, as who answers for them sees them; the look is on record."""

    user_id: UUID
    name: str
    date_of_birth: date
    avatar_url: str | None
    is_profile_public: bool


class Reason(Schema):
    """Why."""

    reason: Text = Field(min_length=3, max_length=500)


class MinorAlone(Schema):
    """A minor for whom nobody answers."""

    user_id: UUID
    name: str
    date_of_birth: date


class GuardianReview(Schema):
    """What staff should look at."""

    at_fault: list[GuardianshipOut]
    without_guardian: Annotated[list[MinorAlone], Field(description="At most 100.")]


class ConsentIn(Schema):
    """An answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"purpose": "research", "version": "2026-01", "granted": True}]}
    )

    purpose: Text = Field(max_length=40)
    version: Text = Field(max_length=40, description="Of the text that was read.")
    granted: bool


class ConsentOut(Schema):
    """A question and your last answer to it."""

    purpose: str
    version: str
    text: str
    granted: bool
    answered_at: datetime | None
    source: str | None


class ExportOut(Schema):
    """A copy of your data."""

    id: UUID
    status: Literal["queued", "ready", "fetched", "expired", "failed"]
    parts_done: int
    parts_total: int
    size_bytes: int | None
    requested_at: datetime
    ready_at: datetime | None
    fetched_at: datetime | None
    expires_at: datetime | None


class ErasureOut(Schema):
    """A wish to be forgotten."""

    status: Literal["waiting", "cancelled", "done"]
    requested_at: datetime
    due_at: datetime
    settled_at: datetime | None


class WaitingErasure(ErasureOut):
    """The same, as staff see it."""

    user_id: UUID
    name: str


class VerificationOut(Schema):
    """A proof of identity, as its owner sees it; its number is never sent back."""

    id: UUID
    id_type: str
    id_country: str
    status: Literal["pending", "approved", "rejected", "withdrawn", "expired"]
    created_at: datetime
    decided_at: datetime | None
    reason: str | None
    expires_at: datetime | None


class VerificationQueued(Schema):
    """A proof that waits for a reviewer."""

    id: UUID
    user_id: UUID
    name: str
    id_type: str
    id_country: str
    created_at: datetime
    duplicates: int = Field(description="How many other members sent in the same paper.")


class Duplicate(Schema):
    """Another member with the same paper."""

    id: UUID
    user_id: UUID
    name: str
    status: str


class VerificationLook(Schema):
    """A proof as its reviewer sees it; the look is on record."""

    id: UUID
    user_id: UUID
    name: str
    date_of_birth: date | None
    id_type: str
    id_country: str
    id_number: str
    status: str
    document_type: str | None
    duplicates: list[Duplicate]
