"""What stands in Holded, held against the oracle: one document a fact, to the cent, and people asked only where needed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.decisions import IN_DOUBT
from relay.domain.ledger import STANDING, is_marker, marker_of
from relay.domain.remedies import aside_of, own_key
from relay.domain.replay import unpack
from relay.services.answers import POLLED
from relay.services.times import at_ms
from relay.services.turns import JOINS, OWN_CALL
from relay.services.unfold import unfold
from tests.simulation import payloads
from tests.simulation.oracle import expected, for_a_person
from tests.simulation.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.ledger import Key, Row
    from tests.simulation.oracle import Expected
    from tests.simulation.world import Universe


def documents_of(universe: Universe, account: str) -> list[dict[str, Any]]:
    return list(universe.companies[account].tables["documents"].values())


def rows_of(universe: Universe) -> list[Row]:
    """Rows of facts: neither what stands for ever nor claims on contacts, which the documents' own rows answer for."""
    return [row for row in universe.ledger.rows.values() if row.kind not in {"contact", *STANDING}]


def may_wait(universe: Universe, row: Row) -> bool:
    """It is to go on later than anybody has patience for here: when a person has judged, or polling has a call for it."""
    return waits_for_a_person(universe, row) or _waits_for_a_poll(universe, row)


def _waits_for_a_poll(universe: Universe, row: Row) -> bool:
    """A look at a document whose payment a poll saw: it costs a call of polling's, which may have one next month only."""
    asked = row.event_id.startswith(POLLED) and row.reason in {JOINS, OWN_CALL}
    return row.state == "waiting" and asked and row.due_ms > at_ms(universe.now())


def waits_for_a_person(universe: Universe, row: Row) -> bool:
    """A newer version beside a document that may stand and is in review, or a webhook of that document: it goes on when that
    is judged.
    """
    if row.state == "waiting" and row.reason == "record_awaited":
        return is_of_a_write_in_review(universe, row.key.account, row.key.object_id.partition(":")[2])
    own = universe.ledger.rows.get(own_key(row.key))
    aside = aside_of(row.key) == "update" and row.state == "waiting" and row.reason == "parent"
    return aside and own is not None and own.state in {"review", "dead"}


def is_of_a_write_in_review(universe: Universe, account: str, holded_id: str) -> bool:
    """A document, or a payment of one, that bears the reference of a write whose outcome a person has to judge, or is named
    by one.
    """
    tables = universe.companies[account].tables
    payment = tables["payments"].get(holded_id, {})
    its_id = payment.get("document_id", holded_id)
    tags = tables["documents"].get(its_id, {}).get("tags", ())
    return any(
        row.holded_id == its_id and row.reason.startswith(IN_DOUBT) if row.holded_id else row.marker in tags
        for row in rows_of(universe)
        if row.key.account == account and row.marker and row.state in {"review", "dead"}
    )


def one_document_a_key(universe: Universe) -> Iterator[str]:
    """2: at most one document a business key, and exactly those the facts ask for."""
    wanted = expected(universe.plan)
    for company in universe.plan.companies:
        account = company.account
        by_marker: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for document in documents_of(universe, account):
            markers = [tag for tag in document["tags"] if is_marker(tag)]
            if len(markers) != 1 and (account, document["id"]) not in universe.touched:
                yield f"2: document {document['id']} carries the markers {markers}"
            for marker in markers:
                by_marker[marker].append(document)
        known = {marker_of(key): each for key, each in wanted.items() if key.account == account}
        for marker, found in by_marker.items():
            if marker not in known:
                yield f"2: {account} holds {found[0]['_kind']} {found[0]['id']} that no fact asks for"
            elif len(found) > 1:
                yield f"2: {known[marker].key} became {len(found)} documents: {[each['id'] for each in found]}"
        for marker, each in known.items():
            yield from _one(universe, account, each, by_marker.get(marker, []), marker)


def _one(universe: Universe, account: str, each: Expected, found: list[dict[str, Any]], marker: str) -> Iterator[str]:
    deleted = any(owner == account and marker in document["tags"] for owner, document in universe.gone)
    row = universe.ledger.rows.get(each.key)
    by_person = decided(universe, each.key) or (each.parent is not None and decided(universe, each.parent))
    if len(found) < each.least and not (deleted or by_person) and (row is None or row.state != "review"):
        yield f"2: {each.key} has no document; its row is {row and (row.state, row.reason, row.detail, row.attempts)}"
    if found and not each.least and not (by_person or _judged(universe, each.key)):
        yield f"7: {each.key} was called off, stands as {found[0]['id']}, and nobody was told"
    for document in found:
        if (account, document["id"]) in universe.touched or deleted:
            continue
        if document["_kind"] not in each.kinds:
            yield f"2: {each.key} became a {document['_kind']}"
        if not _judged(universe, each.key):
            yield from _money(each, document)
        if Decimal(document["total"]) not in each.totals:
            yield f"6: {each.key} came to {document['total']}, no version of which says so"
        if each.finish != "draft" and document["draft"] and not _judged(universe, each.key):
            yield f"2: {each.key} was to be approved and is a draft"


def decided(universe: Universe, key: Key) -> bool:
    """Whether a person ended the fact's road: ignored, discarded, or its document is one of hers."""
    return (key.account, key.source, key.object_id) in universe.decided


def _judged(universe: Universe, key: Key) -> bool:
    return decided(universe, key) or any(
        row.state == "review"
        for row in universe.ledger.rows.values()
        if (row.key.account, row.key.source, row.key.object_id) == (key.account, key.source, key.object_id)
    )


def _money(each: Expected, document: dict[str, Any]) -> Iterator[str]:
    """6: the newest version to the cent, and paid once, where nobody has to judge."""
    total = Decimal(document["total"])
    if total != each.newest:
        yield f"6: {each.key} came to {total}, expected {each.newest}"
    paid = [Decimal(payment["amount"]) for payment in document["payments_detail"]]
    due = [total] if each.finish == "approve_and_pay" else []
    if paid != due:
        yield f"6: {each.key} was paid {paid}, expected {due}"


def what_was_adopted_is_all(universe: Universe) -> Iterator[str]:
    """2: a fact whose document a person named never gets one of ours after that; what is cancelled runs no more."""
    for key, (adopted, stood) in universe.closed.items():
        row = universe.ledger.rows.get(key)
        if row is None or row.holded_id != adopted:
            continue
        for document in documents_of(universe, key.account):
            if marker_of(key) in document["tags"] and document["id"] not in stood | {adopted}:
                yield f"2: {key} adopted {adopted} and became {document['id']} as well"
    for row in universe.ledger.rows.values():
        if row.kind == "replay" and row.state != "ignored":
            yield f"1: replay {row.key} is {row.state} ({row.reason})"
        if (row.key.account, row.key.object_id) in universe.cancelled and row.state != "ignored":
            yield f"9: replay {row.key} was cancelled and is {row.state}"


def one_contact_a_buyer(universe: Universe) -> Iterator[str]:
    """2, of contacts: one person is one contact, from however many shops."""
    for account, company in universe.companies.items():
        seen: dict[str, int] = defaultdict(int)
        for contact in company.tables["contacts"].values():
            seen[str(contact.get("email") or "")] += 1
        for email, count in seen.items():
            if email and count > 1:
                yield f"2: {account} has {count} contacts with the e-mail of {email.partition('@')[0]}"


def one_product_a_sku(universe: Universe) -> Iterator[str]:
    """2, of products: each SKU that was told of is one product, at its newest price (net, 21 % apart)."""
    for company in universe.plan.companies:
        told: dict[str, tuple[str, Decimal]] = {}
        for delivery in universe.plan.deliveries:
            if delivery.account == company.account and delivery.topic.startswith("products/"):
                (variant,) = delivery.body["variants"]
                version = (delivery.body["updated_at"], Decimal(variant["price"]) / Decimal("1.21"))
                told[variant["sku"]] = max(told.get(variant["sku"], version), version)
        there = defaultdict(list)
        for product in universe.companies[company.account].tables["products"].values():
            there[product["sku"]].append(Decimal(product["price"]))
        mine = [row for row in rows_of(universe) if row.key.account == company.account]
        asked = any(row.state == "review" and row.key.purpose.startswith("product") for row in mine)
        objects = {object_id for account, _, object_id in universe.decided if account == company.account}
        asked = asked or any(object_id.startswith(payloads.PRODUCT) for object_id in objects)
        for sku in sorted({*told, *there}):
            wanted = [told[sku][1].quantize(Decimal("0.0001"))] if sku in told else []
            if there[sku] != wanted and not (asked and len(there[sku]) <= len(wanted)):
                yield f"2: {company.account} has product {sku} at {there[sku]}, expected {wanted}"


def what_is_uncertain_is_reviewed(universe: Universe) -> Iterator[str]:
    """7: what cannot be mapped is in review and no document; nothing else is in review without its own reason."""
    wanted = expected(universe.plan)
    for account, source, object_id in for_a_person(universe.plan):
        rows = [
            row
            for row in rows_of(universe)
            if (row.key.account, row.key.source, row.key.object_id) == (account, source, object_id)
        ]
        if not any(row.state == "review" for row in rows) and (account, source, object_id) not in universe.decided:
            yield f"7: {account} {object_id} cannot be mapped and is {[(row.state, row.reason) for row in rows]}"
    for row in rows_of(universe):
        if row.state == "review" and not _explained(universe, row, wanted):
            yield f"7: {row.key} is in review without need: {row.reason}: {row.detail}"
        if row.state == "dead" and row.key.source != "dead-letters":
            yield f"7: {row.key} is dead: {row.reason} after {row.attempts} attempts"


def _explained(universe: Universe, row: Row, wanted: dict[Key, Expected]) -> bool:
    """Whether the story of this very key says why a person must judge."""
    account, object_id = row.key.account, row.key.object_id
    reason = row.reason.removeprefix("outcome_unknown_")
    if row.key.purpose == "delivery":
        return True
    if reason == "refused":
        return universe.faults.counts["status_zero"] > 0
    if any(account == there and object_id == uncertain for there, _, uncertain in for_a_person(universe.plan)):
        return True
    if decided(universe, row.key) or _asks_of_what_was_left(universe, row):
        return True
    key = replace(row.key, purpose=row.key.purpose.partition(".")[0])
    if marker_of(key) in universe.touched_markers:
        return True
    own = wanted.get(key)
    if own is not None and own.parent is not None and decided(universe, own.parent):
        return True
    if own is None:
        return row.key.purpose == "creditnote" and reason in {"parent_missing", "parent_not_written"}
    if reason == "parent_not_written" and own.parent is not None:
        above = universe.ledger.rows.get(own.parent)
        return above is not None and above.state == "review" and _explained(universe, above, wanted)
    return reason in own.reasons


def _asks_of_what_was_left(universe: Universe, row: Row) -> bool:
    """What reconciliation asks about a document that nobody knew to stand when its fact was ignored in doubt."""
    account = row.key.account
    found = [each for each in documents_of(universe, account) if each["id"] == row.key.object_id]
    return row.reason == "extra" and any(is_left_behind(universe, account, each) for each in found)


def is_left_behind(universe: Universe, account: str, document: dict[str, Any]) -> bool:
    """Whether no row names it, and it bears the marker of a fact whose road a person ended."""
    named = any(row.holded_id == document["id"] for row in rows_of(universe) if row.key.account == account)
    return not named and is_of_decided(universe, account, document)


def is_of_decided(universe: Universe, account: str, document: dict[str, Any]) -> bool:
    """Whether it bears the marker of a fact whose road a person ended."""
    rows = [row for row in rows_of(universe) if row.key.account == account and row.marker in document["tags"]]
    return any(decided(universe, row.key) for row in rows)


def standing(universe: Universe) -> dict[str, dict[str, list[Any]]]:
    """What stands in Holded, by account and document id, to compare a replay with."""
    return {
        account: {
            each["id"]: [each["_kind"], each["total"], each["draft"], len(each["payments_detail"]), each["tags"]]
            for each in documents_of(universe, account)
        }
        for account in universe.companies
    }


def written_s(universe: Universe) -> dict[str, float]:
    """Marker -> the second of virtual time in which Holded got the document: its id begins with it."""
    return {
        tag: int(document["id"][:8], 16) - START.timestamp()
        for account in universe.companies
        for document in documents_of(universe, account)
        for tag in document["tags"]
    }


def judged(universe: Universe) -> set[str]:
    """The markers of the facts that a person has to judge."""
    return {marker_of(own_key(row.key)) for row in universe.ledger.rows.values() if row.state == "review"}


def replay_wrote(
    universe: Universe, before: dict[str, dict[str, list[Any]]], uncertain: set[str], *, again: bool = False
) -> Iterator[str]:
    """9: a replay creates no document and changes none. Of what a person has or had to judge (`uncertain`) it may find
    that the cause has passed, and bring the one document to its newest version; when an operator ordered it (`again`),
    write what was refused, too.
    """
    for account, documents in standing(universe).items():
        for holded_id in sorted({*documents, *before[account]}):
            was, now = before[account].get(holded_id), documents.get(holded_id)
            excused = now is not None and (was is not None or again) and uncertain.intersection(now[-1])
            if was != now and not excused:
                yield f"9: a replay turned {account} {holded_id} from {was} into {now}"


_ANSWERS = frozenset({"already done", "ignored", "superseded", "review", "waiting", "duplicate"})


def replay_answered(universe: Universe, uncertain: set[str]) -> Iterator[str]:
    """9: the replay of all that was received swallowed nothing in silence, and brought nothing that was not there."""
    for account in universe.companies:
        rows = [row for row in universe.ledger.rows.values() if row.kind == "replay" and row.key.account == account]
        if not rows:
            continue
        last = max(rows, key=lambda row: row.created_ms)
        for ref, answer in unpack(last.event).done:
            if answer.partition(":")[0] not in _ANSWERS and not _excused(universe, account, ref, uncertain):
                yield f"9: {account} {ref} was replayed with the answer {answer}"


def _excused(universe: Universe, account: str, ref: str, uncertain: set[str]) -> bool:
    """Its object is, or was, a person's to judge."""
    inbox_id, _, number = ref.partition("#")
    item = universe.inbox.items.get((account, inbox_id))
    events = unfold(item.delivery).events if item is not None else ()
    subject = events[int(number)].subject if int(number) < len(events) else ""
    return any(
        row.key.object_id == subject and marker_of(own_key(row.key)) in uncertain
        for row in rows_of(universe)
        if row.key.account == account
    )


def doubles_are_told(universe: Universe) -> Iterator[str]:
    """2, with the fence's assumptions broken: the worst is a doubled draft or payment, and the sweep has told of each."""
    told: dict[str, str] = defaultdict(str)
    for row in universe.ledger.rows.values():
        if row.state == "review":
            told[row.key.account] += f" {row.detail}"
    for account in universe.companies:
        by_marker: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for document in documents_of(universe, account):
            for marker in document["tags"]:
                by_marker[marker].append(document)
            paid = sum(Decimal(payment["amount"]) for payment in document["payments_detail"])
            name = document["document_number"] or document["id"]
            if paid > Decimal(document["total"]) and name not in told[account]:
                yield f"2: {account} {document['_kind']} {name} was paid {paid} and nobody was told"
        for marker, found in by_marker.items():
            silent = [document["id"] for document in found if document["id"] not in told[account]]
            if len(found) > 1 and silent:
                yield f"2: {account} holds {len(found)} documents of {marker}, and nobody was told of {silent}"
            if sum(not document["draft"] for document in found) > 1:
                yield f"2: {account} holds more than one approved document of {marker}"
