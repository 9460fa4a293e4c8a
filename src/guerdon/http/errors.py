"""Errors of the HTTP edge itself; what a domain refuses stands in that domain's ``errors.py``."""

from guerdon.core.errors import ConflictError, FieldError, GuerdonError, PermissionDeniedError


class NotSignedInError(GuerdonError):
    """The route wants to know who asks, and nobody valid does."""

    code = "not-signed-in"
    status = 401
    message = "Nobody is signed in, or the session or token is no longer valid."
    remedy = "Sign in again, or send a valid access token."


class NotForKeysError(PermissionDeniedError):
    """An API key was used where a person has to decide, or where its scopes do not reach."""

    code = "not-for-keys"
    message = "This API key does not reach here."
    remedy = (
        "Use a key with the scope '{permission}' for what every member may do; how one signs in is changed in person."
    )


class CsrfError(PermissionDeniedError):
    """A form came without the token that only our own pages know."""

    code = "csrf-token-invalid"
    message = "This form is no longer valid."
    remedy = "Load the page again and repeat what you wanted to do."


class RateLimitedError(GuerdonError):
    """Too many attempts; ``retry_after_s`` is the time to wait."""

    code = "rate-limited"
    status = 429
    message = "Too many attempts."
    remedy = "Wait {retry_after_s} seconds and try again."


class BodyTooLargeError(GuerdonError):
    """The body has more bytes than the limit."""

    code = "body-too-large"
    status = 413
    message = "The request is larger than {limit_bytes} bytes."
    remedy = "Send less at once."


class MalformedRequestError(GuerdonError):
    """The request cannot be read at all."""

    code = "malformed-request"
    status = 400
    message = "The request could not be read."
    remedy = "Send UTF-8 text and well-formed JSON or form data, without NUL characters."


class UnsupportedMediaTypeError(GuerdonError):
    """The body has a content type that the route does not read."""

    code = "unsupported-media-type"
    status = 415
    message = "The content type of the body is not supported here."
    remedy = "Send the body as application/json."


class UnsupportedEncodingError(GuerdonError):
    """The body is compressed."""

    code = "unsupported-encoding"
    status = 415
    message = "Compressed bodies are not read here."
    remedy = "Send the body as it is, without Content-Encoding."


class RouteNotFoundError(GuerdonError):
    """No route has this path."""

    code = "route-not-found"
    status = 404
    message = "There is nothing at this address."
    remedy = "Check the address; the API is described at /api/v1/openapi.json."


class PageNotFoundError(GuerdonError):
    """No page has this path."""

    code = "page-not-found"
    status = 404
    message = "There is nothing at this address."
    remedy = "Check the address, or begin at the start page."


class MethodNotAllowedError(GuerdonError):
    """The path exists, the method does not."""

    code = "method-not-allowed"
    status = 405
    message = "This address does not accept this method."
    remedy = "Use one of the methods that the Allow header names."


class HttpError(GuerdonError):
    """Any other HTTP error that the framework raises; its status is the instance's."""

    code = "http-error"
    message = "The request cannot be answered ({status})."
    remedy = "Correct the request and send it again."

    def __init__(self, status: int) -> None:
        super().__init__(status=status)
        self.status = status  # type: ignore[misc]  # a class constant for typed errors, per instance here


class UnavailableError(GuerdonError):
    """The database does not answer, or undid the work for reasons of concurrency."""

    code = "unavailable"
    status = 503
    message = "The service is busy; nothing was changed."
    remedy = "Send the same request again in a moment."


class TextNotStorableError(FieldError):
    """Text with a NUL character or half a surrogate pair, which UTF-8 storage cannot hold."""

    code = "text-not-storable"
    status = 422
    message = "The text holds a character that cannot be stored."
    remedy = "Remove NUL characters and unpaired surrogates."


class ValueNotStorableError(GuerdonError):
    """A number or a moment beyond what a column or a calculation of the database holds."""

    code = "value-not-storable"
    status = 422
    message = "A value, or what it comes to, is beyond what can be kept. Nothing was changed."
    remedy = "Use a smaller number, or a moment nearer to today."


class ValidationProblemError(FieldError):
    """One field of a request failed validation; ``code`` says which rule."""

    code = "invalid-value"
    message = "{problem}"
    remedy = "Correct the field and send it again."

    def __init__(self, *, field: str, code: str, message: str, **params: object) -> None:
        self.code = code  # type: ignore[misc]  # stands for pydantic's rule, so it differs per instance
        self.message = message  # type: ignore[misc]  # likewise
        super().__init__(field=field, **params)


class IdempotencyKeyMissingError(GuerdonError):
    """A write that moves value came without its key."""

    code = "idempotency-key-missing"
    status = 400
    message = "This request needs an Idempotency-Key header."
    remedy = "Send a fresh random key with each new operation, and the same key when repeating one."


class IdempotencyKeyInvalidError(FieldError):
    """The key is empty, too long or holds unprintable characters."""

    code = "idempotency-key-invalid"
    message = "The Idempotency-Key is not usable."
    remedy = "Send 1 to 255 printable ASCII characters, such as a UUID."


class IdempotencyKeyReusedError(ConflictError):
    """The same key came before with another request."""

    code = "idempotency-key-reused"
    status = 422
    message = "This Idempotency-Key was used for a different request."
    remedy = "Use a new key for a new operation; repeat the old request unchanged to see its answer."


class CursorInvalidError(FieldError):
    """A page cursor that this server did not make."""

    code = "cursor-invalid"
    message = "The cursor is not one of ours."
    remedy = "Start from the first page, and pass next_cursor on unchanged."


class OverloadedError(GuerdonError):
    """More requests came at once than can be served."""

    code = "overloaded"
    status = 503
    message = "Too many people want something at this moment."
    remedy = "Try again in a moment."
