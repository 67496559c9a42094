"""The nine invariants of the design, asked of the sandbox's own state and the tables once everything has come to rest."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.ledger import is_marker, marker_of
from relay.services.settlement import settle_key
from relay.services.unfold import unfold
from tests.simulation.oracle import expected, for_a_person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from relay.domain.ledger import Key, Row
    from tests.simulation.oracle import Expected
    from tests.simulation.world import Universe

_UNDER_WAY = frozenset({"sent", "unknown", "waiting"})
_WINDOW_S = 60.0


def _documents(universe: Universe, account: str) -> list[dict[str, Any]]:
    return list(universe.companies[account].tables["documents"].values())


def _rows(universe: Universe) -> list[Row]:
    """Rows of facts: neither the standing sweep nor claims on contacts, which the documents' own rows answer for."""
    return [
        row for row in universe.ledger.rows.values() if row.kind != "contact" and row.key != settle_key(row.key.account)
    ]


def every_event_has_one_end(universe: Universe) -> Iterator[str]:
    """1: what was acknowledged is stored, every part of it has its end, and no row stands where nobody looks again."""
    for (account, inbox_id), source in universe.accepted.items():
        item = universe.inbox.items.get((account, inbox_id))
        if item is None:
            if not universe.seconds() > 35 * 86_400:
                yield f"1: {account} {source} {inbox_id} was acknowledged and is not stored"
            continue
        numbers = {str(number) for number in range(unfold(item.delivery).of)}
        if item.open or set(item.ends) != numbers:
            yield f"1: {inbox_id} is open={item.open} with ends {dict(item.ends)} of {len(numbers)}"
    for row in _rows(universe):
        if row.state in _UNDER_WAY:
            yield f"1: {row.key} is still {row.state} ({row.reason}), due {row.due_ms}, indexed {row.indexed}"
    for row in universe.ledger.rows.values():
        lost = row.state == "waiting" and not (row.indexed and row.due_ms)
        if lost and row.kind != "contact":
            yield f"1: {row.key} waits where nobody looks"


def one_document_a_key(universe: Universe) -> Iterator[str]:
    """2: at most one document a business key, and exactly those the facts ask for."""
    wanted = expected(universe.plan)
    for company in universe.plan.companies:
        account = company.account
        by_marker: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for document in _documents(universe, account):
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
    if len(found) < each.least and not deleted and (row is None or row.state != "review"):
        yield f"2: {each.key} has no document; its row is {row and (row.state, row.reason, row.detail, row.attempts)}"
    if found and not each.least and not _judged(universe, each.key):
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


def _judged(universe: Universe, key: Key) -> bool:
    return any(
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


def quota_is_kept(universe: Universe) -> Iterator[str]:
    """3: no window with more of our calls than the limit, no 429 that our calls alone brought about, no attempt spent on waiting."""
    yield from (f"3: {text}" for text in universe.ledger.spent)
    skewed = 2 * max((abs(universe.plan.skew_s) if "skew" in universe.faults.rates else 0.0) - 0.5, 0.0)
    for account, company in universe.companies.items():
        limit = company.quota.minute.limit
        calls = [call for call in universe.calls if call.company == company.id]
        ours = [call.at for call in calls if call.ours]
        for at, last in enumerate(ours):
            first = at - limit
            if first >= 0 and last - ours[first] < _WINDOW_S - skewed:
                yield f"3: {account} sent {limit + 1} calls between {ours[first]:.3f} and {last:.3f}, limit {limit}"
                break
        for call in calls:
            foreign = [at for at, there, _ in universe.foreign if there == company.id and at > call.at - 2 * _WINDOW_S]
            if call.refused and not call.forced and not foreign:
                yield f"3: {account} was refused at {call.at:.3f} of our own doing"
                break


def background_leaves_the_reserve(universe: Universe) -> Iterator[str]:
    """4: a list page of the sweep never takes what is kept for documents."""
    for account, company in universe.companies.items():
        limit = company.quota.minute.limit
        kept = min(max(2, -(-limit // 20)), limit // 2)
        calls = [call for call in universe.calls if call.company == company.id and call.ours]
        for at, call in enumerate(calls):
            background = call.method == "GET" and "start" in call.query and "contact" not in call.query
            window = [each for each in calls[: at + 1] if each.at > call.at - _WINDOW_S]
            if background and len(window) > limit - kept + 1 and len(window) > limit // 20 + kept:
                yield f"4: {account} swept with {len(window)} of {limit} calls spent"


def accounts_are_apart(universe: Universe) -> Iterator[str]:
    """5: a token is used for its own company alone, and what stands in a company stems from its own account."""
    owner = {company.id: account for account, company in universe.companies.items()}
    for call in universe.calls:
        if call.company and f"_{owner[call.company]}_" not in call.token:
            yield f"5: {call.token} was used for {owner[call.company]}"
    markers = {row.marker: row.key.account for row in universe.ledger.rows.values() if row.marker}
    for account in universe.companies:
        for document in _documents(universe, account):
            for tag in document["tags"]:
                if is_marker(tag) and markers.get(tag, account) != account:
                    yield f"5: a document of {markers[tag]} stands in {account}"
    for key, row in universe.ledger.rows.items():
        pending = row.event_id and row.event_id.partition("#")[0]
        if pending and (key.account, pending) not in universe.inbox.items and (key.account != "unknown"):
            others = [at for at, inbox_id in universe.inbox.items if inbox_id == pending and at != key.account]
            if others:
                yield f"5: {key} has an event of {others[0]}"


def what_is_uncertain_is_reviewed(universe: Universe) -> Iterator[str]:
    """7: what cannot be mapped is in review and no document; nothing else is in review without its own reason."""
    wanted = expected(universe.plan)
    for account, source, object_id in for_a_person(universe.plan):
        rows = [
            row
            for row in _rows(universe)
            if (row.key.account, row.key.source, row.key.object_id) == (account, source, object_id)
        ]
        if not any(row.state == "review" for row in rows):
            yield f"7: {account} {object_id} cannot be mapped and is {[(row.state, row.reason) for row in rows]}"
    for row in _rows(universe):
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
    key = replace(row.key, purpose=row.key.purpose.partition(".")[0])
    if marker_of(key) in universe.touched_markers:
        return True
    own = wanted.get(key)
    if own is None:
        return row.key.purpose == "creditnote" and reason in {"parent_missing", "parent_not_written"}
    if reason == "parent_not_written" and own.parent is not None:
        above = universe.ledger.rows.get(own.parent)
        return above is not None and above.state == "review" and _explained(universe, above, wanted)
    return reason in own.reasons


def nothing_is_told(universe: Universe) -> Iterator[str]:
    """8: no secret, no payload and no personal data in a log line, an error text or the reason of a row."""
    words = {word for word in universe.hidden if word} | {"@example.com", "Ejemplo", "Calle Mayor", "Silla "}
    texts = set(universe.told) | set(universe.errors)
    texts |= {f"{row.reason} {row.detail}" for row in universe.ledger.rows.values()}
    for text in texts:
        for word in words:
            if word in text:
                yield f"8: {word!r} is told in {text[:200]!r}"


def one_contact_a_buyer(universe: Universe) -> Iterator[str]:
    """2, of contacts: one person is one contact, from however many shops."""
    for account, company in universe.companies.items():
        seen: dict[str, int] = defaultdict(int)
        for contact in company.tables["contacts"].values():
            seen[str(contact.get("email") or "")] += 1
        for email, count in seen.items():
            if email and count > 1:
                yield f"2: {account} has {count} contacts with the e-mail of {email.partition('@')[0]}"


def standing(universe: Universe) -> dict[str, dict[str, list[Any]]]:
    """What stands in Holded, by account and document id, to compare a replay with."""
    return {
        account: {
            each["id"]: [each["_kind"], each["total"], each["draft"], len(each["payments_detail"]), each["tags"]]
            for each in _documents(universe, account)
        }
        for account in universe.companies
    }


def replay_wrote(universe: Universe, before: dict[str, dict[str, list[Any]]]) -> Iterator[str]:
    """9: a replay creates no document and changes none. Of what a person has to judge it may find that its cause has
    passed, and bring the one document to its newest version.
    """
    judged = {
        marker_of(replace(row.key, purpose=row.key.purpose.partition(".")[0]))
        for row in universe.ledger.rows.values()
        if row.state == "review"
    }
    for account, documents in standing(universe).items():
        for holded_id in sorted({*documents, *before[account]}):
            was, now = before[account].get(holded_id), documents.get(holded_id)
            excused = was is not None and now is not None and judged.intersection(now[-1])
            if was != now and not excused:
                yield f"9: a replay turned {account} {holded_id} from {was} into {now}"


def doubles_are_told(universe: Universe) -> Iterator[str]:
    """2, with the fence's assumptions broken: the worst is a doubled draft or payment, and the sweep has told of each."""
    told: dict[str, str] = defaultdict(str)
    for row in universe.ledger.rows.values():
        if row.state == "review":
            told[row.key.account] += f" {row.detail}"
    for account in universe.companies:
        by_marker: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for document in _documents(universe, account):
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


INVARIANTS: tuple[Callable[[Universe], Iterator[str]], ...] = (
    every_event_has_one_end,
    one_document_a_key,
    one_contact_a_buyer,
    quota_is_kept,
    background_leaves_the_reserve,
    accounts_are_apart,
    what_is_uncertain_is_reviewed,
    nothing_is_told,
)
BROKEN_FENCE: tuple[Callable[[Universe], Iterator[str]], ...] = (
    every_event_has_one_end,
    doubles_are_told,
    quota_is_kept,
    accounts_are_apart,
    nothing_is_told,
)
"""What still holds when a commit comes later than anybody waits for it. A contact may be doubled too: no sweep lists those."""
