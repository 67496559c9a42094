"""Admit an account: check its credential, see that its Holded company is nobody else's, store it, open it.

The id is claimed first and opened last: an interrupted admission leaves a paused account that a second one completes.
An account that was removed may be admitted again, for the same company: its ledger still knows what was written.
"""

import dataclasses
import secrets as random_secrets
from collections.abc import Mapping
from typing import Any

from relay.cli import onboarding
from relay.cli.change_words import of_bindings
from relay.cli.context import World
from relay.errors import NotAllowed, Rejected
from relay.ports.accounts import Account, AccountSecrets, Credential

ADDING = "being_added"
ENDED = frozenset({"removed", "erased"})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    account: str
    name: str
    mode: str
    company_id: str | None
    settings: dict[str, Any]
    per_minute: int | None
    per_month: int | None
    another_id: bool = False  # a person says that a company may leave its former account's ledger behind


async def admit(
    here: World,
    wanted: Wanted,
    credential: Credential,
    secrets: Mapping[str, str],
    bindings: dict[str, dict[str, str]],
) -> tuple[Account, onboarding.Found]:
    """Raises `NotAllowed` for a credential that cannot do the work, `Rejected` when the id or the company is taken."""
    there = await here.accounts.get(wanted.account)
    if there is not None and there.status_reason not in {ADDING, *ENDED}:
        raise Rejected("account_exists", detail=f"{wanted.account} is there already; see `relay account set`")
    found = await onboarding.look(here.holded, credential)
    if found.lacking:
        raise NotAllowed("scope_missing", detail=f"the token lacks {', '.join(found.lacking)}")
    company = onboarding.company(found, wanted.company_id)
    if there is not None:
        same_company(there, found)
    await _company_is_free(here, wanted, company, found)
    per_minute, per_month = onboarding.quota(found, per_minute=wanted.per_minute, per_month=wanted.per_month)
    one = Account(
        account=wanted.account,
        name=wanted.name,
        mode=wanted.mode,
        status="paused",
        status_reason=ADDING,
        company_id=company,
        per_minute=per_minute,
        per_month=per_month,
        settings=wanted.settings,
        catalogue=found.catalogue,
        salt=(there.salt if there else "") or random_secrets.token_hex(16),
        rev=there.rev if there else 0,
    )
    rev = await _put(here, one)
    await here.accounts.set_credential(wanted.account, credential)
    await here.accounts.set_webhook_secrets(
        wanted.account,
        AccountSecrets(
            account=wanted.account, secrets={key: (value,) for key, value in secrets.items()}, bindings=bindings
        ),
    )
    await _open_gate(here, one, found)
    await here.accounts.record_change(
        wanted.account,
        at_ms=here.now_ms(),
        who=here.who,
        what="add",
        before=there.status_reason if there and there.status_reason in ENDED else "none",
        after=", ".join([f"mode={wanted.mode}", *([of_bindings(bindings)] if bindings else [])]),
    )
    one = dataclasses.replace(one, status="active", status_reason="", rev=rev)
    await _put(here, one)
    return one, found


def same_company(one: Account, found: onboarding.Found) -> None:
    """An account's ledger is about one Holded company for ever. Raises `Rejected`."""
    known = onboarding.company_ids(one.catalogue)
    if known and not known & onboarding.company_ids(found.catalogue):
        raise Rejected("company_mismatch", detail=f"this credential is of another Holded company than {one.account}")


async def _put(here: World, one: Account) -> int:
    if not await here.accounts.put(one, expected_rev=one.rev):
        raise Rejected("account_exists", detail=f"{one.account} was added or changed by somebody else just now")
    return one.rev + 1


async def _company_is_free(here: World, wanted: Wanted, company: str, found: onboarding.Found) -> None:
    """One company, one account: two would count the same quota twice, and one company cannot be both test and live.

    Keys and references name the account: under another id than before, nobody knows what was written for the company.
    """
    ids = onboarding.company_ids(found.catalogue)
    async for other in here.accounts.all():
        same = other.company_id == company or bool(ids & onboarding.company_ids(other.catalogue))
        if other.account == wanted.account or not same:
            continue
        if other.status_reason not in ENDED:
            raise Rejected(
                "company_bound", detail=f"this Holded company belongs to account {other.account} ({other.mode})"
            )
        if not wanted.another_id:
            detail = (
                f"this Holded company was account {other.account} ({other.status_reason}), whose ledger knows what was "
                f"written: add it as {other.account} again. With --another-id, what is told again is written a second time"
            )
            raise Rejected("company_known", detail=detail)


async def _open_gate(here: World, one: Account, found: onboarding.Found) -> None:
    """The gate, with the check's own calls and what Holded says was used this month, and the first settlement sweep."""
    from relay.domain.budget import grant
    from relay.domain.budget_signals import observe_usage
    from relay.domain.gate import new_gate, with_budget
    from relay.services.session import Timing
    from relay.services.settlement import first_sweep

    if await here.gates.load(one.account) is not None:
        return
    now_ms = here.now_ms()
    sweep = first_sweep(one.account, now_ms=now_ms, every_ms=Timing().settlement_ms)
    await here.ledger.insert(sweep)
    gate = new_gate(one.account, per_minute=one.per_minute, per_month=one.per_month, now_ms=now_ms)
    budget = grant(gate.budget, now_ms=now_ms, priority="fiscal", want=found.calls).budget
    if found.used is not None:
        budget = observe_usage(budget, now_ms=now_ms, used=found.used, period=found.period)
    opened = dataclasses.replace(with_budget(gate, budget), next_due_ms=sweep.due_ms)
    await here.gates.store(opened, expected_rev=0)
