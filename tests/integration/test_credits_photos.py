"""Photos are what they are, not what they are called; they tell nothing of where they were taken."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from support.credits import HOURS, ITEM, Caller, Club

PATH = "/api/v1/credits/contributions"
Api = Callable[..., Caller]
GPS_TAG = 0x8825


def picture(form: str = "JPEG", size: tuple[int, int] = (80, 40), exif: Image.Exif | None = None) -> bytes:
    """A picture with a red left half and a blue right half."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.save(out, form, **({"exif": exif} if exif else {}))
    return out.getvalue()


def exif_with(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SpyCam"
    exif.get_ifd(GPS_TAG).update({1: "N", 2: (14.0, 41.0, 34.0), 3: "W", 4: (17.0, 26.0, 48.0)})
    return exif


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG that says it is large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def upload(client: Caller, contribution_id: str, *contents: bytes, name: str = "photo.jpg") -> Any:
    files = [("photos", (name, content, "image/jpeg")) for content in contents]
    return client.post(f"{PATH}/{contribution_id}/photos", files=files)


@pytest.fixture
def awa(api: Api) -> Caller:
    return api("awa")


@pytest.fixture
def tent(awa: Caller) -> str:
    made: str = awa.post(PATH, json=ITEM).json()["id"]
    return made


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_is_kept_and_served(awa: Caller, tent: str, form: str) -> None:
    answer = upload(awa, tent, picture(form))
    assert answer.status_code == 201, answer.text
    (photo,) = answer.json()
    assert (photo["width_px"], photo["height_px"]) == (80, 40)
    served = awa.get(photo["url"])
    assert served.status_code == 200
    assert served.headers["content-type"] == "image/webp"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert served.headers["cache-control"].startswith("private")
    with Image.open(io.BytesIO(served.content)) as image:
        assert (image.format, image.size) == ("WEBP", (80, 40))
    assert awa.get(f"{PATH}/{tent}").json()["photos"] == [photo]
    assert len(awa.get(PATH).json()["items"][0]["photos"]) == 1


def test_the_place_is_forgotten(awa: Caller, tent: str) -> None:
    original = picture(exif=exif_with())
    with Image.open(io.BytesIO(original)) as image:
        assert dict(image.getexif().get_ifd(GPS_TAG))
    (photo,) = upload(awa, tent, original).json()
    content = awa.get(photo["url"]).content
    assert b"SpyCam" in original
    assert b"SpyCam" not in content
    assert b"EXIF" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert not dict(image.getexif())
        assert "exif" not in image.info
        assert "xmp" not in image.info


def test_stands_upright(awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, picture(exif=exif_with(orientation=6))).json()
    assert (photo["width_px"], photo["height_px"]) == (40, 80)
    with Image.open(io.BytesIO(awa.get(photo["url"]).content)) as image:
        top, bottom = image.convert("RGB").getpixel((20, 10)), image.convert("RGB").getpixel((20, 70))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 150 > top[2]
    assert bottom[2] > 150 > bottom[0]


def test_an_odd_camera_entry_does_not_matter(awa: Caller, tent: str) -> None:
    exif = exif_with(orientation=6)
    exif[0x011A] = 72.0
    content = picture(exif=exif)
    entry = content.index(b"\x01\x1a\x00\x05")
    odd = content[: entry + 3] + b"\x02" + content[entry + 4 :]  # the resolution a text instead of a fraction
    answer = upload(awa, tent, odd)
    assert answer.status_code == 201, answer.text
    (photo,) = answer.json()
    assert (photo["width_px"], photo["height_px"]) == (40, 80)


def test_greys_of_sixteen_bits_keep_their_shades(awa: Caller, tent: str) -> None:
    grey, out = Image.new("I;16", (20, 20), 30_000), io.BytesIO()
    grey.save(out, "PNG")
    (photo,) = upload(awa, tent, out.getvalue()).json()
    with Image.open(io.BytesIO(awa.get(photo["url"]).content)) as image:
        assert image.convert("L").getpixel((10, 10)) == pytest.approx(30_000 / 256, abs=2)


def test_a_large_one_is_made_smaller(awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, picture(size=(4000, 1000))).json()
    assert (photo["width_px"], photo["height_px"]) == (1600, 400)


JPEG = picture()
REFUSED = {
    "gif": picture("GIF"),
    "bmp": picture("BMP"),
    "tiff": picture("TIFF"),
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "nothing": b"",
    "truncated": JPEG[: len(JPEG) // 2],
    "only its first bytes": JPEG[:20],
    "bomb": png_claiming(60_000, 60_000),
    "many pixels": png_claiming(10_000, 6_000),
    "5 MB and one": JPEG + b"\0" * (5 * 1024 * 1024 + 1 - len(JPEG)),
}


def test_what_is_refused_leaves_nothing(club: Club, awa: Caller, tent: str) -> None:
    before = club.snapshot()
    for name, content in REFUSED.items():
        answer = upload(awa, tent, content)
        assert (answer.status_code, answer.json()["code"]) == (422, "photo-refused"), name
        # All or none: a good one beside it does not get in either.
        assert upload(awa, tent, JPEG, content).status_code == 422, name
    assert club.snapshot() == before


def test_exactly_5_mb_is_taken(awa: Caller, tent: str) -> None:
    assert upload(awa, tent, JPEG + b"\0" * (5 * 1024 * 1024 - len(JPEG))).status_code == 201


def test_a_script_behind_the_picture_is_cut_off(awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, JPEG + b"<script>alert(1)</script>").json()
    assert b"script" not in awa.get(photo["url"]).content


def test_five_and_not_six(club: Club, awa: Caller, tent: str) -> None:
    assert upload(awa, tent, *[JPEG] * 4).status_code == 201
    before = club.snapshot()
    assert upload(awa, tent, JPEG, JPEG).json()["code"] == "too-many-photos"
    assert club.snapshot() == before
    assert upload(awa, tent, JPEG).status_code == 201
    assert upload(awa, tent, JPEG).status_code == 422
    photos = awa.get(f"{PATH}/{tent}").json()["photos"]
    assert len({photo["id"] for photo in photos}) == 5
    assert awa.delete(f"{PATH}/{tent}/photos/{photos[1]['id']}").status_code == 204
    assert awa.get(photos[1]["url"]).status_code == 404
    assert upload(awa, tent, JPEG).status_code == 201


def test_only_of_items(club: Club, awa: Caller) -> None:
    made = awa.post(PATH, json=HOURS).json()
    before = club.snapshot()
    assert upload(awa, made["id"], JPEG).json()["code"] == "photos-of-items-only"
    assert club.snapshot() == before


def test_only_its_member_and_staff_see_it(club: Club, api: Api, awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, JPEG).json()
    other, staff, nobody = api("ibis"), api("zoe", "staff"), api()
    assert staff.get(photo["url"]).status_code == 200
    before = club.snapshot()
    assert other.get(photo["url"]).status_code == 404
    assert nobody.get(photo["url"]).status_code == 401
    for client in (other, staff):
        assert upload(client, tent, JPEG).status_code == 404
        assert client.delete(f"{PATH}/{tent}/photos/{photo['id']}").status_code == 404
    assert club.snapshot() == before


def test_nothing_changes_after_the_review(club: Club, api: Api, awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, JPEG).json()
    staff = api("zoe", "staff")
    assert staff.post(f"/api/v1/credits/review/{tent}/approve", json={}).status_code == 200
    before = club.snapshot()
    assert upload(awa, tent, JPEG).status_code == 409
    assert awa.delete(f"{PATH}/{tent}/photos/{photo['id']}").status_code == 409
    assert club.snapshot() == before
    assert awa.get(photo["url"]).status_code == 200


def test_a_change_of_the_item_keeps_them_and_of_the_type_does_not(club: Club, awa: Caller, tent: str) -> None:
    (photo,) = upload(awa, tent, JPEG).json()
    assert awa.put(f"{PATH}/{tent}", json=ITEM | {"notes": "clean"}).json()["photos"] == [photo]
    assert awa.put(f"{PATH}/{tent}", json=HOURS).json()["photos"] == []
    assert club.sql("SELECT count(*) FROM photos") == [(0,)]


@pytest.mark.parametrize("files", [None, [("other", ("a.jpg", JPEG, "image/jpeg"))]])
def test_without_photos(awa: Caller, tent: str, files: Any) -> None:
    answer = awa.post(f"{PATH}/{tent}/photos", files=files)
    assert answer.status_code in (415, 422)
