"""Looking at pages as people do: who uses them, what a picture keeps, and what would shut somebody out."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page

from .chromium import page_of
from .people import PASSWORD

ARTIFACTS = Path(__file__).parents[2] / "artifacts"
"""Where pictures of a test run are kept."""

GPS_IFD = 0x8825
"""Where a picture keeps the place where it was taken."""

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 860}

_FAULTS = """() => {
  const faults = [];
  const seen = (e) => e.offsetParent !== null && getComputedStyle(e).visibility !== "hidden";
  const name = (e) => (e.getAttribute("aria-label") || e.textContent.trim() || e.querySelector("img")?.alt || e.title);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!field.labels?.length && !field.getAttribute("aria-label")) faults.push("no label: " + field.outerHTML);
  for (const e of document.querySelectorAll("a[href], button, summary"))
    if (seen(e) && !name(e)) faults.push("no name: " + e.outerHTML.slice(0, 120));
  for (const image of document.querySelectorAll("img")) if (!image.alt) faults.push("no alt: " + image.src);
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of ids.filter((id, at) => ids.indexOf(id) !== at)) faults.push("twice: #" + id);
  for (const attribute of ["aria-describedby", "aria-labelledby", "list", "for"])
    for (const e of document.querySelectorAll(`[${attribute}]`))
      for (const id of e.getAttribute(attribute).split(/\\s+/).filter(Boolean))
        if (!document.getElementById(id)) faults.push(`${attribute} leads nowhere: ${id}`);
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((e) => Number(e.tagName[1]));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("h1: " + levels);
  if (levels.some((level, at) => level > (levels[at - 1] ?? 0) + 1)) faults.push("heading skipped: " + levels);
  if (document.querySelector("[tabindex]:not([tabindex='-1']):not([tabindex='0'])")) faults.push("tabindex");
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const colour = (text) => {
    paint.clearRect(0, 0, 1, 1); paint.fillStyle = text; paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const found = colour(getComputedStyle(e).backgroundColor);
      if (found[3] > 250) return found;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !seen(e) || e.closest("svg, .sr-only, [disabled], .skip-link")) continue;
    const markup = walker.currentNode.data.match(/<\\/?[a-z]+[ >].{0,40}|&(amp|lt|gt|quot|nbsp|#\\d+);/);
    if (markup && !e.closest("code, pre")) faults.push("markup shown: " + markup[0]);
    const [ink, paper] = [light(colour(getComputedStyle(e).color)), light(ground(e))];
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
  }
  return faults;
}"""


def barriers(page: Page) -> list[str]:
    """What on a page would shut somebody out: nameless controls, lost headings, faint text, labels of nothing."""
    found: list[str] = page.evaluate(_FAULTS)
    return found


@contextmanager
def signed_in(browser: Browser, address: str, name: str, **options: Any) -> Iterator[Page]:
    """A page on which somebody has signed in; ``options`` as of ``page_of``."""
    with page_of(browser, **options) as page:
        sign_in(page, address, f"{name}@example.org", PASSWORD)
        yield page


def sign_in(page: Page, address: str, email: str, password: str) -> None:
    """Sign in by the form."""
    page.goto(f"{address}/sign-in")
    page.locator("#f-email").fill(email)
    page.locator("#f-password").fill(password)
    page.locator("#f-password").press("Enter")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))


def keep(page: Page, name: str) -> None:
    """Keep a picture of a whole page among the artifacts."""
    _load_images(page)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


def _load_images(page: Page) -> None:
    page.evaluate("Promise.all([...document.images].map((e) => { e.loading = 'eager'; return e.decode(); }))")


def draw(page: Page, target: Path) -> int:
    """Write what the window shows as a small PNG; returns its bytes."""
    _load_images(page)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(target, optimize=True)
    return target.stat().st_size


def photo(colour: str = "teal", name: str = "tent.jpg") -> FilePayload:
    """A real JPEG with a place in it, as a phone takes it: a tent on a meadow under the evening sky."""
    picture = Image.linear_gradient("L").resize((640, 480)).convert("RGB")
    picture = Image.blend(picture, Image.new("RGB", picture.size, "peachpuff"), 0.75)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((500, 60, 570, 130), fill="gold")
    pen.polygon([(0, 300), (180, 250), (420, 290), (640, 240), (640, 480), (0, 480)], fill="olivedrab")
    pen.polygon([(120, 400), (310, 150), (540, 400)], fill=colour)
    pen.polygon([(265, 400), (310, 150), (370, 400)], fill="black")
    exif = Image.Exif()
    exif.get_ifd(GPS_IFD)[1] = "N"  # latitude north
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return {"name": name, "mimeType": "image/jpeg", "buffer": out.getvalue()}
