"""The one place that creates contacts: never two for one customer, also from two sources.

A contact is claimed by its tax id, else by its e-mail (when tax ids do not conflict), else by its name and address. The
claims are ledger rows of source `*`; their keys are keyed digests, so the permanent ledger holds no personal data.
A known contact costs no call; a new one a look-up by its strongest key and a create.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import Key, Row
from relay.errors import NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt
from relay.holded import requests
from relay.services.times import from_ms

if TYPE_CHECKING:
    from relay.domain.documents import ContactDraft, Priority
    from relay.holded.replies import ContactRecord
    from relay.ports.ledger import Ledger
    from relay.services.session import Session

ANY_SOURCE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Keys of one contact, strongest first; `tax` is the digest of its tax id, empty without one."""

    keys: tuple[Key, ...]
    tax: str


def claims_of(account: str, salt: str, draft: ContactDraft) -> Claims:
    """Name the rows a contact is claimed by."""

    def digest(kind: str, value: str) -> str:
        return kind + hmac.new(salt.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()[:32]

    names = []
    if draft.tax_key:
        names.append(digest("t", draft.tax_key))
    if draft.email_key:
        names.append(digest("e", draft.email_key))
    if not names:
        where = draft.bill_address or draft.shipping_address
        parts = [draft.name, *((where.line1, where.postal_code, where.country) if where else ())]
        names.append(digest("n", "|".join((part or "").casefold().strip() for part in parts)))
    return Claims(
        keys=tuple(Key(account=account, source=ANY_SOURCE, object_id=name, purpose="contact") for name in names),
        tax=names[0] if draft.tax_key else "",
    )


class Contacts:
    def __init__(self, *, ledger: Ledger) -> None:
        self._ledger = ledger

    async def ensure(self, session: Session, draft: ContactDraft, *, priority: Priority = "fiscal") -> str:
        """The Holded id of this contact, found or created once, on tokens of the class of what it is for.

        Raises `RetryAt` while an earlier create is in doubt, `OutcomeUnknown` when this one's reply was lost, `Rejected`
        when Holded refuses it or knows several.
        """
        claims = claims_of(session.account.account, session.account.salt, draft)
        async with session.lock(str(claims.keys[-1])), session.lock(str(claims.keys[0]) + "!"):
            known = await self._known(session, claims, draft, priority)
            if known:
                return known
            return await self._create(session, claims, draft, priority)

    async def refresh(self, session: Session, draft: ContactDraft, contact_id: str, *, priority: Priority) -> None:
        """A customer changed: read, merge, write. What a person added in Holded stays (v2's PUT replaces the whole record)."""
        current = (await session.call(requests.get_contact(contact_id), priority)).value
        await session.call(requests.update_contact(contact_id, draft, current=current), priority)

    async def _known(self, session: Session, claims: Claims, draft: ContactDraft, priority: Priority) -> str:
        strongest = await self._ledger.get(claims.keys[0])
        if strongest is not None and strongest.state == "confirmed":
            return strongest.holded_id
        if strongest is not None or len(claims.keys) == 1:
            return ""
        by_email = await self._ledger.get(claims.keys[1])
        if by_email is not None and by_email.state in {"sent", "unknown"}:
            # The same customer may just be in creation without the tax id.
            session.check()
            _wait_for_settled(session, by_email)
            return await self._by_email(session, claims, by_email, draft, priority)
        # The row by e-mail remembers whose tax id it was; another one is another customer behind one address.
        if by_email is None or by_email.state != "confirmed" or by_email.digest not in ("", claims.tax):
            return ""
        if not await self._takes_tax_id(session, by_email.holded_id, draft, priority):
            return ""
        await self._note(session, claims.keys[0], holded_id=by_email.holded_id, tax=claims.tax)
        if not by_email.digest:
            owned = replace(by_email, digest=claims.tax, rev=by_email.rev + 1, updated_ms=session.now_ms())
            await self._ledger.replace(owned, expected_rev=by_email.rev)
        return by_email.holded_id

    async def _takes_tax_id(self, session: Session, contact_id: str, draft: ContactDraft, priority: Priority) -> bool:
        """A contact known by its e-mail gets the tax id before a document names it. False: it has another one by now, or is
        gone, so this is another customer behind one address.
        """
        try:
            current: ContactRecord = (await session.call(requests.get_contact(contact_id), priority)).value
        except NotFound:
            return False
        there = {_compact(number) for number in (current.code, current.vat_number) if number}
        if there:
            return bool(
                there & {_compact(number) for number in (draft.code, draft.vat_number, draft.tax_key) if number}
            )
        await session.call(requests.update_contact(contact_id, draft, current=current), priority)
        return True

    async def _create(self, session: Session, claims: Claims, draft: ContactDraft, priority: Priority) -> str:
        session.check()
        key = claims.keys[0]
        row = await self._ledger.get(key)
        now_ms = session.now_ms()
        if row is not None and row.state == "confirmed":
            return row.holded_id
        if row is not None and row.state == "review":
            raise Rejected(row.reason, detail=row.detail)
        if row is not None:
            _wait_for_settled(session, row)
        found = await self._look_up(session, draft, priority)
        if not found and row is not None and row.seen_empty == 0 and not _findable(draft):
            found = await self._by_name(session, draft, priority)
        if found:
            return await self._confirm(session, claims, row, holded_id=found)
        if row is not None and row.seen_empty + 1 < transitions.SEEN_EMPTY_TWICE:
            empty = transitions.seen_empty(row, event=b"", now_ms=now_ms, again_ms=session.timing.again_ms)
            await self._ledger.replace(replace(empty, indexed=False), expected_rev=row.rev)
            raise RetryAt("contact_in_doubt", retry_at=from_ms(empty.due_ms))
        return await self._post(session, claims, row, draft, priority)

    async def _look_up(self, session: Session, draft: ContactDraft, priority: Priority) -> str:
        if draft.code or draft.vat_number:
            request = requests.find_contacts(code=draft.code or draft.vat_number)
        elif draft.email_key:
            request = requests.find_contacts(email=draft.email_key)
        else:
            return ""
        found = (await session.call(request, priority)).value.items
        if len(found) > 1:
            raise Rejected(
                "contact_ambiguous",
                detail=f"Holded has {len(found)} contacts with this tax id or e-mail; merge them there, then run this again",
            )
        return str(found[0].id) if found else ""

    async def _by_email(
        self, session: Session, claims: Claims, row: Row, draft: ContactDraft, priority: Priority
    ) -> str:
        """Settle a contact by e-mail that is in doubt: found, it is this one too."""
        found = (await session.call(requests.find_contacts(email=draft.email_key), priority)).value.items
        if len(found) != 1 or not await self._takes_tax_id(session, found[0].id, draft, priority):
            return ""
        return await self._confirm(session, claims, row, holded_id=found[0].id)

    async def _by_name(self, session: Session, draft: ContactDraft, priority: Priority) -> str:
        """A contact in doubt without tax id and e-mail can only be told by its name: one that has neither, too."""
        cursor: str | None = None
        found: list[str] = []
        while True:
            page = (await session.call(requests.list_contacts(cursor), priority)).value
            found += [each.id for each in page.items if each.name == draft.name and not (each.code or each.email)]
            cursor = page.cursor
            if cursor is None:
                break
        if len(found) > 1:
            raise Rejected("contact_ambiguous", detail=f"Holded has {len(found)} contacts with this name and no tax id")
        return found[0] if found else ""

    async def _post(
        self, session: Session, claims: Claims, row: Row | None, draft: ContactDraft, priority: Priority
    ) -> str:
        token = await session.reserve(priority)
        fact = _fact(claims)
        claim = replace(
            transitions.claimed(
                row,
                fact,
                step="contact",
                hold=session.hold,
                now_ms=session.now_ms(),
            ),
            indexed=False,
            due_ms=0,
        )
        won = (
            await self._ledger.replace(claim, expected_rev=row.rev) if row else await self._ledger.insert(claim) is None
        )
        if not won:
            raise RetryAt("contact_contended", retry_at=session.clock.now())
        try:
            reply = await session.send(requests.create_contact(draft), token)
        except OutcomeUnknown:
            doubt = transitions.doubted(claim, event=b"", now_ms=session.now_ms(), settle_ms=session.timing.settle_ms)
            # Not in the work index: the documents that wait for this contact bring it up again.
            await self._ledger.replace(replace(doubt, indexed=False), expected_rev=claim.rev)
            raise
        except (RetryAt, NotAllowed):
            await self._release(claim, session)
            raise
        except Rejected as refusal:
            await self._refuse(claim, session, refusal)
            raise
        return await self._confirm(session, claims, claim, holded_id=reply.value.id)

    async def _release(self, claim: Row, session: Session) -> None:
        """Not written: the claim is free again at once."""
        free = replace(claim, state="unknown", rev=claim.rev + 1, seen_empty=1, due_ms=session.now_ms(), owner="")
        await self._ledger.replace(free, expected_rev=claim.rev)

    async def _refuse(self, claim: Row, session: Session, refusal: Rejected) -> None:
        """Holded read the contact and said no: the document goes to review; a corrected contact may claim again."""
        free = replace(
            claim, state="unknown", rev=claim.rev + 1, seen_empty=1, due_ms=session.now_ms(), reason=refusal.reason
        )
        await self._ledger.replace(free, expected_rev=claim.rev)

    async def _confirm(self, session: Session, claims: Claims, row: Row | None, *, holded_id: str) -> str:
        if row is None:
            await self._note(session, claims.keys[0], holded_id=holded_id, tax=claims.tax)
        else:
            done = replace(transitions.confirmed(row, now_ms=session.now_ms(), holded_id=holded_id), digest=claims.tax)
            await self._ledger.replace(done, expected_rev=row.rev)
        for key in claims.keys[1:]:
            await self._note(session, key, holded_id=holded_id, tax=claims.tax)
        return holded_id

    async def _note(self, session: Session, key: Key, *, holded_id: str, tax: str) -> None:
        """A claim that needs no saga: the contact is there, under this key too."""
        now_ms = session.now_ms()
        await self._ledger.insert(
            Row(
                key=key,
                state="confirmed",
                kind="contact",
                created_ms=now_ms,
                updated_ms=now_ms,
                step="done",
                digest=tax,
                holded_id=holded_id,
                written_ms=now_ms,
            )
        )


def _wait_for_settled(session: Session, row: Row) -> None:
    """Nothing is concluded from a claim that is under way, or whose reply was lost, before Holded has settled."""
    ready_ms = row.due_ms if row.state == "unknown" else row.lease_until_ms + session.timing.settle_ms
    if session.now_ms() < ready_ms:
        raise RetryAt("contact_in_doubt", retry_at=from_ms(ready_ms))


def _compact(number: str) -> str:
    """A tax id as it is compared: `b-58.378.431` is `B58378431`."""
    return "".join(filter(str.isalnum, number)).upper()


def _findable(draft: ContactDraft) -> bool:
    return bool(draft.code or draft.vat_number or draft.email_key)


def _fact(claims: Claims) -> Fact:
    return Fact(
        key=claims.keys[0],
        event_id="",
        event_type="contact.claimed",
        version=0,
        monotone=True,
        digest=claims.tax,
        priority="fiscal",
        kind="contact",
    )
