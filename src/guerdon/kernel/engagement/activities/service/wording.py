"""Why a rule gave nothing, in the reader's words."""

from collections.abc import Callable

from guerdon.core.money import to_text
from guerdon.kernel.engagement.activities.errors import REASONS
from guerdon.kernel.engagement.activities.schemas import NotAwarded
from guerdon.kernel.engagement.mistakes import read_back


def in_words(refusal: NotAwarded, scale: int, translate: Callable[[str], str]) -> str:
    """A refusal as a sentence.

    Args:
        scale: of the rule's unit.
        translate: turns English templates into the reader's language.
    """
    params = refusal.params
    if params:
        params = {
            name.removesuffix("_minor"): to_text(value, scale) if name.endswith("_minor") else value
            for name, value in params.items()
        }
    if refusal.reason == "failed":
        params = {"problem": read_back(refusal.params).told(translate)}
    return translate(REASONS[refusal.reason]).format(**params)
