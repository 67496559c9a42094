"""`relay account set`: change an account; a new credential is checked first and must be of the same Holded company."""

import asyncio
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from relay.cli import onboarding
from relay.cli.account_inputs import BIND_HELP, bindings_of, checked_settings, credential_from
from relay.cli.account_store import store
from relay.cli.admission import ADDING, ENDED, same_company
from relay.cli.change_words import of_bindings, of_credential
from relay.cli.console import AsJson, emit, fields, note
from relay.cli.context import AccountName, Local, StackName, World, world
from relay.errors import BadInput, NotAllowed, Rejected
from relay.ports.accounts import AccountSecrets

if TYPE_CHECKING:
    from relay.ports.accounts import Account

STATUSES = ("active", "paused")
LONGEST_REASON = 200
BY_OPERATOR = "by_operator"
TRIAL = "one waiting row is tried now; the account opens if Holded lets its call through"


def set_account(
    ctx: typer.Context,
    account: AccountName,
    *,
    name: Annotated[str | None, typer.Option()] = None,
    status: Annotated[
        str | None, typer.Option(help="active or paused: a paused account keeps all, writes nothing.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="JSON; replaces the settings.")] = None,
    per_minute: Annotated[int | None, typer.Option(min=1)] = None,
    per_month: Annotated[int | None, typer.Option(min=1)] = None,
    bind: Annotated[list[str] | None, typer.Option(help=BIND_HELP)] = None,
    token_file: Annotated[Path | None, typer.Option(help="A new Holded token of the same company.")] = None,
    v1_key_file: Annotated[Path | None, typer.Option(help="A new Holded v1 key.")] = None,
    refresh: Annotated[bool, typer.Option(help="Read taxes, series and the rest from Holded again.")] = False,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Change an account. A new credential is checked first and must be of the same Holded company."""
    if status is not None and status not in STATUSES:
        raise BadInput("status_unknown", field="--status", detail=f"expected one of {', '.join(STATUSES)}")
    changes: dict[str, Any] = {
        key: value
        for key, value in {
            "name": name,
            "status": status,
            "per_minute": per_minute,
            "per_month": per_month,
            "settings": checked_settings(settings) if settings else None,
        }.items()
        if value is not None
    }
    if status is not None:
        changes |= status_change(status, BY_OPERATOR)
    bound = bindings_of(bind or [])
    here = world(ctx, local=local, stack=stack, changes=True)
    files = (token_file, v1_key_file) if token_file or v1_key_file or refresh else None
    told = asyncio.run(change_account(here, account, changes, bound, credential_files=files))
    emit(told, as_json=as_json, human=lambda: _print(told))


def _print(told: dict[str, Any]) -> None:
    shown = {name: value for name, value in told.items() if name != "warnings"}
    fields({**shown, "changed": ", ".join(told["changed"]) or "nothing"})
    for warning in told.get("warnings", ()):
        note(f"warning: {warning}: correct it, or read the lists again with --refresh")


def row_of(one: "Account") -> dict[str, Any]:
    return {
        "account": one.account,
        "name": one.name,
        "mode": one.mode,
        "status": one.status,
        "status_reason": one.status_reason,
        "company_id": one.company_id,
        "per_minute": one.per_minute,
        "per_month": one.per_month,
    }


def status_change(status: str, reason: str) -> dict[str, Any]:
    """Pause (held, never dropped) or open. Raises `BadInput` for a reason that is no line of text."""
    if len(reason) > LONGEST_REASON or not reason.isprintable() or reason in {ADDING, *ENDED}:
        detail = (
            f"{len(reason)} characters; expected one line of at most {LONGEST_REASON}, none of the relay's own words"
        )
        raise BadInput("reason_malformed", field="--reason", detail=detail)
    return {"status": status, "status_reason": "" if status == "active" else reason}


async def change_account(
    here: World,
    account: str,
    changes: dict[str, Any],
    bound: dict[str, dict[str, str]],
    *,
    credential_files: tuple[Path | None, Path | None] | None,
) -> dict[str, Any]:
    one = await here.account(account)
    if one.status_reason in ENDED:
        raise Rejected(
            "account_ended", detail=f"{account} was {one.status_reason}; `relay account add` serves it again"
        )
    # Only an answer of Holded's opens a blocked account: an operator can have it asked for now.
    trial = credential_files is None and changes.get("status") == "active" and one.status == "blocked"
    if changes.get("status") == one.status == "paused" and changes["status_reason"] == BY_OPERATOR:
        del changes["status_reason"]  # no reason was given: the one that is kept says more
    if trial:
        changes = {key: value for key, value in changes.items() if key not in {"status", "status_reason"}}
    if credential_files is not None:
        old = await here.accounts.credential(account)
        new = credential_from(*credential_files, old=old)
        found = await onboarding.look(here.holded, new)
        if found.lacking:
            raise NotAllowed("scope_missing", detail=f"the token lacks {', '.join(found.lacking)}")
        same_company(one, found)
        if new != old:
            await _log(here, account, "credential", *of_credential(old, new))
            await here.accounts.set_credential(account, new)
        changes["catalogue"] = found.catalogue
        if one.status == "blocked":
            changes |= {"status": "active", "status_reason": ""}
    if bound:
        await _bind(here, account, bound)
    after = dataclasses.replace(one, **changes)
    if changes:
        await store(here, after, before=one)
    if trial:
        await _try_now(here, one)
    changed = [*changes, *(["bindings"] if bound else [])]
    told = {**row_of(after), "changed": sorted(set(changed)), **({"next": TRIAL} if trial else {})}
    return {**told, "warnings": _doubtful(after)} if {"settings", "catalogue"} & set(changes) else told


async def _bind(here: World, account: str, bound: dict[str, dict[str, str]]) -> None:
    held = await here.accounts.webhook_secrets(account)
    kept = held or AccountSecrets(account=account, secrets={}, bindings={})
    was = {source: dict(kept.bindings.get(source, {})) for source in sorted(bound)}
    merged = {source: {**was[source], **bound[source]} for source in was}
    if merged == was:
        return
    await _log(here, account, f"bindings of {', '.join(was)}", of_bindings(was), of_bindings(merged))
    await here.accounts.set_webhook_secrets(account, dataclasses.replace(kept, bindings={**kept.bindings, **merged}))


async def _log(here: World, account: str, what: str, before: str, after: str) -> None:
    """Before it is done, so that nothing is ever done that the log does not tell."""
    await here.accounts.record_change(account, at_ms=here.now_ms(), who=here.who, what=what, before=before, after=after)


def _doubtful(one: "Account") -> list[str]:
    from relay.domain.mapping.choices import not_in_account
    from relay.services.rules import rules_of

    return list(not_in_account(*rules_of(one)))


async def _try_now(here: World, one: "Account") -> None:
    await _log(here, one.account, "trial of a blocked account", f"blocked: {one.status_reason}", "one row is tried")
    await here.nudge(one.account)
