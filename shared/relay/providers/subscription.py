"""Webhook subscriptions as all three providers have them, and what must be done so that ours is there, once.

`wanted` is pure: it compares what a provider listed with what must be there, so asking twice does nothing the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One webhook at a provider. `orphan`: made by us, but the secret it signs with was never stored. `usable`: it delivers what
    can be read, whole.
    """

    id: str
    url: str
    topics: frozenset[str]
    active: bool
    orphan: bool = False
    usable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """A page of the listing; `mark` is where the next begins, empty at the end."""

    items: tuple[Subscription, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Created:
    """What came back of a registration. `secret` only where the provider makes one (Stripe)."""

    id: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"Created({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`create` topics (each alone where `single`); `activate`, `delete` or `sign` the subscription `id`: with our secret."""

    kind: Literal["create", "activate", "delete", "sign"]
    id: str = ""
    topics: tuple[str, ...] = ()


def wanted(found: Iterable[Subscription], *, url: str, topics: Iterable[str], single: bool) -> Sequence[Action]:
    """What brings every topic to `url` once. `single`: the provider has one subscription a topic.

    What is ours and cannot be used goes first: a provider may refuse a second one of its topic.
    """
    ours = [one for one in found if one.url == url]
    useless = [one for one in ours if one.orphan or not one.usable]
    kept = [one for one in ours if one not in useless]
    doing = [Action(kind="delete", id=one.id) for one in useless]
    covered = {topic for one in kept if one.active for topic in one.topics}
    missing = sorted(set(topics) - covered)
    for one in kept:
        if not one.active and one.topics & set(missing):
            doing.append(Action(kind="activate", id=one.id, topics=tuple(sorted(one.topics))))
            missing = [topic for topic in missing if topic not in one.topics]
    if missing and single:
        doing += [Action(kind="create", topics=(topic,)) for topic in missing]
    elif missing:
        doing.append(Action(kind="create", topics=tuple(missing)))
    return doing


def signing(found: Iterable[Subscription], *, url: str) -> Sequence[Action]:
    """What makes all that is at work at `url` sign with our secret: no provider shows with which one it does."""
    ours = [one for one in found if one.url == url and one.active]
    return [Action(kind="sign", id=one.id, topics=tuple(sorted(one.topics))) for one in ours]
