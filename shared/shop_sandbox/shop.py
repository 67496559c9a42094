"""One shop's state: its objects, its webhooks and what they owe, its bucket of calls. No clock of its own: `now` is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shop_sandbox.wire import Post, Record

Kind = Literal["shopify", "woocommerce", "stripe"]
KINDS: tuple[Kind, ...] = ("shopify", "woocommerce", "stripe")


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A leaky bucket: `size` calls at once, `leak` back every second."""

    size: float = 40.0
    leak: float = 2.0
    used: float = 0.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        self.used = max(0.0, self.used - max(0.0, now - self.at) * self.leak)
        self.at = now
        if self.used + 1 > self.size:
            return False
        self.used += 1
        return True


@dataclass(slots=True, kw_only=True)
class Shop:
    """`token` is what its API asks for, `secret` what a Shopify app signs with. `refuse` holds statuses that the next calls get
    whatever they ask; `largest_page` caps pages below what is asked for, as some hosts do. `closed` names lists (`customers`) that the
    token has no scope for.
    """

    kind: Kind
    name: str
    token: str
    secret: str = ""
    objects: dict[str, dict[str, Record]] = field(default_factory=dict)
    subscriptions: dict[str, Record] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    bucket: Bucket = field(default_factory=Bucket)
    refuse: list[int] = field(default_factory=list)
    largest_page: int = 10_000
    closed: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    made: int = 0

    def table(self, name: str) -> dict[str, Record]:
        return self.objects.setdefault(name, {})

    def new_id(self, start: int = 1000) -> int:
        self.made += 1
        return start + self.made

    def owe(self, posts: Iterable[Post]) -> None:
        self.posts.extend(posts)

    def due(self, now: float) -> list[Post]:
        return [post for post in self.posts if post.due <= now]

    def drop_subscriptions(self) -> None:
        """As Shopify does after failures, or a person by mistake: nothing says so, and nothing is owed any more."""
        self.subscriptions.clear()
        self.posts.clear()
