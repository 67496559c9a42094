"""`relay send`: sign files as their source would and post them to the relay."""

import asyncio
import uuid
from pathlib import Path
from typing import Annotated, Any

import typer

from relay.cli import inputs
from relay.cli.console import AsJson, emit, lines
from relay.cli.context import AccountId, Local, StackName, World, world
from relay.errors import BadInput, NotFound

TOPIC_IN_HEADER = frozenset({"holded", "shopify", "woocommerce"})
ANSWER_SHOWN = 300


def send(
    ctx: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(help="Webhook bodies, sent byte for byte.")],
    source: inputs.SourceName,
    account: AccountId,
    topic: Annotated[
        str,
        typer.Option(
            help="For the sources that tell it in a header (orders/paid ...), and for Stripe objects without their event."
        ),
    ] = "",
    url: Annotated[str | None, typer.Option(help="Post here instead of the stack's API.")] = None,
    as_json: AsJson = False,
    local: Local = False,
    stack: StackName = None,
) -> None:
    """Sign files with the account's newest secret and post them, one delivery a file; exit 1 if any is refused."""
    inputs.source_name(source)
    inputs.account_id(account)
    if not topic.isascii() or not topic.isprintable():
        raise BadInput("topic_malformed", field="--topic", detail="expected printable ASCII: it goes into a header")
    if source in TOPIC_IN_HEADER and not topic:
        raise BadInput("topic_missing", field="--topic", detail=f"{source} tells its topic in a header")
    bodies = [(file, inputs.file_bytes(file, "FILE")) for file in files]
    here = world(ctx, local=local, stack=stack, changes=True)
    secret, binding = asyncio.run(_newest(here, account, source))
    target = url or here.url(account, source)
    sent = [
        _send(here, target, file, body, source=source, topic=topic, secret=secret, binding=binding)
        for file, body in bodies
    ]
    emit(sent, as_json=as_json, human=lambda: lines(_line(one) for one in sent))
    if not all(one["accepted"] for one in sent):
        raise typer.Exit(1)


async def _newest(here: World, account: str, source: str) -> tuple[str, dict[str, str]]:
    held = await here.accounts.webhook_secrets(account)
    if held is None:
        await here.account(account)
    if held is None or not held.secrets.get(source):
        raise NotFound("secret_missing", detail=f"{account} has no secret for {source}; see `relay secret rotate`")
    return held.secrets[source][0], dict(held.bindings.get(source, {}))


def _send(
    here: World, url: str, file: Path, body: bytes, *, source: str, topic: str, secret: str, binding: dict[str, str]
) -> dict[str, Any]:
    import httpx

    from relay.domain.sources.signing import sign

    headers = sign(
        source, body, secret, now=here.now(), topic=topic, delivery_id=f"msg_{uuid.uuid4().hex}", binding=binding
    )
    try:
        answer = here.post.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        return {"file": str(file), "accepted": False, "status": None, "answer": type(error).__name__}
    return {
        "file": str(file),
        "accepted": answer.is_success,
        "status": answer.status_code,
        "answer": _answer(answer),
    }


def _answer(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text[:ANSWER_SHOWN]


def _line(one: dict[str, Any]) -> str:
    answer = one["answer"]
    said = ", ".join(f"{key} {value}" for key, value in answer.items()) if isinstance(answer, dict) else answer
    return f"{one['file']}: {one['status'] or 'not sent'} {said}"
