"""How each command, function and port method is called for account `acme` while account `bolt` lives beside it.

A new command, function or port method needs a line here; `test_isolation.py` says which one is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from relay.domain.gate import new_gate
from relay.domain.ledger import Key
from relay.domain.polling import Polling
from relay.domain.snapshots import Snapshot
from relay.ports.accounts import AccountSecrets, Credential
from relay.ports.providers import ProviderCredential

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Command:
    """`call`: arguments for `acme`, which must say and do nothing of `bolt`. `guesses`: arguments for `acme` that name what is
    `bolt`'s, and must be refused. In both, `{event}`, `{inbox}`, `{row}`, `{document}` stand for ids of `bolt` in a guess,
    of `acme` in a call; `{file}` is a file with a webhook's body, `{settings}` one with settings. `recorded`: a guess leaves a
    record with `acme`, the account that was named, such as an answer that there is no such event.
    """

    call: str
    guesses: tuple[str, ...] = ()
    stdin: str = ""
    recorded: bool = False


NO_STACK = {
    "relay preview": "reads a file, no stack",
    "relay check-signature": "reads files, no stack",
    "relay schemas write": "writes files, no stack",
    "relay sandbox": "is a program of its own",
    "relay plan": "reckons with the figures it is given",
}
ALL_ACCOUNTS = {
    "relay account list": "lists the accounts there are",
    "relay status": "counts all accounts where none is named",
    "relay review list": "groups what people must judge over all accounts where none is named",
    "relay verify": "counts and compares all accounts where none is named",
}
"""Commands that may speak of every account; none of them may change one."""

COMMANDS: dict[str, Command] = {
    "relay account add": Command(call="account add corvo --mode test"),
    "relay account show": Command(call="account show acme"),
    "relay account set": Command(call="account set acme --name Other --status active --refresh --settings {settings}"),
    "relay account remove": Command(call="account remove acme --yes --force"),
    "relay account erase": Command(call="account erase acme --yes"),
    "relay secret rotate": Command(call="secret rotate --account acme --source shopify"),
    "relay secret show": Command(call="secret show --account acme --reveal"),
    "relay source set": Command(
        call="source set acme shopify --shop-domain a-shop.myshopify.com --token-file -", stdin="shpat_of_acme"
    ),
    "relay source show": Command(call="source show acme"),
    "relay source remove": Command(call="source remove acme shopify", guesses=("source remove acme stripe",)),
    "relay import": Command(
        call="import --account acme --source shopify --from 2026-03-01",
        guesses=("import --account acme --source stripe --from 2026-03-01",),
    ),
    "relay events list": Command(call="events list --account acme"),
    "relay events show": Command(
        call="events show {event} --account acme",
        guesses=("events show {event} --account acme", "events show {inbox} --account acme"),
    ),
    "relay send": Command(call="send {file} --account acme --source shopify --topic orders/paid"),
    "relay status": Command(call="status --account acme"),
    "relay changes list": Command(call="changes list --account acme"),
    "relay quota": Command(call="quota acme"),
    "relay poll": Command(call="poll acme --now", recorded=True),
    "relay pause": Command(call="pause acme"),
    "relay resume": Command(call="resume acme"),
    "relay waiting list": Command(call="waiting list --account acme"),
    "relay verify": Command(call="verify --account acme --from 2026-03-01"),
    "relay reconcile": Command(call="reconcile acme --from 2026-03-01 --to 2026-03-05 --ask-source --repair --yes"),
    "relay review list": Command(call="review list --account acme"),
    "relay review show": Command(
        call="review show {review} --account acme",
        guesses=("review show {review} --account acme", "review show {event} --account acme"),
    ),
    "relay review retry": Command(
        call="review retry {review} --account acme",
        guesses=("review retry {review} --account acme", "review retry --alike {review} --account acme"),
    ),
    "relay review adopt": Command(
        call="review adopt {review} {document} --account acme --yes",
        guesses=("review adopt {review} {document} --account acme --yes",),
    ),
    "relay review create": Command(
        call="review create {review} --account acme --yes --i-know-it-may-double",
        guesses=("review create {review} --account acme --yes --i-know-it-may-double",),
    ),
    "relay review ignore": Command(
        call="review ignore {review} --account acme --note settled",
        guesses=("review ignore {review} --account acme --note settled",),
    ),
    "relay dead-letters list": Command(call="dead-letters list --account acme"),
    "relay dead-letters show": Command(
        call="dead-letters show {dead} --account acme",
        guesses=("dead-letters show {dead} --account acme", "dead-letters show {letter} --account acme"),
    ),
    "relay dead-letters replay": Command(
        call="dead-letters replay --account acme --no-wait",
        guesses=("dead-letters replay {dead} --account acme", "dead-letters replay {letter} --account acme --dry-run"),
    ),
    "relay dead-letters discard": Command(
        call="dead-letters discard --account acme --note gone --yes",
        guesses=("dead-letters discard {dead} --account acme --note gone --yes",),
    ),
    "relay replay": Command(
        call="replay --account acme --from 2026-03-01 --no-wait",
        guesses=("replay {event} --account acme --no-wait", "replay {event} --account acme --dry-run"),
        recorded=True,
    ),
    "relay replays list": Command(call="replays list --account acme"),
    "relay replays show": Command(
        call="replays show {replay} --account acme", guesses=("replays show {replay} --account acme",)
    ),
    "relay replays cancel": Command(
        call="replays cancel {replay} --account acme", guesses=("replays cancel {replay} --account acme",)
    ),
}

FUNCTIONS = {
    "receive_webhook",
    "publish_event",
    "write_holded",
    "release_due",
    "sweep_inbox",
    "index_dead_letters",
    "poll_holded",
    "watch_sources",
}
"""Functions that `test_isolation.py` calls with one account's name and another's event."""


def gate(account: str) -> Any:
    return new_gate(account, per_minute=60, per_month=1000, now_ms=0)


def key(account: str, object_id: str = "1001") -> Key:
    return Key(account=account, source="shopify", object_id=object_id, purpose="invoice")


async def every(listing: Any) -> list[Any]:
    return [one async for one in listing]


OVER_ALL = {
    "Inbox.open_since": "the sweeper's index spans accounts",
    "Gates.due": "the schedule's index spans accounts",
    "Accounts.all": "the listing of accounts",
}
"""Methods that look over all accounts: every other one must name its account in each key."""

_DAY = 1_772_442_000_000
PROVIDER = ProviderCredential(source="shopify", base_url="https://acme.myshopify.com", token="shpat_x")

METHODS: dict[str, Callable[[Any, str, Any, Any], Any]] = {
    # (world, account, row, delivery) -> awaitable, or the answer of a synchronous port
    "WebhookSecrets.load": lambda w, a, _r, _d: w.secrets.load(a),
    "InboxWriter.put": lambda w, _a, _r, d: w.writer.put(d, digest="x"),
    "Inbox.put": lambda w, _a, _r, d: w.inbox.put(d, digest="y"),
    "Inbox.get": lambda w, a, _r, d: w.inbox.get(a, d.inbox_id),
    "Inbox.close": lambda w, a, _r, d: w.inbox.close(a, d.inbox_id, ends={"0": "ignored:x"}, of=1),
    "Inbox.received": lambda w, a, _r, _d: every(w.inbox.received(a, from_ms=0, to_ms=2**42, limit=5)),
    "Ledger.insert": lambda w, _a, r, _d: w.ledger.insert(r),
    "Ledger.get": lambda w, a, _r, _d: w.ledger.get(key(a)),
    "Ledger.replace": lambda w, _a, r, _d: w.ledger.replace(r, expected_rev=r.rev),
    "Ledger.wait_for_parent": lambda w, a, r, _d: w.ledger.wait_for_parent(r, parent=key(a, "parent"), expected_rev=0),
    "Ledger.children": lambda w, a, _r, _d: w.ledger.children(key(a, "parent")),
    "Ledger.due": lambda w, a, _r, _d: w.ledger.due(a, priority="fiscal", now_ms=2**42, limit=5),
    "Ledger.next_due": lambda w, a, _r, _d: w.ledger.next_due(a),
    "Ledger.by_holded_id": lambda w, a, _r, _d: w.ledger.by_holded_id(a, "5ab"),
    "Ledger.in_state": lambda w, a, _r, _d: every(w.ledger.in_state(a, "waiting")),
    "Ledger.confirmed_between": lambda w, a, _r, _d: every(w.ledger.confirmed_between(a, from_ms=_DAY, to_ms=_DAY + 1)),
    "Ledger.count": lambda w, a, _r, _d: w.ledger.count(a),
    "Gates.load": lambda w, a, _r, _d: w.gates.load(a),
    "Gates.store": lambda w, a, _r, _d: w.gates.store(gate(a), expected_rev=0),
    "Gates.wake": lambda w, a, _r, _d: w.gates.wake(a, "x", holder="h"),
    "Accounts.get": lambda w, a, _r, _d: w.accounts.get(a),
    "Accounts.put": lambda w, a, _r, _d: w.accounts.put(w.an_account(a), expected_rev=0),
    "Accounts.set_credential": lambda w, a, _r, _d: w.accounts.set_credential(a, Credential(token="pat_x")),
    "Accounts.credential": lambda w, a, _r, _d: w.accounts.credential(a),
    "Accounts.set_webhook_secrets": lambda w, a, _r, _d: w.accounts.set_webhook_secrets(
        a, AccountSecrets(account=a, secrets={"shopify": ("s",)}, bindings={})
    ),
    "Accounts.webhook_secrets": lambda w, a, _r, _d: w.accounts.webhook_secrets(a),
    "Inbox.reopen": lambda w, a, _r, d: w.inbox.reopen(a, d.inbox_id, numbers=["0"], now_ms=1),
    "Inbox.ends_between": lambda w, a, _r, _d: every(w.inbox.ends_between(from_ms=0, to_ms=2**42, account=a)),
    "Accounts.changes": lambda w, a, _r, _d: every(w.accounts.changes(a, from_ms=_DAY, to_ms=_DAY + 1, limit=5)),
    "Accounts.record_change": lambda w, a, _r, _d: w.accounts.record_change(
        a, at_ms=1, who="w", what="x", before="", after=""
    ),
    "Accounts.erase": lambda w, a, _r, _d: w.accounts.erase(a),
    "Snapshots.record": lambda w, a, _r, d: w.snapshots.record(
        a, "invoice", "5ab", Snapshot(number=1, seen_ms=1), expected=None, delivery=replace(d, inbox_id="seen")
    ),
    "Snapshots.many": lambda w, a, _r, _d: w.snapshots.many(a, "invoice", ["5ab"]),
    "Snapshots.known": lambda w, a, _r, _d: every(w.snapshots.known(a, "invoice")),
    "Polls.load": lambda w, a, _r, _d: w.polls.load(a),
    "Polls.store": lambda w, a, _r, _d: w.polls.store(Polling(account=a), expected_rev=0),
    "Polls.mark": lambda w, a, _r, _d: w.polls.mark(a, "invoice", "17", page=0, ids=["5ab"]),
    "Polls.marked": lambda w, a, _r, _d: w.polls.marked(a, "invoice", "17"),
    "Providers.known": lambda w, a, _r, _d: w.providers.known(a),
    "Providers.get": lambda w, a, _r, _d: w.providers.get(a, "shopify"),
    "Providers.put": lambda w, a, _r, _d: w.providers.put(a, PROVIDER),
    "Providers.forget": lambda w, a, _r, _d: w.providers.forget(a, "shopify"),
    "Notes.put": lambda w, a, _r, _d: w.notes.put(a, "watch", "shopify", {"x": 1}, at_ms=1),
    "Notes.get": lambda w, a, _r, _d: w.notes.get(a, "watch", "shopify"),
    "Arrivals.add": lambda w, a, _r, _d: w.arrivals.add(a, "shopify", hours={_DAY: 1}, last_ms=_DAY),
    "Arrivals.since": lambda w, a, _r, _d: w.arrivals.since(a, from_ms=0),
    "Snapshots.get": lambda w, a, _r, _d: w.snapshots.get(a, "invoice", "5ab"),
}
