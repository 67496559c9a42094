"""Whether Holded lets an account work: what a refusal forbids, what proves it over, and when the next try is due.

A refusal of the credential or the plan concerns every call; a missing scope only calls of its kind. So a read that
succeeds says nothing about a key that may not write, and the account stays blocked until such a call succeeds.
"""

from __future__ import annotations

import re

_FIRST_TRY_MS = 3600_000
_RAREST_TRY_MS = 24 * 3600_000
OF_ONE_KIND = frozenset({"scope_missing", "forbidden"})
"""Refusals that concern calls of one kind only."""
_VERSION = re.compile(r"v\d+")


def kind_of(path: str, *, writes: bool, version: str) -> str:
    """`v2 write invoices`: the credential, the right and the resource that a call needs."""
    parts = [part for part in path.split("/") if part]
    after = [at + 1 for at, part in enumerate(parts) if _VERSION.fullmatch(part)]
    resource = parts[after[0]] if after and after[0] < len(parts) else ""
    return f"{version} {'write' if writes else 'read'} {resource}".rstrip()


def forbids(reason: str, kind: str) -> str:
    """What a refusal of a call of this kind forbids: the kind itself, or all that its credential is used for."""
    return kind if reason in OF_ONE_KIND else kind.partition(" ")[0]


def proves(refused: str, kind: str) -> bool:
    """Whether a call of this kind, let through, shows that what was refused is allowed again. `""` was refused without a call."""
    return f"{kind} ".startswith(f"{refused} ".lstrip())


def suggests(refused: str, kind: str) -> bool:
    """Whether it would, for another resource: worth believing once nothing of the refused kind is left to be tried."""
    return proves(" ".join(refused.split()[:2]), kind)


def try_again_ms(blocked_ms: int, now_ms: int) -> int:
    """When a blocked account is tried again: after an hour, then after as long as it is blocked already, once a day at least."""
    waited = min(max(now_ms - blocked_ms, _FIRST_TRY_MS), _RAREST_TRY_MS)
    return now_ms + waited
