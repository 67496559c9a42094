"""The nine invariants of the design, asked of the sandbox's own state and the tables once everything has come to rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.ledger import is_marker
from relay.services.unfold import unfold
from tests.simulation.holdings import (
    documents_of,
    doubles_are_told,
    may_wait,
    one_contact_a_buyer,
    one_document_a_key,
    one_product_a_sku,
    rows_of,
    what_is_uncertain_is_reviewed,
    what_was_adopted_is_all,
)
from tests.simulation.shop import silence_was_found

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.simulation.world import Universe

_UNDER_WAY = frozenset({"sent", "unknown", "waiting"})
_WINDOW_S = 60.0
_GRANT_S = 2.0

MOST_RUNS = 1_000
"""Of one function in one hour. A release that fails brings some 400, its messages coming back again and again."""


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
    for row in rows_of(universe):
        if row.state in _UNDER_WAY and not may_wait(universe, row):
            yield f"1: {row.key} is still {row.state} ({row.reason}), due {row.due_ms}, indexed {row.indexed}"
    for row in universe.ledger.rows.values():
        lost = row.state == "waiting" and not (row.indexed and row.due_ms)
        if lost and row.kind != "contact":
            yield f"1: {row.key} waits where nobody looks"


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
    """4: a list page of the sweep never takes what is kept for documents.

    A grant is two seconds old at most when it is used: documents that came meanwhile may have been sent before the page.
    """
    for account, company in universe.companies.items():
        limit = company.quota.minute.limit
        kept = min(max(2, -(-limit // 20)), limit // 2)
        calls = [call for call in universe.calls if call.company == company.id and call.ours]
        for at, call in enumerate(calls):
            background = call.method == "GET" and "start" in call.query and "contact" not in call.query
            before = [each for each in calls[:at] if call.at - _WINDOW_S < each.at <= call.at - _GRANT_S]
            window = [*before, call]
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
        for document in documents_of(universe, account):
            for tag in document["tags"]:
                if is_marker(tag) and markers.get(tag, account) != account:
                    yield f"5: a document of {markers[tag]} stands in {account}"
    for key, row in universe.ledger.rows.items():
        pending = row.event_id and row.event_id.partition("#")[0]
        if pending and (key.account, pending) not in universe.inbox.items and (key.account != "unknown"):
            others = [at for at, inbox_id in universe.inbox.items if inbox_id == pending and at != key.account]
            if others:
                yield f"5: {key} has an event of {others[0]}"


def nothing_is_told(universe: Universe) -> Iterator[str]:
    """8: no secret, no payload and no personal data in a log line, an error text or the reason of a row."""
    words = {word for word in universe.hidden if word} | {"@example.com", "Ejemplo", "Calle Mayor", "Silla "}
    texts = set(universe.told) | set(universe.errors)
    texts |= {f"{row.reason} {row.detail}" for row in universe.ledger.rows.values()}
    for text in texts:
        for word in words:
            if word in text:
                yield f"8: {word!r} is told in {text[:200]!r}"


def nobody_spins(universe: Universe) -> Iterator[str]:
    """13: whoever waits is woken when it may go on, not as often as queues deliver: each run costs money, reads and a lease."""
    for (function, hour), count in universe.lambdas.runs.items():
        if count > MOST_RUNS:
            yield f"13: {function} ran {count} times in hour {hour}"


INVARIANTS: tuple[Callable[[Universe], Iterator[str]], ...] = (
    every_event_has_one_end,
    one_document_a_key,
    what_was_adopted_is_all,
    one_contact_a_buyer,
    one_product_a_sku,
    quota_is_kept,
    background_leaves_the_reserve,
    accounts_are_apart,
    what_is_uncertain_is_reviewed,
    nothing_is_told,
    silence_was_found,
    nobody_spins,
)
BROKEN_FENCE: tuple[Callable[[Universe], Iterator[str]], ...] = (
    every_event_has_one_end,
    doubles_are_told,
    quota_is_kept,
    accounts_are_apart,
    nothing_is_told,
    nobody_spins,
)
"""What still holds when a commit comes later than anybody waits for it. A contact may be doubled too: no sweep lists those."""
