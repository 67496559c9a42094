"""Which resources an account polls, which of them is due, and when each is looked at again. Pure, over the state it is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import polling as courses
from relay.domain.budget_month import month_end, month_start
from relay.domain.polling import Course, Polling
from relay.domain.polling_cadence import (
    DAY_MS,
    Cadence,
    Subject,
    allowance,
    cadences,
    cost,
    first_due_ms,
    next_due_ms,
    offset_ms,
)
from relay.holded.polled_table import POLLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.polling import PassKind
    from relay.domain.settings import Polling as Settings
    from relay.holded.polled import Resource


_BRIEFS = 3
_APART = 4
"""Passes that webhooks hurry are a quarter of the resource's own cadence apart: a shop's stock changes with every sale."""
_TRY_MS = DAY_MS
"""Where the share is used up somebody looks once a day, without a call, whether the settings give more by now."""
_PLENTY = 3_000
"""Calls a month from which on every recent pass looks at all that may still change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`allowance`: calls a month that polling may spend; `rereads`: those that webhooks may ask for. `every_ms`: cadences
    that the settings change.
    """

    resources: Sequence[Resource]
    allowance: int
    rereads: int
    every_ms: Mapping[str, int]

    def admitted(self, state: Polling, *, now_ms: int) -> Polling:
        """The state brought to the present month, with a course for every resource."""
        known = courses.rolled(state, now_ms)
        new = {
            each.name: _first_course(state.account, each, now_ms=now_ms)
            for each in self.resources
            if each.name not in known.courses
        }
        return replace(known, courses={**known.courses, **new}) if new else known

    def briefs(self, resource: Resource) -> int:
        """Recent passes of the window alone between two of all that may still change: where calls are few, one call instead
        of five sees most of what happens.
        """
        return _BRIEFS if resource.has_brief and self.allowance < _PLENTY else 0

    @property
    def kept(self) -> int:
        """What of the month's `background` no webhook may ask for."""
        return self.allowance if self.resources else 0

    def due(self, state: Polling, *, now_ms: int) -> tuple[Resource, bool] | None:
        """A pass that is under way goes on; else who has been due for longest, and whether webhooks ask for the pass.

        Where polling's own share is used up only they do.
        """
        due: list[tuple[int, str, Resource, bool]] = []
        for each in self.resources:
            course = state.courses[each.name]
            if course.own_ms <= now_ms and state.calls < self.allowance and not _is_hurried(course):
                due.append((course.own_ms, each.name, each, False))
            elif course.hurried_ms is not None and course.hurried_ms <= now_ms:
                due.append((course.hurried_ms, each.name, each, True))
        return min(due, key=lambda each: each[:2])[2:] if due else None

    def next_ms(self, state: Polling, *, now_ms: int) -> int:
        own_ms = min(state.courses[each.name].own_ms for each in self.resources)
        if state.calls >= self.allowance:
            own_ms = max(own_ms, min(courses.next_month_ms(state), now_ms + _TRY_MS))
        hurried = (state.courses[each.name].hurried_ms for each in self.resources)
        return min([own_ms, *(each for each in hurried if each is not None)])

    def hurried_calls(self, resource: Resource, course: Course) -> int:
        """What a pass that webhooks ask for costs: the shortest there is."""
        if resource.has_brief:
            return 1
        return max(1, course.recent_calls if resource.has_recent else course.full_calls)

    def waited_ms(self, resource: Resource, course: Course, *, now_ms: int) -> int:
        """What its hints have waited for the pass, all together, for each of its calls: who has most is next."""
        return sum(now_ms - at_ms for at_ms in course.joined.values()) // self.hurried_calls(resource, course)

    def calls_before(self, state: Polling, *, waited_ms: int, now_ms: int) -> int:
        """Calls of the passes that have waited for more than this and want theirs first."""
        found = ((each, state.courses.get(each.name)) for each in self.resources)
        wanted = [(each, course) for each, course in found if course is not None and course.is_wanted]
        return sum(
            self.hurried_calls(each, course)
            for each, course in wanted
            if self.waited_ms(each, course, now_ms=now_ms) > waited_ms
        )

    def hurried_after_ms(self, resource: Resource, course: Course) -> int:
        every_ms = self.every_ms.get(resource.name, resource.cadence_ms)
        return max(course.full_ms, course.recent_ms) + every_ms // _APART

    def scheduled(self, state: Polling, resource: Resource, *, kind: PassKind, now_ms: int, jitter: float) -> Polling:
        """When a resource is looked at again after a pass of this kind. A full one saw all that a recent one would."""
        subjects = self.subjects(state, now_ms=now_ms)
        cadence = cadences(subjects, calls=self.pace(state, now_ms=now_ms))[resource.name]
        whole = cadences(subjects, calls=self.allowance)[resource.name]
        course = state.courses[resource.name]
        # Each kind has a grid of its own.
        due_in = partial(_due_ms, state.account, now_ms=now_ms, jitter=jitter)
        if kind == "full":
            full_due_ms = due_in(f"{resource.name} full", interval_ms=cadence.full_ms, whole_ms=whole.full_ms)
            course = replace(course, full_due_ms=full_due_ms)
        due_ms = course.full_due_ms
        if cadence.recent_ms:
            due_ms = due_in(f"{resource.name} recent", interval_ms=cadence.recent_ms, whole_ms=whole.recent_ms)
        return courses.with_course(state, resource.name, replace(course, due_ms=due_ms))

    def cadences(self, state: Polling, *, now_ms: int) -> Mapping[str, Cadence]:
        return cadences(self.subjects(state, now_ms=now_ms), calls=self.pace(state, now_ms=now_ms))

    def pace(self, state: Polling, *, now_ms: int) -> int:
        """Calls a month at which what is left of the allowance lasts until the month's end: the first full passes may have
        taken most of it, and whoever spends the rest at once sees nothing for weeks.
        """
        if not state.month_ms:
            return self.allowance
        length_ms = month_end(state.month_ms) - state.month_ms
        left_ms = max(DAY_MS, month_end(state.month_ms) - now_ms)
        return max(1, min(self.allowance, (self.allowance - state.calls) * length_ms // left_ms))

    def subjects(self, state: Polling, *, now_ms: int) -> Sequence[Subject]:
        return [self._subject(each, state.courses.get(each.name), now_ms) for each in self.resources]

    def forecast(self, state: Polling, *, now_ms: int) -> Mapping[str, float]:
        """Calls a month of each resource at its present cadence."""
        planned = self.cadences(state, now_ms=now_ms)
        return {each.name: cost(each, planned[each.name]) for each in self.subjects(state, now_ms=now_ms)}

    def _subject(self, resource: Resource, course: Course | None, now_ms: int) -> Subject:
        lists = (1 if resource.recent_days else 0) + len(resource.again)
        recent = max(lists, course.recent_calls if course else 0) if resource.has_recent else 0
        briefs = self.briefs(resource)
        return Subject(
            name=resource.name,
            weight=resource.weight,
            cadence_ms=self.every_ms.get(resource.name, resource.cadence_ms),
            full_calls=max(len(resource.parts), course.full_calls if course else 0),
            recent_calls=-(-(recent + briefs) // (1 + briefs)),
            changes_a_day=course.a_day if course else 0.0,
            covered=bool(resource.hint) and course is not None and course.covered(now_ms),
        )


def plan_of(settings: Settings, per_month: int, table: Sequence[Resource] = POLLED) -> Plan:
    """The account's plan; without resources where polling is off."""
    calls = allowance(per_month, share_percent=settings.share, most_calls=settings.most_calls)
    wanted = [
        each
        for each in table
        if settings.enabled
        and each.name not in settings.leave_out
        and ((each.standard and each.from_calls <= calls) or each.name in settings.add)
    ]
    return Plan(
        resources=wanted,
        allowance=calls,
        rereads=per_month * settings.rereads // 100,
        every_ms={name: minutes * 60_000 for name, minutes in settings.every_minutes.items()},
    )


def _is_hurried(course: Course) -> bool:
    return course.running is not None and course.running.hurried


def _due_ms(account: str, name: str, *, now_ms: int, interval_ms: int, whole_ms: int, jitter: float) -> int:
    """Scarcity ends with the month: what would be due after it is due as the `whole` allowance has it."""
    at_ms = next_due_ms(account, name, now_ms=now_ms, interval_ms=interval_ms, jitter=jitter)
    next_month_ms = month_end(month_start(now_ms))
    if at_ms <= next_month_ms or whole_ms >= interval_ms:
        return at_ms
    usual_ms = next_due_ms(account, name, now_ms=now_ms, interval_ms=whole_ms, jitter=jitter)
    return min(at_ms, max(usual_ms, next_month_ms + offset_ms(account, name, DAY_MS)))


def _first_course(account: str, resource: Resource, *, now_ms: int) -> Course:
    due_ms = first_due_ms(account, resource.name, now_ms=now_ms)
    return Course(due_ms=due_ms, full_due_ms=due_ms)
