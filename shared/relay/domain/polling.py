"""How far the polling of one account has come: a course a resource, and the pass that is under way in it.

    due ---> a pass: page after page, each stored before the cursor moves ---> absent objects asked for ---> due later
                  ^--- killed, refused, out of time: goes on at the same cursor

A pass is `full` (everything; only such a one may conclude from absence) or `recent` (a window of days, and the lists of
what may still change). Webhooks whose re-reads find no call of their own join the next pass, and hurry it: one page
answers all of them that it shows. Pure values; the store compares and swaps on `rev`.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from relay.domain.budget_month import month_end, month_start
from relay.domain.polling_cadence import offset_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

PassKind = Literal["full", "recent"]
DAY_MS = 24 * 3600_000
COVERED_MS = 7 * DAY_MS
HEARD_EVERY_MS = 6 * 3600_000
HELD_MS = 10 * 60_000
REFUSED = "absent_refused"
"""Trouble of a full pass: Holded refused to say of an object that no list showed whether it is there."""
NAMELESS = "nameless_items"
"""Trouble of a full pass: items without an id that could be anybody, so that nobody was concluded to be gone."""
MOST_JOINED = 200
"""Webhooks that wait for one pass of a resource: about a page of them. Who comes after them waits, and joins the next one."""
ANY = ""
"""Stands among those who joined for whatever a pass shows: a webhook of stock names no item of a list."""
_MEMORY_DAYS = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One walk over a resource's lists. `place` is the list it is in, `cursor` where in that list; `page` numbers its pages.
    Where a resource is listed for each of its parents, `parent` is whose lists these are.

    `whole`: every item so far could be read, so that who is not among them is absent; `unread` counts those that could not.
    `absent`: the lists are through, and those that were not seen are being asked for; `asked` of them have answered so far,
    and `refused` says what Holded said to the last of those of which nothing is known. `brief`: a recent one of the window
    alone. `hurried`: webhooks asked for it, and its calls are theirs.
    """

    kind: PassKind
    started_ms: int
    baseline: bool = False
    brief: bool = False
    hurried: bool = False
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
    particular). `hurry_ms`: they want a pass from then on, 0: they wait for the one that is due anyway.
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

    `hurried`: calls of passes that webhooks asked for; they are no part of `calls`, but of their course's.
    """

    account: str
    rev: int = 0
    month_ms: int = 0
    calls: int = 0
    hurried: int = 0
    courses: Mapping[str, Course] = field(default_factory=dict)


def rolled(polling: Polling, now_ms: int) -> Polling:
    """Counts begin anew with the month."""
    month_ms = month_start(now_ms)
    if polling.month_ms >= month_ms:
        return polling
    courses = {name: replace(course, calls=0, changes=0) for name, course in polling.courses.items()}
    return replace(polling, month_ms=month_ms, calls=0, hurried=0, courses=courses)


def with_course(polling: Polling, name: str, course: Course) -> Polling:
    return replace(polling, courses={**polling.courses, name: course})


def spent(polling: Polling, name: str, calls: int, *, hurried: bool = False) -> Polling:
    """Calls that one resource cost; `hurried` ones are not of polling's own share."""
    course = polling.courses[name]
    counted = with_course(polling, name, replace(course, calls=course.calls + calls))
    if hurried:
        return replace(counted, hurried=polling.hurried + calls)
    return replace(counted, calls=polling.calls + calls)


def begun(course: Course, *, now_ms: int, recent: bool, briefs: int = 0, hurried: bool = False) -> Course:
    """The pass that is due: a full one first, and whenever it is its time. `recent`: the resource has shorter ones.

    `briefs` of these go over the window alone before one looks at all that may still change. A `hurried` one is the
    shortest there is. Whichever it is, those who joined until now are among those it may show.
    """
    baseline = not course.full_ms
    full_is_due = course.full_due_ms <= now_ms and not hurried
    kind: PassKind = "full" if baseline or not recent or full_is_due else "recent"
    brief = kind == "recent" and course.briefs < briefs
    begins = Pass(kind=kind, started_ms=now_ms, baseline=baseline, brief=brief, hurried=hurried)
    return replace(course, running=begins, hurry_ms=0)


def joined(course: Course, holded_id: str, *, now_ms: int, hurry_ms: int = 0) -> Course:
    """An object of which a webhook told waits for the next pass, which is wanted from `hurry_ms` on (0: not hurried).

    Where too many wait already it is not among them.
    """
    there = course.joined
    if waits_for_another(course, holded_id) and len(there) < MOST_JOINED:
        there = {**there, holded_id: now_ms}
    return replace(course, joined=there, hurry_ms=hurry_ms or course.hurry_ms)


def waits_for_another(course: Course, holded_id: str) -> bool:
    """It has not joined yet. Or `ANY` has, for the pass that is under way: its pages may be older than what is told now."""
    if holded_id not in course.joined:
        return True
    return holded_id == ANY and course.running is not None and course.joined[ANY] <= course.running.started_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a stored page comes to. `lists` is how many lists the pass has (of one parent); `parent` whose they are, and
    `following` the next parent, empty for none.

    `unread` items could not be read, but their ids: they are there. `nameless` ones could be anybody: who is absent then?
    `answered`: who had joined and need wait no longer.
    """

    cursor: str | None
    lists: int
    parent: str = ""
    following: str = ""
    changes: int = 0
    unread: int = 0
    nameless: int = 0
    answered: Collection[str] = ()


def paged(course: Course, page: Page, *, now_ms: int) -> Course:
    """One page was stored. Without a cursor its list is through; after the last list a full pass asks for the absent."""
    running = course.running
    if running is None:
        return course
    place = running.place if page.cursor else running.place + 1
    parent, through = page.parent, place >= page.lists
    # The further lists of a recent pass show some of its window's items once more.
    counts = running.kind == "full" or not running.place
    if through and page.following:
        place, parent, through = 0, page.following, False
    onward = replace(
        running,
        parent=parent,
        place=place,
        cursor=page.cursor or "",
        page=running.page + 1,
        changes=running.changes + page.changes,
        whole=running.whole and not page.nameless,
        unread=running.unread + counts * (page.unread + page.nameless),
        absent=through,
    )
    # A first pass may tell of changes it saw under way; they are no sign that webhooks fail.
    told = page.changes and not running.baseline and course.heard_ms
    return replace(
        course,
        running=onward,
        changes=course.changes + page.changes,
        unreadable=max(course.unreadable, onward.unread),
        unheard_ms=now_ms if told else course.unheard_ms,
        joined={name: at for name, at in course.joined.items() if name not in page.answered},
        held_ms=0,
        wait_ms=0,
        trouble="",
    )


def held(course: Course, *, now_ms: int, trouble: str) -> Course:
    """Holded did not answer for this resource: it waits, twice as long each time, and the others go on.

    After a day of it the pass is given up, so that a page that never comes does not hide what other passes would see.
    """
    wait_ms = min(max(HELD_MS, course.wait_ms * 2), DAY_MS)
    waits = replace(course, held_ms=now_ms + wait_ms, wait_ms=wait_ms, trouble=trouble)
    return replace(waits, running=None) if wait_ms == DAY_MS else waits


def looked(course: Course, *, deleted: bool = False, refused: str = "") -> Course:
    """An absent object was asked for. `refused`: Holded did not say whether it is there, and the next pass asks again."""
    if course.running is None:
        return course
    running = replace(
        course.running,
        changes=course.running.changes + deleted,
        page=course.running.page + 1,
        asked=course.running.asked + (not refused),
        refused=f"{REFUSED}:{refused}" if refused else course.running.refused,
    )
    return replace(course, running=running, changes=course.changes + deleted, held_ms=0, wait_ms=0, trouble="")


def finished(course: Course) -> Course:
    """The pass is through. Its dues are set by the cadence, which takes what is learned here into account."""
    running = course.running
    if running is None:
        return course
    last_ms = max(course.full_ms, course.recent_ms)
    rate = course.a_day
    if last_ms and running.started_ms > last_ms:
        days = (running.started_ms - last_ms) / DAY_MS
        keep = math.exp(-days / _MEMORY_DAYS)
        rate = rate * keep + running.changes / days * (1 - keep)
    # Who joined before it began and was not shown is not in its lists: nobody waits for the next pass in vain.
    left = {name: at for name, at in course.joined.items() if at > running.started_ms}
    done = replace(course, running=None, a_day=round(rate, 3), joined=left)
    if running.brief:
        return replace(done, recent_ms=running.started_ms, briefs=course.briefs + (not running.hurried))
    if running.kind == "recent":
        return replace(done, recent_ms=running.started_ms, recent_calls=max(1, running.page), briefs=0)
    # Not the deleted ones that were asked for: there are as many of them however often somebody looks.
    calls = max(1, running.page - running.asked)
    unsure = running.refused if running.whole else NAMELESS
    return replace(
        done, full_ms=running.started_ms, full_calls=calls, briefs=0, unsure=unsure, unreadable=running.unread
    )


def stopped(course: Course, *, trouble: str) -> Course:
    """The pass cannot go on and concludes nothing: the next one begins anew."""
    return replace(course, running=None, trouble=trouble)


def next_month_ms(polling: Polling) -> int:
    """Spread over a day: the accounts whose share was used up do not all go on in the month's first minute."""
    return month_end(polling.month_ms) + offset_ms(polling.account, "month", DAY_MS)


def heard(course: Course, now_ms: int) -> Course | None:
    """A webhook told of the resource; None where that is known well enough already."""
    if course.heard_ms > course.unheard_ms and now_ms - course.heard_ms < HEARD_EVERY_MS:
        return None
    return replace(course, heard_ms=now_ms)


def to_json(polling: Polling) -> dict[str, Any]:
    """Without account and rev, which the store keeps itself."""
    return {
        "month_ms": polling.month_ms,
        "calls": polling.calls,
        "hurried": polling.hurried,
        "courses": {name: asdict(course) for name, course in polling.courses.items()},
    }


def from_json(account: str, rev: int, value: Mapping[str, Any]) -> Polling:
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
        courses=courses,
    )
