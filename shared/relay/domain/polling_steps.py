"""What happens to a resource's course: webhooks join it, a pass begins, stores its pages, asks for who is absent, and ends.

    due ---> a pass: page after page, each stored before the cursor moves ---> absent objects asked for ---> due later
                  ^--- killed, refused, out of time: goes on at the same cursor

A pass is `full` (everything; only such a one may conclude from absence) or `recent` (a window of days, and the lists of
what may still change). Webhooks whose re-reads find no call of their own join the next pass, and hurry it: one page
answers all of them that it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain.polling import ANY, DAY_MS, REACH_DAYS, Course, Pass, PassKind

if TYPE_CHECKING:
    from collections.abc import Collection

REFUSED = "absent_refused"
"""Trouble of a full pass: Holded refused to say of an object that no list showed whether it is there."""
NAMELESS = "nameless_items"
"""Trouble of a full pass: items without an id that could be anybody, so that nobody was concluded to be gone."""
MOST_JOINED = 200
"""Webhooks that wait for one pass of a resource: about a page of them. Who comes after them waits, and joins the next one."""
MOST_REACHED = 2
"""Pages that a window may take to go back to who joined it: a call for each of a few is no dearer."""
LEAST_DAYS = 7
HELD_MS = 10 * 60_000
HEARD_EVERY_MS = 6 * 3600_000
_MEMORY_DAYS = 7.0


def begun(course: Course, *, now_ms: int, recent: bool, briefs: int = 0, hurried: bool = False) -> Course:
    """The pass that is due: a full one first, and whenever it is its time. `recent`: the resource has shorter ones.

    `briefs` of these go over the window alone before one looks at all that may still change. A `hurried` one is the
    shortest there is. Whichever it is, those who joined until now are among those it may show.
    """
    baseline = not course.full_ms
    full_is_due = course.full_due_ms <= now_ms and not hurried
    kind: PassKind = "full" if baseline or not recent or full_is_due else "recent"
    brief = kind == "recent" and course.briefs < briefs
    begins = Pass(kind=kind, started_ms=now_ms, baseline=baseline, brief=brief, hurried=hurried, reach=course.reach)
    return replace(course, running=begins, hurry_ms=0, reach="")


def joined(course: Course, holded_id: str, *, now_ms: int, hurry_ms: int = 0, reach: str = "") -> Course:
    """An object of which a webhook told waits for the next pass, which is wanted from `hurry_ms` on (0: not hurried).

    Where too many wait already it is not among them. `reach`: its day, where the window is to go back to that.
    """
    there = course.joined
    if waits_for_another(course, holded_id) and len(there) < MOST_JOINED:
        there = {**there, holded_id: now_ms}
    farthest = min(filter(None, (course.reach, reach)), default="")
    return replace(course, joined=there, hurry_ms=hurry_ms or course.hurry_ms, reach=farthest)


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
        reach_days=_reach_days(course, running, page),
        held_ms=0,
        wait_ms=0,
        trouble="",
    )


def _reach_days(course: Course, running: Pass, page: Page) -> int:
    """How far back the next window may go, by the pages that this one took to go so far."""
    if not running.reach or running.kind != "recent" or running.place or page.cursor:
        return course.reach_days
    if running.page:
        return course.reach_days if running.page < MOST_REACHED else max(LEAST_DAYS, course.reach_days // 2)
    return min(REACH_DAYS, course.reach_days * 2)


def held(course: Course, *, now_ms: int, trouble: str) -> Course:
    """Holded did not answer for this resource: it waits, twice as long each time, and the others go on.

    After a day of it the pass is given up, so that a page that never comes does not hide what other passes would see.
    """
    wait_ms = min(max(HELD_MS, course.wait_ms * 2), DAY_MS)
    waits = replace(course, held_ms=now_ms + wait_ms, wait_ms=wait_ms, trouble=trouble)
    return replace(waits, running=None) if wait_ms == DAY_MS else waits


def looked(course: Course, *, told: bool = False, gone: bool = False, refused: str = "") -> Course:
    """An absent object was asked for, and is `gone` or there. `refused`: Holded did not say, and the next pass asks again."""
    if course.running is None:
        return course
    running = replace(
        course.running,
        changes=course.running.changes + told,
        page=course.running.page + 1,
        asked=course.running.asked + gone,
        refused=f"{REFUSED}:{refused}" if refused else course.running.refused,
    )
    return replace(course, running=running, changes=course.changes + told, held_ms=0, wait_ms=0, trouble="")


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
    # Not the deleted ones that were asked for: there are as many of them however often somebody looks. Those that no list
    # shows and that are there are asked for again.
    calls = max(1, running.page - running.asked)
    unsure = running.refused if running.whole else NAMELESS
    return replace(
        done, full_ms=running.started_ms, full_calls=calls, briefs=0, unsure=unsure, unreadable=running.unread
    )


def stopped(course: Course, *, trouble: str) -> Course:
    """The pass cannot go on and concludes nothing: the next one begins anew."""
    return replace(course, running=None, trouble=trouble)


def heard(course: Course, now_ms: int) -> Course | None:
    """A webhook told of the resource; None where that is known well enough already."""
    if course.heard_ms > course.unheard_ms and now_ms - course.heard_ms < HEARD_EVERY_MS:
        return None
    return replace(course, heard_ms=now_ms)
