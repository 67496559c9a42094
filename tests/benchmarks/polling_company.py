"""A company with a year behind it, and what its people do by hand in a month: the same, whatever the plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from holded_sandbox import contacts, documents
from holded_sandbox.kinds import KINDS
from holded_sandbox.resources import RESOURCES
from holded_sandbox.resources_work import WORK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.services.world import World

BEGIN = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)
"""The account is added some days before the month that is measured."""
MONTH = datetime(2026, 4, 1, tzinfo=UTC)
DAYS = 30
DOCUMENTS = {"invoice": 1600, "purchase": 200, "salesorder": 100, "creditnote": 60, "salesreceipt": 40}
CONTACTS = 500
_OTHERS = {"products": 120, "services": 10, "warehouses": 2, "leads": 40, "funnels": 1, "projects": 10}
A_DAY = {
    "create": 6, "approve": 5, "edit": 4, "pay": 7, "delete": 1, "edit, old and paid": 1, "contact": 5, "lead": 1,
}  # fmt: skip
"""Thirty changes: one working day."""
_OPEN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`subjects`: whose events show the change; of a payment itself and its document."""

    kind: str
    at: datetime
    subjects: tuple[str, ...]


class Office:
    """What people do at the company's own screen."""

    def __init__(self, world: World, *, scale: float = 1.0) -> None:
        self.world, self.random = world, Random(11)
        self.scale = scale
        self.done: list[Change] = []
        self.drafts: list[str] = []
        self.unpaid: list[str] = []
        self.old: list[str] = []
        self._fill()

    def _desk(self, at: datetime) -> documents.Desk:
        world = self.world
        return documents.Desk(
            company=world.company, now=at.timestamp(), ids=world.sandbox.ids, emitter=world.sandbox.emitter
        )

    def _fill(self) -> None:
        """The year before: all but the last are approved and paid."""
        tables = self.world.company.tables
        first = BEGIN - timedelta(days=360)
        for number in range(round(CONTACTS * self.scale)):
            contacts.create(self._desk(first), contacts.blank(first.timestamp()) | {"name": f"Contact {number}"})
        self.people = list(tables["contacts"])
        for table, count in _OTHERS.items():
            for number in range(round(count * self.scale) or 1):
                self._record(table, number, first)
        for kind, count in DOCUMENTS.items():
            made = round(count * self.scale)
            for number in range(made):
                desk = self._desk(first + timedelta(days=359) * number / made)
                holded_id = self._document(desk, kind)
                if kind in {"salesorder", "creditnote"}:
                    continue
                if made - number <= round(_OPEN * self.scale) and kind == "invoice":
                    documents.approve(desk, tables["documents"][holded_id])
                    self.unpaid.append(holded_id)
                else:
                    self._pay(desk, holded_id)
                    self.old += [holded_id] if kind == "invoice" and number < made // 2 else []

    def _record(self, table: str, number: int, at: datetime) -> None:
        desk = self._desk(at)
        specific: dict[str, object] = {"name": f"{table} {number}"}
        if table == "leads":
            specific |= {"contact_id": self.people[0], "status": 0, "events": [], "tasks": [], "value": "100"}
        self.world.company.put(table, _blank(table) | specific | {"id": desk.mint()}, desk.now)

    def _document(self, desk: documents.Desk, kind: str) -> str:
        blank = documents.blank(KINDS[kind], desk.now)
        blank |= {"contact_id": self.random.choice(self.people), "contact_name": "Contact"}
        blank["lines"] = [documents.blank_line() | {"name": "Silla", "price": str(self.random.randint(10, 900))}]
        return str(documents.create(desk, KINDS[kind], blank)["id"])

    def _pay(self, desk: documents.Desk, holded_id: str, part: int = 1) -> str:
        document = self.world.company.tables["documents"][holded_id]
        amount = Decimal(document["payments_pending"]) or Decimal(document["total"])
        day = datetime.fromtimestamp(desk.now, UTC).date().isoformat()
        paid = documents.pay(
            desk, document, amount=(amount / part).quantize(Decimal("0.01")), day=day, bank_id=None, note=""
        )
        return str(paid["id"])

    def plan(self, *, first: datetime = MONTH, days: int = DAYS) -> Sequence[tuple[datetime, str]]:
        """When what is done, between eight and twenty o'clock."""
        kinds = [kind for kind, count in A_DAY.items() for _ in range(count)]
        return sorted(
            (first + timedelta(days=day, hours=7) + timedelta(seconds=self.random.randrange(12 * 3600)), kind)
            for day in range(days)
            for kind in kinds
        )

    def act(self, kind: str) -> None:
        """One thing is done now."""
        act: Callable[[documents.Desk], tuple[str, ...]] = {
            "create": self._create, "approve": self._approve, "edit": self._edit, "pay": self._settle,
            "delete": self._delete, "edit, old and paid": self._touch, "contact": self._rename, "lead": self._lead,
        }[kind]  # fmt: skip
        at = self.world.clock.now()
        subjects = act(self._desk(at))
        if subjects:
            self.done.append(Change(kind=kind, at=at, subjects=subjects))

    def _create(self, desk: documents.Desk) -> tuple[str, ...]:
        kind = self.random.choices(("invoice", "purchase"), (5, 1))[0]
        holded_id = self._document(desk, kind)
        self.drafts.append(holded_id)
        return (holded_id,)

    def _approve(self, desk: documents.Desk) -> tuple[str, ...]:
        if not self.drafts:
            return ()
        holded_id = self.drafts.pop(self.random.randrange(len(self.drafts)))
        documents.approve(desk, self.world.company.tables["documents"][holded_id])
        self.unpaid.append(holded_id)
        return (holded_id,)

    def _edit(self, desk: documents.Desk) -> tuple[str, ...]:
        recent = [*self.drafts, *self.unpaid[-20:]]
        return self._change(desk, self.random.choice(recent)) if recent else ()

    def _touch(self, desk: documents.Desk) -> tuple[str, ...]:
        return self._change(desk, self.random.choice(self.old))

    def _change(self, desk: documents.Desk, holded_id: str) -> tuple[str, ...]:
        document = self.world.company.tables["documents"][holded_id]
        document["tags"] = [f"tag{self.random.randrange(10**6)}"]
        documents.changed(desk, document)
        return (holded_id,)

    def _settle(self, desk: documents.Desk) -> tuple[str, ...]:
        """One in five pays a part."""
        if not self.unpaid:
            return ()
        at = self.random.randrange(len(self.unpaid))
        part = self.random.choice((1, 1, 1, 1, 2))
        payment = self._pay(desk, self.unpaid[at], part)
        return (payment, self.unpaid[at] if part > 1 else self.unpaid.pop(at))

    def _delete(self, desk: documents.Desk) -> tuple[str, ...]:
        """A draft that is not wanted any more, and as often a document of last week."""
        place = self.random.choice((self.drafts, self.unpaid))
        if not place:
            return ()
        holded_id = place.pop(0)
        documents.delete(desk, self.world.company.tables["documents"][holded_id], by_person=True)
        return (holded_id,)

    def _rename(self, desk: documents.Desk) -> tuple[str, ...]:
        if self.random.random() < 0.2:
            return (str(contacts.create(desk, contacts.blank(desk.now) | {"name": "New"})["id"]),)
        holded_id = self.random.choice(self.people)
        contact = self.world.company.tables["contacts"][holded_id]
        contacts.change(desk, contact | {"name": f"Contact {self.random.randrange(10**6)}"})
        return (holded_id,)

    def _lead(self, desk: documents.Desk) -> tuple[str, ...]:
        leads = self.world.company.tables["leads"]
        holded_id = self.random.choice(list(leads))
        changed = leads[holded_id] | {"value": str(self.random.randrange(10**6))}
        self.world.company.put("leads", changed, desk.now)
        return (holded_id,)


def _blank(table: str) -> dict[str, object]:
    return next(each.blank("") for each in (*RESOURCES, *WORK) if each.table == table)
