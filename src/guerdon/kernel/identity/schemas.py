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

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIwMTk4In0.signature",
                    "token_type": "Bearer",
                    "expires_in": 900,
                    "expires_at": "2026-03-02T09:15:00Z",
                    "refresh_token": "gr_u5qXr0T0kHk3q2y2n1m6a8b4c7d9e0f1g2h3i4j5k6l",
                }
            ]
        }
    )

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


class PasswordByPhone(Schema):
    """The code that came by SMS, and the new password."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"phone": "+221771234567", "code": "123456", "new_password": "correct horse battery"}]
        }
    )

    phone: Text = Field(max_length=40)
    code: Text = Field(max_length=20)
    new_password: Text = Field(max_length=1000)


class PasswordChange(Schema):
    """The password as it is and as it shall be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"present_password": "correct horse battery", "new_password": "seven quiet herons"}]
        }
    )

    present_password: Text = Field("", max_length=1000, description="Empty where there is none yet.")
    new_password: Text = Field(max_length=1000)


class Contacts(Schema):
    """How somebody is reached, and how they can sign in."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "email": "member@example.org",
                    "email_verified_at": "2026-03-02T09:00:00Z",
                    "phone": "+221771234567",
                    "phone_verified_at": "2026-03-02T09:05:00Z",
                    "country_code": "SN",
                    "ways_in": ["password", "phone"],
                }
            ]
        }
    )

    email: str | None
    email_verified_at: datetime | None
    phone: str | None
    phone_verified_at: datetime | None
    country_code: str | None
    ways_in: list[str] = Field(description="`password`, `phone`, and the names of linked providers.")


class EmailChange(Schema):
    """A new address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "new@example.org", "present_password": "correct horse battery"}]}
    )

    email: Text = Field(max_length=254)
    present_password: Text = Field("", max_length=1000, description="Empty for an account without one.")


class EmailProof(Schema):
    """The token of the link that was sent to the new address."""

    token: Text = Field(max_length=200, examples=["u5qXr0T0kHk3q2y2n1m6a8b4c7d9e0f1g2h3i4j5k6l"])


class PhoneChange(Schema):
    """A new number."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"phone": "+221771234567", "present_password": "correct horse battery"}]}
    )

    phone: Text = Field(max_length=40)
    present_password: Text = Field("", max_length=1000, description="Empty for an account without one.")


class PhoneProof(Schema):
    """The code that was sent to a number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "+221771234567", "code": "123456"}]})

    phone: Text = Field(max_length=40)
    code: Text = Field(max_length=20)


class Closing(Schema):
    """That an account shall be closed."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"present_password": "correct horse battery", "understood": True}]}
    )

    present_password: Text = Field("", max_length=1000, description="Empty for an account without one.")
    understood: bool = Field(description="That nobody signs in to it any more.")


class ProviderStart(Schema):
    """Where the provider shall send its answer."""

    redirect_uri: Text = Field(max_length=500, examples=["org.example.app:/linked"])


class ProviderBegun(Schema):
    """Where to send the member, and what to keep meanwhile."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "authorization_url": "https://accounts.example.org/authorize?client_id=guerdon&state=…",
                    "ticket": "eyJhdCI6MTc3MjQ0MjAwMCwiZGF0YSI6e319.signature",
                }
            ]
        }
    )

    authorization_url: str
    ticket: str


class ProviderReturn(Schema):
    """What the provider sent to the redirect address, and the ticket."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ticket": "eyJhdCI6MTc3MjQ0MjAwMCwiZGF0YSI6e319.signature",
                    "state": "xyz",
                    "code": "SplxlOBeZQQYbYS6WxSb",
                }
            ]
        }
    )

    ticket: Text = Field(max_length=4000)
    state: Text = Field(max_length=2000)
    code: Text = Field(max_length=2000)


class AddressWanted(Schema):
    """Somebody new whose provider vouches for no address: they have to prove one before they get an account."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ticket": "eyJhdCI6MTc3MjQ0MjAwMCwiZGF0YSI6e319.signature", "email": "member@example.org"}]
        }
    )

    ticket: str = Field(description="For the requests by which the address is proven; good for fifteen minutes.")
    email: str | None = Field(description="What the provider named, to be offered.")


class AddressNamed(Schema):
    """The address of somebody new, and their ticket."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ticket": "eyJhdCI6MTc3MjQ0MjAwMCwiZGF0YSI6e319.signature", "email": "member@example.org"}]
        }
    )

    ticket: Text = Field(max_length=4000)
    email: Text = Field(max_length=254)


class AddressProof(AddressNamed):
    """The same, with the code that was sent there."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ticket": "eyJhdCI6MTc3MjQ0MjAwMCwiZGF0YSI6e319.signature",
                    "email": "member@example.org",
                    "code": "123456",
                }
            ]
        }
    )

    code: Text = Field(max_length=20)


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


class Change(Schema):
    """Why a role is given, or an account suspended."""

    reason: Text = Field(min_length=3, max_length=500, examples=["Joined the review team"])


class OwnSession(Schema):
    """A browser in which one is signed in."""

    id: UUID
    device_info: dict[str, str] | None
    ip_address: Annotated[str | None, BeforeValidator(_address)]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
