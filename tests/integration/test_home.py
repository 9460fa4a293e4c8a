"""The start page, the reference for developers, what browsers fetch unasked, and pages that crash."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from PIL import Image

from guerdon.http.access import public
from guerdon.kernel.home.reference import coded, reference
from support.garden import GARDEN
from support.http_client import Client


class TestStart:
    def test_a_visitor_is_welcomed_in_their_language(self, visit: Callable[..., Client]) -> None:
        page = visit().get("/", headers={"accept-language": "fr-SN"})
        assert page.status_code == 200
        assert "Les Amis du Parc" in page.text
        assert "Ouvrir un compte" in page.text
        assert 'href="/sign-in"' in page.text

    def test_a_member_sees_what_programs_show(self, visit: Callable[..., Client]) -> None:
        page = visit("user").get("/").text
        assert "Good morning, User" in page
        assert "12.50" in page
        assert 'href="/garden/review"' not in page

    def test_the_menu_is_in_its_own_words_on_everybodys_pages(self, visit: Callable[..., Client]) -> None:
        member = visit("user")
        assert member.submit("/preferences/language", on="/", language="fr").status_code == 303
        page = member.get("/account/addresses")  # of a package for which a home is where somebody lives
        assert page.status_code == 200
        menu = page.text.partition("<main")[0]
        assert "Accueil</a>" in menu
        assert "Domicile" not in menu

    def test_staff_see_what_waits(self, visit: Callable[..., Client], garden_app: FastAPI) -> None:
        staff = visit("staff")
        assert 'href="/garden/review"' in staff.get("/").text
        assert GARDEN.review is not None
        done = replace(GARDEN, review=replace(GARDEN.review, count=lambda _session: 0))
        garden_app.state.programs = (done,)
        assert "Nothing is waiting" in staff.get("/").text

    def test_an_installation_without_programs_has_a_home_too(
        self, visit: Callable[..., Client], garden_app: FastAPI
    ) -> None:
        member = visit("user")
        garden_app.state.programs = ()
        assert "Nothing here yet" in member.get("/").text


class TestReference:
    def test_every_operation_stands_on_the_page(self, visit: Callable[..., Client], garden_app: FastAPI) -> None:
        document = garden_app.openapi()
        page = visit().get("/developers")
        assert page.status_code == 200
        for path, item in document["paths"].items():
            assert path in page.text
            for method in item:
                assert f'api__method--{method}"' in page.text
        for name in document["components"]["schemas"]:
            assert f'id="schema-{name}"' in page.text
        assert page.text.count("<script") == 1  # our own
        assert "``" not in page.text
        assert "by <code>id</code> and <code>source</code>" in page.text

    def test_what_is_code_in_a_description_is_code_on_the_page(self) -> None:
        assert coded("``a<b`` or `c`, not ``d") == "<code>a&lt;b</code> or <code>c</code>, not ``d"

    def test_examples_are_complete_and_links_lead_somewhere(self, garden_app: FastAPI) -> None:
        found = reference(garden_app.openapi(), "https://example.org")
        names = {schema.name for schema in found.schemas}
        operations = [operation for group in found.groups.values() for operation in group]
        assert len({operation.id for operation in operations}) == len(operations)
        for operation in operations:
            assert operation.description, operation.path
            assert bool(operation.example) == ("json" in operation.media_type), operation.path
            assert operation.command.startswith("curl")
            kinds = [*operation.body, *(kind for answer in operation.answers for kind in answer.kinds)]
            assert {name for _, name in kinds if name} <= names
        write = next(each for each in operations if each.id == "post-api-v1-engagement-rules")
        assert write.access == "engagement:configure"
        assert '"code": "helper_shift"' in write.example
        assert "Authorization: Bearer $TOKEN" in write.command


class TestWhatBrowsersFetch:
    @pytest.mark.parametrize(
        ("path", "kind", "size"),
        [
            ("/favicon.ico", "ICO", (48, 48)),
            ("/apple-touch-icon.png", "PNG", (180, 180)),
            ("/apple-touch-icon-precomposed.png", "PNG", (180, 180)),
            ("/icon-192.png", "PNG", (192, 192)),
            ("/icon-512.png", "PNG", (512, 512)),
        ],
    )
    def test_icons(self, visit: Callable[..., Client], path: str, kind: str, size: tuple[int, int]) -> None:
        answer = visit().get(path)
        assert answer.status_code == 200
        assert "max-age" in answer.headers["cache-control"]
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (image.format, image.size) == (kind, size)
            assert len(image.convert("RGB").getcolors(2**20) or ()) > 2

    def test_no_other_sizes_are_drawn(self, visit: Callable[..., Client]) -> None:
        assert visit().get("/icon-100000.png").status_code == 404

    def test_the_manifest_names_the_community_and_icons_that_exist(self, visit: Callable[..., Client]) -> None:
        visitor = visit()
        manifest = visitor.get("/site.webmanifest")
        assert manifest.headers["content-type"] == "application/manifest+json"
        assert manifest.json()["name"] == "Les Amis du Parc"
        for icon in manifest.json()["icons"]:
            assert visitor.get(icon["src"]).status_code == 200


class TestCrash:
    @pytest.fixture
    def crashing(self, garden_app: FastAPI) -> FastAPI:
        async def crash(_open: Annotated[None, Depends(public(identify=False))]) -> None:
            raise RuntimeError("secret detail")

        garden_app.add_api_route("/crash", crash, methods=["GET"])
        garden_app.add_api_route("/api/v1/crash", crash, methods=["GET"])
        return garden_app

    def test_a_person_sees_a_page_with_the_number(self, crashing: FastAPI) -> None:
        answer = Client(crashing, page=True).get("/crash", headers={"accept-language": "fr"})
        assert answer.status_code == 500
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["x-request-id"] in answer.text
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert 'lang="fr"' in answer.text
        assert "secret detail" not in answer.text

    @pytest.mark.parametrize(("path", "page"), [("/crash", False), ("/api/v1/crash", True), ("/api/v1/crash", False)])
    def test_a_program_gets_a_document(self, crashing: FastAPI, path: str, page: bool) -> None:
        answer = Client(crashing, page=page).get(path)
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]
        assert "secret detail" not in answer.text

    def test_an_error_page_that_crashes_too_still_answers(self, crashing: FastAPI) -> None:
        def broken(_request: object, _error: object) -> None:
            raise RuntimeError("secret detail")

        crashing.state.render_error = broken
        answer = Client(crashing, page=True).get("/crash")
        assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
        assert "secret detail" not in answer.text
