"""How far the polling of one account has come: a course a resource, and the pass that is under way in it.

What happens to them is in `relay.domain.polling_steps`. Pure values; the store compares and swaps on `rev`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from relay.domain.budget_month import month_end, month_start
from relay.domain.polling_cadence import offset_ms
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

PassKind = Literal["full", "recent"]
DAY_MS = 24 * 3600_000
COVERED_MS = 7 * DAY_MS
REACH_DAYS = 62
"""Most days that a quick pass goes back for a document that was paid: most are, within two months."""
ANY = ""
"""Stands among those who joined for whatever a pass shows: a webhook of stock names no item of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One walk over a resource's lists. `place` is the list it is in, `cursor` where in that list; `page` numbers its pages.
    Where a resource is listed for each of its parents, `parent` is whose lists these are.

    `whole`: every item so far could be read, so that who is not among them is absent; `unread` counts those that could not.
    `absent`: the lists are through, and those that were not seen are being asked for; `asked` of them are gone so far, and
    `refused` says what Holded said to the last of those of which nothing is known. `brief`: a recent one of the window
    alone. `hurried`: webhooks asked for it, and its calls are theirs. `reach`: its window goes back to that day at least, for
    those who joined.
    """

    kind: PassKind
    started_ms: int
    baseline: bool = False
    brief: bool = False
    hurried: bool = False
    reach: str = ""
    parent: str = ""
    place: int = 0
    cursor: str = ""
    page: int = 0
    changes: int = 0
    whole: bool = True
    unread: int = 0
    absent: bool = False
    asked: int = 0
    refused: str = ""

    @property
    def id(self) -> str:
        return f"{self.started_ms:013d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where one resource stands. `full_ms`, `recent_ms`: when the last finished pass of the kind began, 0: never.

    `full_calls`, `recent_calls` are what such a pass cost last; `calls` and `changes` count this month; `a_day` is the rate
    of changes, smoothed. `heard_ms`: a webhook told of the resource; `unheard_ms`: a poll saw what none had told.
    `unsure`: why the last full pass could not conclude who is gone, or not of all. `unreadable` items it could not read; a
    pass since may have seen more of them, and never fewer, because it does not look at everything.
    `joined`: objects of which webhooks told, by id, since when each waits for a pass to show it (`ANY`: of no object in
    particular). `hurry_ms`: they want a pass from then on, 0: they wait for the one that is due anyway. `reach`: the day (ISO)
    that the next window is to go back to for them, empty for none, and `reach_days` how far back it may: as far as few pages go.
    """

    due_ms: int
    full_due_ms: int
    full_ms: int = 0
    recent_ms: int = 0
    full_calls: int = 0
    recent_calls: int = 0
    briefs: int = 0  # passes of the window alone since one that looked at all that may still change
    calls: int = 0
    changes: int = 0
    a_day: float = 0.0
    heard_ms: int = 0
    unheard_ms: int = 0
    held_ms: int = 0  # trouble of Holded's own with this resource: not before then
    wait_ms: int = 0  # how long it was held last; doubles
    trouble: str = ""
    unsure: str = ""
    unreadable: int = 0
    joined: Mapping[str, int] = field(default_factory=dict)
    hurry_ms: int = 0
    reach: str = ""
    reach_days: int = REACH_DAYS
    running: Pass | None = None

    @property
    def next_ms(self) -> int:
        """When somebody must look at it; a pass that is under way is due."""
        hurried_ms = self.hurried_ms
        return self.own_ms if hurried_ms is None else min(self.own_ms, hurried_ms)

    @property
    def own_ms(self) -> int:
        """As `next_ms`, of what polling itself wants to see."""
        return max(self.held_ms, 0 if self.running is not None else min(self.due_ms, self.full_due_ms))

    @property
    def troubles(self) -> str:
        """What keeps it from seeing all there is: a refusal now, or what the last full pass left open."""
        return ", ".join(each for each in (self.trouble, self.unsure) if each)

    @property
    def hurried_ms(self) -> int | None:
        """As `next_ms`, of what webhooks ask for; None where they ask for nothing, or another pass is under way."""
        if self.running is not None:
            return self.held_ms if self.running.hurried else None
        return max(self.held_ms, self.hurry_ms) if self.is_wanted else None

    @property
    def is_wanted(self) -> bool:
        """Webhooks ask for a pass, and it can begin."""
        return self.running is None and self.hurry_ms > 0 and bool(self.joined)

    def covered(self, now_ms: int) -> bool:
        """Webhooks tell of this resource: one came lately, and nothing was seen since that none had told."""
        return self.heard_ms > self.unheard_ms and now_ms - self.heard_ms < COVERED_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """An account's polling. `calls` and those of its courses are of the month that began at `month_ms`.

    `hurried`: calls of passes that webhooks asked for; they are no part of `calls`, but of their course's. `looks`: those of
    `calls` that read one document because a poll saw a payment of it.
    """

    account: str
    rev: int = 0
    month_ms: int = 0
    calls: int = 0
    hurried: int = 0
    looks: int = 0
    courses: Mapping[str, Course] = field(default_factory=dict)


def rolled(polling: Polling, now_ms: int) -> Polling:
    """Counts begin anew with the month."""
    month_ms = month_start(now_ms)
    if polling.month_ms >= month_ms:
        return polling
    courses = {name: replace(course, calls=0, changes=0) for name, course in polling.courses.items()}
    return replace(polling, month_ms=month_ms, calls=0, hurried=0, looks=0, courses=courses)


def with_course(polling: Polling, name: str, course: Course) -> Polling:
    return replace(polling, courses={**polling.courses, name: course})


def spent(polling: Polling, name: str, calls: int, *, hurried: bool = False) -> Polling:
    """Calls that one resource cost; `hurried` ones are not of polling's own share."""
    course = polling.courses[name]
    counted = with_course(polling, name, replace(course, calls=course.calls + calls))
    if hurried:
        return replace(counted, hurried=polling.hurried + calls)
    return replace(counted, calls=polling.calls + calls)


def next_month_ms(polling: Polling) -> int:
    """Spread over a day: the accounts whose share was used up do not all go on in the month's first minute."""
    return month_end(polling.month_ms) + offset_ms(polling.account, "month", DAY_MS)


def to_json(polling: Polling) -> dict[str, Any]:
    """Without account and rev, which the store keeps itself."""
    return {
        "month_ms": polling.month_ms,
        "calls": polling.calls,
        "hurried": polling.hurried,
        "looks": polling.looks,
        "courses": {name: asdict(course) for name, course in polling.courses.items()},
    }


def from_json(account: str, rev: int, value: Any) -> Polling:
    """Raises `BadInput` for what `to_json` did not make."""
    try:
        courses = {
            name: Course(**{**course, "running": Pass(**course["running"]) if course["running"] else None})
            for name, course in value["courses"].items()
        }
        return Polling(
            account=account,
            rev=rev,
            month_ms=value["month_ms"],
            calls=value["calls"],
            hurried=value.get("hurried", 0),
            looks=value.get("looks", 0),
            courses=courses,
        )
    except (AttributeError, KeyError, TypeError):
        detail = "expected courses with the fields of this release"
        raise BadInput("polling_unreadable", field="polling", detail=detail) from None
