"""A form as it was sent, whatever its fields: for pages that check it themselves and show it again when it is wrong."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from guerdon.web import once

OWN_FIELDS = ("csrf_token", once.FIELD)
"""What every form carries, and nobody typed."""
_FILES_MAX = 20
_FIELDS_MAX = 2000


class Sent(dict[str, str]):
    """Field → text, without surrounding space, empty fields and the form's own; the first where one name came twice.

    So an optional field of a pydantic model that was left empty takes its default, and a required one is missing.

    Args:
        form: what was parsed.
    """

    def __init__(self, form: FormData) -> None:
        self._form = form
        super().__init__({name: texts[0] for name in form if name not in OWN_FIELDS and (texts := self.many(name))})

    def many(self, name: str) -> list[str]:
        """Every text under a name, such as the boxes that were ticked."""
        texts = (value.strip() for value in self._form.getlist(name) if isinstance(value, str))
        return [text for text in texts if text]

    def files(self, name: str) -> list[UploadFile]:
        """The files under a name; an input without a file counts for none. Read them with ``upload.file.read()``."""
        return [value for value in self._form.getlist(name) if isinstance(value, UploadFile) and value.filename]


async def sent_form(request: Request) -> AsyncIterator[Sent]:
    """Dependency: the form of this request; its files are closed after the answer."""
    async with request.form(max_files=_FILES_MAX, max_fields=_FIELDS_MAX) as form:
        yield Sent(form)


SentForm = Annotated[Sent, Depends(sent_form)]
"""``def create(request: Request, sent: SentForm, …)``."""
