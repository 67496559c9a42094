"""See to it that a provider delivers to us: look at its webhooks first, then make, wake or replace what is missing.

Looking first is what keeps a webhook from being registered twice: whoever dies after a registration finds it at the next look.
Stripe shows the secret of an endpoint once, when it is made. So it is made with the mark `pending`, the secret is stored, and
only then the mark goes; an endpoint that still carries it has a secret that nobody knows, and is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from relay.errors import NotAllowed, OutcomeUnknown, Rejected
from relay.ports.accounts import AccountSecrets
from relay.providers import registry
from relay.providers.subscription import Subscription, signing, wanted
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from relay.ports.accounts import Accounts
    from relay.ports.providers import ProviderApi, ProviderCredential
    from relay.ports.world import Clock
    from relay.providers.subscription import Action

CALL_MS = 20_000
_MOST_PAGES = 20
_SECRETS_KEPT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`healthy`: everything was as it should be. `done` says in words what was mended, `refused` why something was not; `denied`
    are topics that the credential has no scope for, which is no illness.
    """

    healthy: bool
    done: tuple[str, ...] = ()
    refused: str = ""
    denied: tuple[str, ...] = ()


class Subscriptions:
    def __init__(self, *, accounts: Accounts, api: ProviderApi, clock: Clock, who: str) -> None:
        """`who` signs the change log."""
        self._accounts = accounts
        self._api = api
        self._clock = clock
        self._who = who

    async def __call__(
        self,
        account: str,
        credential: ProviderCredential,
        *,
        url: str,
        without: Collection[str] = (),
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Found:
        """Look, and mend where the credential says that we may; `without` are topics denied before, not to be asked for again.

        `before` is awaited ahead of the first mending: once it is done, no later look tells that anything was missed.
        Raises what a call raises but `OutcomeUnknown`; `NotAllowed` only where nothing at all may be done.
        """
        provider = registry.get(credential.source)
        found = await self._listed(credential)
        topics = [topic for topic in provider.TOPICS if topic not in without]
        doing = wanted(found, url=url, topics=topics, single=provider.SINGLE)
        if not doing:
            return Found(healthy=True)
        if not credential.register:
            return Found(healthy=False, refused="registering_not_allowed")
        secret = await self._secret(account, credential.source)
        if provider.OWN_SECRET and not secret:
            return Found(healthy=False, refused="secret_missing")
        if before is not None:
            await before()
        done: list[str] = []
        denied: list[str] = []
        for action in doing:
            try:
                await self._do(account, credential, action, url=url, secret=secret)
            except NotAllowed:
                # One topic without a scope must not keep the others from being registered.
                denied += action.topics
                if len(denied) == len(provider.TOPICS):
                    raise
            except (OutcomeUnknown, Rejected) as error:
                # The next look tells whether it was done after all.
                return Found(healthy=False, done=tuple(done), refused=error.reason, denied=tuple(denied))
            else:
                done.append(_said(action))
        return Found(healthy=not done, done=tuple(done), denied=tuple(denied))

    async def signed_anew(self, account: str, credential: ProviderCredential, *, url: str) -> Sequence[str]:
        """Give the webhooks at `url` our secret once more, where a webhook signs with one that we give; what was done, in words.

        For a source that is silent though they look as they should. Whatever may not be done here is left as it is.
        """
        secret = await self._secret(account, credential.source)
        if not (credential.register and secret and registry.get(credential.source).OWN_SECRET):
            return ()
        done = []
        for action in signing(await self._listed(credential), url=url):
            try:
                await self._do(account, credential, action, url=url, secret=secret)
            except (NotAllowed, OutcomeUnknown, Rejected):
                continue
            done.append(_said(action))
        return done

    async def _listed(self, credential: ProviderCredential) -> Sequence[Subscription]:
        """All of them: one that a listing cut short hides would be registered twice."""
        provider, found, mark = registry.get(credential.source), list[Subscription](), ""
        for _ in range(_MOST_PAGES):
            page = await self._call(credential, provider.subscriptions(mark))
            found += page.items
            mark = page.mark
            if not mark:
                return found
        raise Rejected(
            "list_stands_still",
            detail=f"the webhooks of {credential.source} are not at their end in {_MOST_PAGES} pages",
        )

    async def _do(self, account: str, credential: ProviderCredential, action: Action, *, url: str, secret: str) -> None:
        provider = registry.get(credential.source)
        # Told before it is done, so that nothing is ever done that the log does not tell.
        await self._accounts.record_change(
            account,
            at_ms=at_ms(self._clock.now()),
            who=self._who,
            what=f"webhook.{credential.source}",
            before="",
            after=_said(action),
        )
        if action.kind in {"activate", "sign"}:
            await self._call(credential, provider.activate(action.id, secret=secret))
            return
        if action.kind == "delete":
            await self._call(credential, provider.delete(action.id))
            return
        made = await self._call(credential, provider.create(action.topics, url=url, secret=secret))
        if made.secret:
            await self._keep(account, credential.source, made.secret)
        settled = provider.settled(made.id)
        if settled is not None:
            await self._call(credential, settled)

    async def _call(self, credential: ProviderCredential, request: Any) -> Any:
        return (await self._api.call(request, credential, timeout_ms=CALL_MS)).value

    async def _secret(self, account: str, source: str) -> str:
        held = await self._accounts.webhook_secrets(account)
        return next(iter(held.secrets.get(source, ())), "") if held is not None else ""

    async def _keep(self, account: str, source: str, secret: str) -> None:
        """The new one first; those before it may still sign what is under way."""
        held = await self._accounts.webhook_secrets(account)
        held = held or AccountSecrets(account=account, secrets={}, bindings={})
        older = [one for one in held.secrets.get(source, ()) if one != secret][: _SECRETS_KEPT - 1]
        secrets = {**held.secrets, source: (secret, *older)}
        await self._accounts.set_webhook_secrets(account, replace(held, secrets=secrets))


def _said(action: Action) -> str:
    verbs = {"create": "registered", "activate": "activated", "delete": "replaced", "sign": "gave its secret to"}
    return f"{verbs[action.kind]} {', '.join(action.topics) or action.id}"
