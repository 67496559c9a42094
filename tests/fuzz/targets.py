"""Every parser and verifier as a function of bytes, so that Hypothesis and atheris drive the same thing.

What a target is stands in `tests.fuzz.target`; they lie by topic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz import of_functions, of_kept, of_people, of_replies, of_sources, of_stored

if TYPE_CHECKING:
    from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    **of_sources.TARGETS,
    **of_stored.TARGETS,
    **of_kept.TARGETS,
    **of_replies.TARGETS,
    **of_people.TARGETS,
    **of_functions.TARGETS,
}
