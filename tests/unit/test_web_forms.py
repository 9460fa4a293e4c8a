"""Forms that come back: values kept, errors named in the reader's language, ties that a screen reader follows."""

from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from guerdon.core.errors import FieldError, FieldErrors
from guerdon.core.money import AmountNotDecimalError
from guerdon.http.schemas import DecimalText, Text
from guerdon.http.validation import field_errors
from guerdon.web.forms import FORM, FormState, form_errors, validation_errors
from guerdon.web.render import TEMPLATES
from guerdon.web.sent import SentForm
from support.pages import Browser, frame_app, reading


class Gift(BaseModel):
    title: str = Field(min_length=1, max_length=5)
    amount: Decimal = Field(gt=0, max_digits=12, decimal_places=2)
    kind: Literal["items", "money"]
    count: int
    email: str = "a@b"

    @field_validator("email")
    @classmethod
    def _mail(cls, value: str) -> str:
        if "@" not in value:
            raise ValueError("Write at most {max_length} characters.")
        return value


class Limited(BaseModel):
    hours: Annotated[DecimalText, Field(le=Decimal("24.5"))]
    reason: Annotated[Text, Field(max_length=5)]


def refused(**values):
    with pytest.raises(ValidationError) as caught:
        Gift.model_validate(values)
    return caught.value


def test_pydantic_speaks_french():
    error = refused(title="too long", amount="-1", kind="cow", email="x")
    with reading("fr") as viewer:
        assert form_errors(error, viewer.translator) == {
            "title": "Écrivez 5 caractères au plus.",
            "amount": "Saisissez un nombre supérieur à 0.",
            "kind": "Choisissez une des options proposées.",
            "count": "Ce champ est à remplir.",
            "email": "Écrivez {max_length} caractères au plus.",
        }


def test_an_empty_text_is_a_missing_one_and_a_kind_without_sentence_still_has_one():
    with reading() as viewer:
        texts = form_errors(refused(title="", amount="x", kind="items", count="1.5"), viewer.translator)
        other = validation_errors([{"loc": ("body", "a", 0), "type": "strange", "msg": "?"}], viewer.translator)
    assert texts["title"] == "This has to be filled in."
    assert texts["amount"] == texts["count"] == "Enter a number."
    assert other == {"a.0": "This value cannot be accepted."}


def test_a_text_that_another_validator_saw_is_still_counted_in_characters():
    class Note(BaseModel):
        note: Text = Field(min_length=3, max_length=5)
        tags: list[Text] = Field(min_length=1)

    with pytest.raises(ValidationError) as short:
        Note(note="x", tags=[])
    with pytest.raises(ValidationError) as long:
        Note(note="much longer", tags=["a"])
    with reading() as viewer:
        assert form_errors(short.value, viewer.translator) == {
            "note": "Write at least 3 characters.",
            "tags": "Choose at least 1.",
        }
        assert form_errors(long.value, viewer.translator) == {"note": "Write at most 5 characters."}
    told = field_errors(short.value.errors()).errors + field_errors(long.value.errors()).errors
    assert [(each.field, each.code) for each in told] == [
        ("note", "string-too-short"),
        ("tags", "too-short"),
        ("note", "string-too-long"),
    ]


def test_limits_of_wrapped_types_are_told_as_people_write_them():
    with pytest.raises(ValidationError) as caught:
        Limited.model_validate({"hours": "25", "reason": "longer"})
    with reading("fr") as viewer:
        assert form_errors(caught.value, viewer.translator) == {
            "hours": "Saisissez 24.5 ou moins.",
            "reason": "Écrivez 5 caractères au plus.",
        }


def test_our_own_errors_say_what_to_do():
    several = FieldErrors([AmountNotDecimalError(field="value.amount", value="x"), FieldError(problem="odd")])
    with reading() as viewer:
        texts = form_errors(several, viewer.translator)
    assert texts["value.amount"].startswith("'x' is not a decimal number. Send the amount")
    assert "odd" in texts[FORM]


def test_choices():
    state = FormState({"kind": "items", "days": ["mon", "tue"], "none": None})
    assert state.chosen("kind", "items")
    assert not state.chosen("kind", "item")
    assert state.chosen("days", "tue")
    assert state.chosen("missing", 3, default=3)
    assert not state.chosen("none", "None")
    assert state.value("none", "x") == "x"


def drawn(source: str, state: FormState, locale: str = "en") -> str:
    head = '{% import "components/forms.html" as f %}'
    with reading(locale):
        return TEMPLATES.environment.from_string(head + source).render(state=state)


def test_a_field_is_tied_to_its_label_hint_and_error():
    state = FormState({"value.hours": '3"><script>'}, {"value.hours": "Enter a number."})
    page = drawn("{{ f.number_field(state, 'value.hours', 'Hours', hint='In all', required=true) }}", state)
    assert '<label class="field__label" for="f-value-hours">Hours</label>' in page
    assert 'aria-describedby="f-value-hours-hint f-value-hours-error" aria-invalid="true"' in page
    assert 'id="f-value-hours-hint"' in page
    assert 'id="f-value-hours-error"' in page
    assert "<script>" not in page


def test_the_summary_leads_to_each_field_and_the_token_travels_along():
    state = FormState({}, {"day": "No.", FORM: "All wrong."})
    page = drawn("{% call f.form('/x', state) %}{{ f.date_field(state, 'day', 'Day') }}{% endcall %}", state, "fr")
    assert "2 points sont à corriger" in page
    assert '<a href="#f-day">Day</a>: No.' in page
    assert "<li>All wrong.</li>" in page
    assert '<input type="hidden" name="csrf_token" value="the-token">' in page
    assert "(facultatif)" in page
    assert page.index("All wrong.") < page.index('id="f-day"')


def test_a_password_never_comes_back():
    page = drawn("{{ f.text_field(state, 'p', 'Password', type='password') }}", FormState({"p": "hunter2"}))
    assert "hunter2" not in page


def test_a_sent_form_is_read_without_gaps_and_token():
    app = frame_app()

    @app.post("/sent")
    def read(sent: SentForm):
        photos = [(photo.filename, photo.file.read().decode()) for photo in sent.files("photos")]
        return {"values": sent, "ids": sent.many("ids"), "photos": photos}

    data = {"title": " Coats ", "day": "", "csrf_token": "x", "ids": ["1", "", "2"], "note": "  "}
    files = [("photos", ("a.png", b"one")), ("photos", ("b.png", b"two"))]
    answer = Browser(app).post("/sent", data=data, files=files).json()
    assert answer["values"] == {"title": "Coats", "ids": "1"}
    assert answer["ids"] == ["1", "2"]
    assert answer["photos"] == [["a.png", "one"], ["b.png", "two"]]
    empty = b'--x\r\nContent-Disposition: form-data; name="photos"; filename=""\r\n\r\n\r\n--x--\r\n'
    sent = Browser(app).post("/sent", content=empty, headers={"content-type": "multipart/form-data; boundary=x"})
    assert sent.json() == {"values": {}, "ids": [], "photos": []}
