"""Files of contributions as spreadsheets save them: encodings, separators, decimal commas."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from guerdon.kernel.identity.models import User
from support.credits import Caller, Club
from support.http_client import Client
from support.people import PASSWORD

IMPORT = "/api/v1/credits/import"
PAGE = "/staff/credits/exchange"
HEAD = "type;member_email;description;estimated_value;activity;hours;date"
ROW = "item_donation;awa@example.org;Vélo d'enfant, à réparer;1 250,50;;;"
FRENCH = f"{HEAD}\n{ROW}\n"
GIVEN = "SELECT value_json ->> 'description', value_json ->> 'estimated_value' FROM contributions"
READ = [("Vélo d'enfant, à réparer", "1250.50")]


@pytest.fixture
def staff(club: Club, api: Callable[..., Caller]) -> Caller:
    club.person("awa")
    return api("zoe", "staff")


@pytest.fixture
def zoe(whole_app: FastAPI, club: Club, person: Callable[..., User]) -> Client:
    """A browser of staff."""
    club.person("awa")
    person("zoe", "staff")
    client = Client(whole_app, page=True)
    assert client.submit("/sign-in", email="zoe@example.org", password=PASSWORD).status_code == 303
    return client


def send(client: Caller, content: bytes, **form: str) -> Any:
    return client.post(IMPORT, files={"file": ("in.csv", content, "text/csv")}, data=form)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (FRENCH.encode(), {}),
        (FRENCH.encode("utf-16"), {}),
        (FRENCH.replace(";", "\t").encode("utf-16"), {}),
        (FRENCH.encode("cp1252"), {"encoding": "windows-1252"}),
        (FRENCH.encode("mac_roman"), {"encoding": "macintosh"}),
        (FRENCH.encode("utf-16-le"), {"encoding": "utf-16"}),
    ],
    ids=["utf-8", "utf-16", "unicode text of Excel", "windows", "mac", "utf-16 without its mark"],
)
def test_what_spreadsheets_save_is_read(club: Club, staff: Caller, content: bytes, form: dict[str, str]) -> None:
    answer = send(staff, content, **form)
    assert (answer.status_code, answer.json().get("imported")) == (200, 1), answer.text
    assert answer.json()["encoding"] == form.get("encoding", answer.json()["encoding"])
    assert club.sql(GIVEN) == READ


def test_a_program_has_to_name_an_encoding_that_can_only_be_guessed(club: Club, staff: Caller) -> None:
    before = club.snapshot()
    guessed = send(staff, FRENCH.encode("cp1252"))
    assert (guessed.status_code, guessed.json()["code"], guessed.json()["field"]) == (
        422,
        "import-encoding-unsure",
        "encoding",
    )
    assert "Windows-1252" in guessed.json()["detail"]
    assert "windows-1252" in guessed.json()["remedy"]
    other = send(staff, FRENCH.encode("cp1252"), encoding="utf-8")
    assert (other.status_code, other.json()["code"]) == (422, "import-not-of-encoding")
    assert send(staff, FRENCH.encode(), encoding="ebcdic").status_code == 422
    assert club.snapshot() == before


@pytest.mark.parametrize(
    ("delimiter", "number", "read"),
    [
        (";", "12,5", "12.50"),
        (";", "12.5", "12.50"),
        (";", "1,250", "1.25"),
        ("\t", "12,5", "12.50"),
        ("\t", "1,250", None),  # a thousand in one country, one and a quarter in another
        (",", '"12,5"', None),
    ],
)
def test_decimal_commas_are_read_where_they_can_be_meant(
    club: Club, staff: Caller, delimiter: str, number: str, read: str | None
) -> None:
    before = club.snapshot()
    header = "type;member_email;description;estimated_value"
    row = f"item_donation;awa@example.org;Tent;{number}"
    answer = send(staff, f"{header}\n{row}\n".replace(";", delimiter).encode())
    if read is None:
        assert answer.status_code == 422
        assert [each["column"] for each in answer.json()["report"]["faults"]] == ["estimated_value"]
        assert club.snapshot() == before
    else:
        assert answer.status_code == 200, answer.text
        assert float(club.sql(GIVEN)[0][1]) == float(read)


def fields_on(page: str, button: str) -> dict[str, str]:
    """The hidden fields of the form with that button."""
    form = next(each for each in re.findall(r"<form.*?</form>", page, re.S) if button in each)
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


def test_people_look_at_what_was_guessed_before_it_comes_in(club: Club, zoe: Client) -> None:
    upload = {"file": ("dons.csv", FRENCH.encode("cp1252"), "text/csv")}
    token = zoe.form_token(PAGE)
    looked = zoe.post(PAGE, data={"csrf_token": token, "act": "import"}, files=upload)
    assert looked.status_code == 200
    assert "As Windows-1252, with semicolons between the cells." in looked.text
    assert "are the accents right?" in looked.text
    assert "Vélo d&#39;enfant, à réparer" in looked.text
    assert '<option value="" selected>Recognise it</option>' in looked.text  # for the next file, whatever it is
    assert club.sql(GIVEN) == []
    taken = zoe.post(PAGE, data={**fields_on(looked.text, "Import them now"), "act": "import"})
    assert (taken.status_code, taken.headers["location"]) == (303, "/staff/credits")
    assert club.sql(GIVEN) == READ


def test_people_choose_another_encoding_and_see_what_comes_of_it(club: Club, zoe: Client) -> None:
    upload = {"file": ("dons.csv", FRENCH.encode("cp1252"), "text/csv")}
    token = zoe.form_token(PAGE)
    wrong = zoe.post(PAGE, data={"csrf_token": token, "act": "check", "encoding": "ibm850"}, files=upload)
    assert "Vélo" not in wrong.text
    again = {**fields_on(wrong.text, "Read it again"), "act": "check", "other": "windows-1252"}
    right = zoe.post(PAGE, data=again)
    assert "Vélo d&#39;enfant, à réparer" in right.text
    assert "are the accents right?" not in right.text  # they were asked, and said
    refused = zoe.post(PAGE, data={**again, "other": "utf-8"})
    assert refused.status_code == 422
    assert "The file is not UTF-8." in refused.text
    assert club.sql(GIVEN) == []
