"""What goes in and out of identity's API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, Field

from guerdon.http.schemas import Schema, Text


def _address(value: object) -> object:
    return str(value) if value is not None else None


class TokenRequest(Schema):
    """What an access token is given for."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "member@example.org", "password": "correct horse battery"}]}
    )

    email: Text = Field(max_length=254)
    password: Text = Field(max_length=1000)


class AccessToken(Schema):
    """A token for the ``Authorization: Bearer`` header."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = Field(description="Seconds until it ends.")
    expires_at: datetime
    refresh_token: str = Field(description="Good for one exchange at /api/v1/identity/tokens/refresh.")


class RefreshRequest(Schema):
    """A refresh token."""

    refresh_token: Text = Field(max_length=200)


class CodeRequest(Schema):
    """Where a code is sent."""

    phone: Text = Field(max_length=40, examples=["+221771234567"])


class PhoneTokenRequest(Schema):
    """What proves a telephone number."""

    phone: Text = Field(max_length=40, examples=["+221771234567"])
    code: Text = Field(max_length=20, examples=["123456"])
    name: Text | None = Field(None, max_length=200, description="For a number that has no account yet.")


class SignUpRequest(Schema):
    """What an account shall be made of."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "member@example.org", "name": "Blue Heron", "password": "correct horse battery"}]
        }
    )

    email: Text = Field(max_length=254)
    name: Text = Field(max_length=200)
    password: Text = Field(max_length=1000)


class SignUpConfirmation(Schema):
    """The link's token, and the password chosen before."""

    token: Text = Field(max_length=200)
    password: Text = Field(max_length=1000)


class ResetRequest(Schema):
    """Whose password is forgotten."""

    email: Text = Field(max_length=254, examples=["member@example.org"])


class NewPassword(Schema):
    """The link's token, and the new password."""

    token: Text = Field(max_length=200)
    new_password: Text = Field(max_length=1000)


class LinkedAccount(Schema):
    """An account elsewhere."""

    provider: str
    email: str | None
    linked_at: datetime
    last_used_at: datetime | None


class NewKey(Schema):
    """A key to make."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Import", "scopes": ["identity:self"], "days": 90}]}
    )

    name: Text = Field(max_length=200)
    scopes: list[Text] = Field(max_length=200, description="Permissions that one has.")
    days: int = Field(90, description="How long it lives.")


class OwnKey(Schema):
    """A key, without what it is."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class Key(OwnKey):
    """A key that was just made."""

    key: str = Field(description="Shown once; for the header `Authorization: Bearer`.")


class Me(Schema):
    """Who asks, and what they may do."""

    user_id: UUID
    name: str
    roles: list[str]
    permissions: list[str]
    locale: str
    time_zone: str


class Member(Schema):
    """An account, as staff see it."""

    id: UUID
    name: str
    email: str | None
    username: str | None
    roles: list[str]
    is_active: bool
    created_at: datetime
    last_login_at: datetime | None


class NewMember(Schema):
    """An account that staff open for somebody."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"email": "member@example.org", "name": "Blue Heron", "password": "correct horse battery"}]
        }
    )

    email: Text = Field(max_length=254)
    name: Text = Field(max_length=200)
    username: Text | None = Field(None, max_length=32)
    password: Text | None = Field(None, max_length=1000, description="None: the account cannot sign in yet.")
    locale: Text = Field("en", max_length=16)
    time_zone: Text | None = Field(None, max_length=64, description="Default: the community's.")


class RoleChange(Schema):
    """Why a role is given or taken."""

    reason: Text = Field(min_length=3, max_length=500, examples=["Joined the review team"])


class OwnSession(Schema):
    """A browser in which one is signed in."""

    id: UUID
    device_info: dict[str, str] | None
    ip_address: Annotated[str | None, BeforeValidator(_address)]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
