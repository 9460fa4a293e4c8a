"""CSV in and out: every fault named by row and column, all or what is right, and nothing twice."""

import csv
import io
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from guerdon.programs.credits.service import currencies, reviewing, submitting
from support.credits import Caller, Club, hours, item, money

IMPORT = "/api/v1/credits/import"
EXPORT = "/api/v1/credits/export"
Api = Callable[..., Caller]
HEAD = (
    "type,member_email,description,estimated_value,condition,amount,currency,payment_method,transaction_id,"
    "activity,hours,date,supervisor,notes"
)
TENT = "item_donation,awa@example.org,Tent,50.00,good,,,,,,,,,"
CASH = "money,awa@example.org,,,,50.00,USD,cash,C-1,,,,,"
GARDEN = "volunteer_hours,ibis@example.org,,,,,,,,Garden,3,2026-03-01,A. Diop,"


def table(*lines: str) -> bytes:
    return "\n".join((HEAD, *lines)).encode()


def send(client: Caller, content: bytes, **form: str) -> Any:
    return client.post(IMPORT, files={"file": ("in.csv", content, "text/csv")}, data=form)


def faults(answer: Any) -> list[tuple[int, str]]:
    body = answer.json()
    return [(each["row"], each["column"]) for each in body.get("report", body)["faults"]]


@pytest.fixture
def people(club: Club) -> dict[str, UUID]:
    return {name: club.person(name) for name in ("awa", "ibis")}


@pytest.fixture
def staff(api: Api, people: dict[str, UUID]) -> Caller:
    return api("zoe", "staff")


def test_each_row_is_submitted_in_its_members_name(club: Club, staff: Caller, people: dict[str, UUID]) -> None:
    answer = send(staff, table(TENT, CASH, "", GARDEN))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "encoding": "utf-8",
        "rows": 3,
        "imported": 3,
        "all_or_nothing": True,
        "dry_run": False,
        "faults": [],
    }
    assert club.sql(
        "SELECT u.name, c.type::text, c.status::text, c.calculated_credits::text FROM contributions c"
        " JOIN users u ON u.id = c.user_id ORDER BY c.type"
    ) == [
        ("Awa", "item_donation", "pending", "4.00"),
        ("Awa", "money", "pending", "10.00"),
        ("Ibis", "volunteer_hours", "pending", "6.00"),
    ]
    ((actor, new),) = club.sql(
        "SELECT actor_user_id, new_values FROM admin.audit_logs WHERE action = 'credits.contributions_imported'"
    )
    assert (actor, new["imported"]) == (staff.user_id, 3)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + table(TENT),
        table(TENT).replace(b"\n", b"\r\n"),
        table(TENT).replace(b",", b";"),
        table('item_donation,AWA@Example.org,"Tent,\n""Coleman""",50.00,good,,,,,,,,,'),
        b"member_email,type,estimated_value,description\nawa@example.org,item_donation,50.00,Tent\n",
        b" type , member_email ,description,estimated_value\n item_donation , awa@example.org , Tent , 50.00 \n",
    ],
    ids=["BOM", "CRLF", "semicolons", "quoted", "other columns", "spaces"],
)
def test_shapes_that_are_read(club: Club, staff: Caller, content: bytes) -> None:
    answer = send(staff, content)
    assert (answer.status_code, answer.json().get("imported")) == (200, 1), answer.text


def test_numbers_as_a_french_spreadsheet_writes_them(club: Club, staff: Caller) -> None:
    rows = [
        "type;member_email;description;estimated_value;activity;hours;date",
        "item_donation;awa@example.org;Tente, 4 places;1\u202f250,50;;;",
        "volunteer_hours;ibis@example.org;;;Jardin;2,5;2026-03-01",
    ]
    answer = send(staff, "\n".join(rows).encode())
    assert answer.status_code == 200, answer.text
    assert club.sql(
        "SELECT coalesce(value_json ->> 'estimated_value', value_json ->> 'hours'), value_json ->> 'description'"
        " FROM contributions ORDER BY type"
    ) == [("1250.50", "Tente, 4 places"), ("2.5", None)]
    refused = send(staff, table(GARDEN).replace(b",3,", b',"2,75",'))
    assert refused.json()["report"]["faults"][0]["column"] == "hours"  # commas part the cells of this file


def test_a_line_break_in_a_cell_arrives(club: Club, staff: Caller) -> None:
    send(staff, table('item_donation,awa@example.org,"Tent,\n""Coleman""",50.00,good,,,,,,,,,'))
    assert club.sql("SELECT value_json ->> 'description' FROM contributions") == [('Tent,\n"Coleman"',)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"PK\x03\x04 and more",
        table(TENT).decode().encode("utf-32"),
        b"member_email,description\n",
        b"type,member_email,price\n",
        b"type,member_email,type\n",
        b"%PDF-1.7\n\x00\x01",
        table('item_donation,awa@example.org,"Tent'),
        b"x" * (8 * 1024 * 1024 + 1),
        table(*[TENT] * 10_001),
    ],
    ids=[
        "nothing",
        "lines",
        "workbook",
        "utf-32",
        "no type",
        "unknown",
        "twice",
        "pdf",
        "open quote",
        "8 MB",
        "10,001",
    ],
)
def test_files_that_are_none(club: Club, staff: Caller, content: bytes) -> None:
    before = club.snapshot()
    for form in ({}, {"all_or_nothing": "false"}):
        answer = send(staff, content, **form)
        assert answer.status_code == 422, answer.text
        assert answer.json()["code"].startswith("import-"), answer.text
        assert answer.json()["field"] == "file"
    assert club.snapshot() == before


WRONG = [
    (TENT.replace("awa@", "nobody@"), "member_email"),
    (TENT.replace("awa@example.org", ""), "member_email"),
    (TENT.replace("50.00", "fifty"), "estimated_value"),
    (TENT.replace("50.00", "1e3"), "estimated_value"),
    (TENT.replace("50.00", ""), "estimated_value"),
    (TENT.replace("good", "broken"), "condition"),
    (TENT.replace("item_donation", "kindness"), "type"),
    (TENT.replace("item_donation", ""), "type"),
    (CASH.replace("USD", "EUR"), "currency"),
    (CASH.replace("50.00", "50.001"), "amount"),
    (CASH.replace("cash", "barter"), "payment_method"),
    (GARDEN.replace(",3,", ",25,"), "hours"),
    (GARDEN.replace("2026-03-01", "2026-13-01"), "date"),
    (GARDEN.replace("2026-03-01", "2027-01-01"), "date"),
    (TENT + ",,,more", ""),
]


def test_every_fault_is_named(club: Club, staff: Caller) -> None:
    before = club.snapshot()
    answer = send(staff, table(TENT, *(line for line, _ in WRONG)))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "import-refused"
    assert faults(answer) == [(number, column) for number, (_, column) in enumerate(WRONG, start=3)]
    assert answer.json()["report"]["imported"] == 0
    assert all(each["problem"] and "{" not in each["problem"] for each in answer.json()["report"]["faults"])
    assert club.snapshot() == before


def test_an_amount_is_bounded_by_what_it_is_worth(club: Club, staff: Caller) -> None:
    since = club.clock.now()
    club.do(currencies.set_rate, "IDR", Decimal("0.00006"), valid_from=since, actor_id=staff.user_id)
    rows = [CASH.replace("50.00,USD,cash,C-1", f"{amount},IDR,cash,C-{amount}") for amount in (15000000, 10**13)]
    answer = send(staff, table(*rows), all_or_nothing="false")
    assert faults(answer) == [(3, "amount")]
    assert club.sql("SELECT calculated_credits::text FROM contributions") == [("180.00",)]


def test_a_transaction_number_holds_nothing_that_cannot_be_seen(club: Club, staff: Caller) -> None:
    answer = send(staff, table(CASH, CASH.replace("C-1", "C\u200b-1")))
    assert faults(answer) == [(3, "transaction_id")]
    assert club.sql("SELECT count(*) FROM contributions") == [(0,)]


def test_several_faults_of_one_row(staff: Caller) -> None:
    answer = send(staff, table("volunteer_hours,awa@example.org,,,,,,,,,25,never,,"))
    assert faults(answer) == [(2, "activity"), (2, "hours"), (2, "date")]
    answer = send(staff, table("volunteer_hours,nobody@example.org,,,,,,,,Garden,25,2026-03-01,,"))
    assert faults(answer) == [(2, "member_email"), (2, "hours")]


@pytest.mark.parametrize(
    "line", [TENT.replace("Tent", '"Tent" new'), TENT.replace("Tent", '"Tent'), TENT.replace("Tent", "x" * 140_000)]
)
def test_a_row_that_is_no_csv_is_numbered(club: Club, staff: Caller, line: str) -> None:
    before = club.snapshot()
    answer = send(staff, table(TENT, "", line))
    assert (answer.status_code, answer.json()["code"]) == (422, "import-row-unreadable")
    assert "Row 4 " in answer.json()["detail"]
    assert club.snapshot() == before


def test_what_its_type_has_no_place_for_is_a_fault_and_not_lost(club: Club, staff: Caller) -> None:
    cash = "money,awa@example.org,,,,50.00,USD,cash,C-1,,3,,,For the roof"
    answer = send(staff, table(TENT, cash))
    assert faults(answer) == [(3, "hours"), (3, "notes")]
    assert "money" in answer.json()["report"]["faults"][0]["problem"]
    assert club.sql("SELECT count(*) FROM contributions") == [(0,)]


def test_rows_are_numbered_as_a_spreadsheet_shows_them(staff: Caller) -> None:
    wrong = TENT.replace("good", "broken")
    answer = send(staff, table("", wrong, ",,,", TENT.replace("Tent", '"A\ntent"'), "", wrong))
    assert faults(answer) == [(3, "condition"), (7, "condition")]


def test_in_part_takes_what_is_right(club: Club, staff: Caller) -> None:
    answer = send(staff, table(*(line for line, _ in WRONG), TENT, CASH), all_or_nothing="false")
    assert answer.status_code == 200, answer.text
    assert answer.json()["imported"] == 2
    assert len(faults(answer)) == len(WRONG)
    assert club.sql("SELECT count(*) FROM contributions") == [(2,)]


def test_more_than_500_faults_do_not_stop_it(club: Club, staff: Caller) -> None:
    answer = send(staff, table(*[TENT.replace("good", "broken")] * 600, CASH), all_or_nothing="false")
    assert (answer.json()["imported"], len(faults(answer))) == (1, 600)


@pytest.mark.parametrize("all_or_nothing", ["true", "false"])
def test_a_dry_run_leaves_nothing(club: Club, staff: Caller, all_or_nothing: str) -> None:
    before = club.snapshot()
    good = send(staff, table(TENT, CASH), dry_run="true", all_or_nothing=all_or_nothing)
    assert (good.status_code, good.json()["imported"]) == (200, 2)
    bad = send(staff, table(TENT, WRONG[0][0]), dry_run="true", all_or_nothing=all_or_nothing)
    assert faults(bad) == [(3, "member_email")]
    assert club.snapshot() == before


def test_nothing_comes_in_twice(club: Club, staff: Caller) -> None:
    content = table(TENT, CASH, GARDEN)
    assert send(staff, content).status_code == 200
    before = club.snapshot()
    assert faults(send(staff, content)) == [(2, ""), (3, ""), (4, "")]
    assert club.snapshot() == before
    twice = table(TENT.replace("Tent", "Boat"), TENT.replace("Tent", "Boat"), CASH.replace("C-1", "c-1"))
    assert faults(send(staff, twice)) == [(3, ""), (4, "transaction_id")]
    assert club.snapshot() == before


def test_a_payment_that_is_known_says_nothing_about_the_rows_around_it(club: Club, staff: Caller) -> None:
    assert send(staff, table(CASH)).status_code == 200
    other = CASH.replace("50.00", "60.00")
    answer = send(staff, table(TENT, other, CASH.replace("C-1", "C-2"), GARDEN), all_or_nothing="false")
    assert answer.json()["imported"] == 3
    assert faults(answer) == [(3, "transaction_id")]
    assert club.sql("SELECT count(*) FROM credits.contributions") == [(4,)]


def test_the_queue_stands_as_the_file(club: Club, staff: Caller) -> None:
    names = [f"Thing {number}" for number in range(520)]
    assert send(staff, table(*(TENT.replace("Tent", name) for name in names))).status_code == 200
    queued = club.sql("SELECT value_json ->> 'description' FROM credits.contributions ORDER BY created_at")
    assert [name for (name,) in queued] == names


def test_an_export_brings_nothing_in_that_is_there_whatever_became_of_it(
    club: Club, staff: Caller, people: dict[str, UUID]
) -> None:
    rejected = club.submit(people["awa"], item())
    club.do(reviewing.reject, club.clock, staff.user_id, rejected, reason="no")
    withdrawn = club.submit(people["awa"], hours("1.5"))
    club.do(submitting.withdraw, club.clock, people["awa"], withdrawn)
    exported = staff.get(EXPORT).content
    before = club.snapshot()
    assert faults(send(staff, exported)) == [(2, ""), (3, "")]
    assert club.snapshot() == before


def test_whoever_has_left_is_no_member(club: Club, staff: Caller, people: dict[str, UUID]) -> None:
    club.sql("UPDATE identity.users SET deleted_at = now() WHERE id = %s", [people["awa"]])
    assert faults(send(staff, table(TENT))) == [(2, "member_email")]


def test_the_members_own_day_counts(club: Club, staff: Caller) -> None:
    club.person("far", zone="Pacific/Kiritimati")
    club.clock.move(timedelta(minutes=1))
    line = GARDEN.replace("2026-03-01", "2026-03-02")
    assert send(staff, table(line, line.replace("ibis@", "far@"))).status_code == 200


def test_the_template_is_a_header(staff: Caller) -> None:
    answer = staff.get(f"{IMPORT}/template")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.strip() == HEAD
    assert send(staff, answer.content).json()["rows"] == 0


class TestExport:
    NASTY = ("=1+1", "+1", "-1", "@SUM(A1)", '"quoted", and\nbroken', "'tick", "''=2", "plain", "'=already")

    def rows(self, client: Caller, **params: str) -> list[dict[str, str]]:
        answer = client.get(EXPORT, params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/csv")
        return list(csv.DictReader(io.StringIO(answer.text, newline="")))

    def test_holds_everything_oldest_first(self, club: Club, staff: Caller, people: dict[str, UUID]) -> None:
        made = []
        for given in (item(), money("T-1"), hours("1.5")):
            made.append(club.submit(people["awa"], given))
            club.clock.move(timedelta(seconds=1))
        club.approve(staff.user_id, made[1])
        club.do(reviewing.reject, club.clock, staff.user_id, made[2], reason="no")
        rows = self.rows(staff)
        assert [row["id"] for row in rows] == [str(each) for each in made]
        assert [(row["status"], row["credits"], row["approved_by"]) for row in rows] == [
            ("pending", "5.00", ""),
            ("approved", "10.00", "Zoe"),
            ("rejected", "3.00", ""),
        ]
        assert (rows[1]["amount"], rows[2]["hours"], rows[2]["rejection_reason"]) == ("50.00", "1.5", "no")
        assert [row["id"] for row in self.rows(staff, status="approved")] == [str(made[1])]
        assert [row["id"] for row in self.rows(staff, type="volunteer_hours", search="garden")] == [str(made[2])]

    def test_formulas_are_disarmed_and_come_back_as_they_were(
        self, club: Club, staff: Caller, people: dict[str, UUID]
    ) -> None:
        for text in self.NASTY:
            club.submit(people["awa"], item(description=text))
        content = staff.get(EXPORT).content
        cells = [row["description"] for row in csv.DictReader(io.StringIO(content.decode(), newline=""))]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        club.sql("DELETE FROM contributions")
        answer = send(staff, content)
        assert answer.status_code == 200, answer.text
        texts = {row[0] for row in club.sql("SELECT value_json ->> 'description' FROM contributions")}
        assert texts == set(self.NASTY)

    def test_crosses_its_chunks(self, club: Club, staff: Caller, people: dict[str, UUID]) -> None:
        club.sql(
            "INSERT INTO contributions (user_id, type, value_json) SELECT %s, 'item_donation',"
            " jsonb_build_object('description', 'n' || n, 'estimated_value', n) FROM generate_series(1, 2500) AS n",
            [people["awa"]],
        )
        assert len({row["id"] for row in self.rows(staff)}) == 2500


def test_a_full_file_is_taken_in_good_time(club: Club, staff: Caller) -> None:
    lines = [TENT.replace("Tent", f"Tent {number}") for number in range(500)]
    started = time.monotonic()
    answer = send(staff, table(*lines))
    assert answer.json()["imported"] == 500
    assert time.monotonic() - started < 60


def test_a_member_neither_imports_nor_exports(club: Club, api: Api, people: dict[str, UUID]) -> None:
    member = api("heron")
    before = club.snapshot()
    assert send(member, table(TENT)).status_code == 403
    assert member.get(EXPORT).status_code == 403
    assert member.get(f"{IMPORT}/template").status_code == 403
    assert club.snapshot() == before
