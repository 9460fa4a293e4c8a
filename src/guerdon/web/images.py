"""Pictures that people upload: checked by what they are, not by what they are called, and encoded anew.

Encoding anew drops whatever else a file carries: location, camera, thumbnails, scripts behind the picture.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from guerdon.web.i18n import msgid

FORMATS = ("JPEG", "PNG", "WEBP")
PIXELS_MAX = 50_000_000
SIDE_PX_MAX = 1600
QUALITY = 82
ORIENTATION_TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by what its EXIF orientation says."""


class ImageError(ValueError):
    """An upload is not a picture that can be taken; its text, a message id, says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept."""

    content: bytes
    media_type: str
    width_px: int
    height_px: int


def recode(upload: bytes, *, side_px_max: int = SIDE_PX_MAX) -> Picture:
    """A JPEG, PNG or WebP as a WebP, upright, no larger than ``side_px_max`` on its longer side, without metadata.

    Raises:
        ImageError: it is something else, damaged, or has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(upload), formats=FORMATS) as image:
                if image.width * image.height > PIXELS_MAX:
                    raise ImageError(msgid("it has too many pixels"))
                image.load()
                upright = _upright(_eight_bits(image))
                upright.thumbnail((side_px_max, side_px_max))
                clean = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise ImageError(msgid("it has too many pixels")) from exc
    except UnidentifiedImageError as exc:
        raise ImageError(msgid("it is not a JPEG, PNG or WebP picture")) from exc
    except (OSError, SyntaxError, ValueError) as exc:
        if isinstance(exc, ImageError):
            raise
        raise ImageError(msgid("it is damaged")) from exc
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=QUALITY, method=4)
    return Picture(out.getvalue(), "image/webp", clean.width, clean.height)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of sixteen bits brought down to eight; a plain conversion cuts them off, and leaves nothing but white."""
    if not image.mode.startswith("I"):
        return image
    grey = image.convert("I").point(lambda level: level * (1 / 256)).convert("L")
    grey.info = {name: value for name, value in image.info.items() if name != "transparency"}  # a level of sixteen bits
    return grey


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says.

    Only the orientation is read: Pillow's own ``exif_transpose`` writes the whole EXIF anew, to drop it here, and
    fails on the odd entries of some cameras.
    """
    turn = TURNS.get(image.getexif().get(ORIENTATION_TAG, 1))
    return image if turn is None else image.transpose(turn)
