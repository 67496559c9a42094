"""The whole road, each function a process of its own: senders, stream, bus, queues, schedules, and one process that dies."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from functions.index_dead_letters.handler import handle as index_dead_letters
from functions.poll_holded.handler import handle as poll_holded
from functions.publish_event.handler import handle as publish_event
from functions.receive_webhook.handler import handle as receive_webhook
from functions.release_due.handler import handle as release_due
from functions.sweep_inbox.handler import handle as sweep_inbox
from relay.domain.sources.signing import sign
from relay.ports.accounts import AccountSecrets
from relay.ports.queues import DeadLetter
from relay.services.accept import Accept
from relay.services.dead_letters import IndexDeadLetters
from relay.services.enlist import Enlist
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.sweep import Sweep
from relay.services.times import at_ms
from tests.services.killing import batch, drainer
from tests.services.wire import Killed, ports_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RECEIVES = 3
"""The queue's redrive policy: a message that came this often in vain goes to the dead letters."""
EVERY_MINUTES = {"release_due": 1, "sweep_inbox": 5, "index_dead_letters": 15, "poll_holded": 15}


@dataclass(frozen=True, kw_only=True)
class Post:
    """One webhook as its sender keeps sending it, byte for byte, until it is answered with a 2xx."""

    event: dict[str, Any]


class Silent:
    """The functions' logger: what it is told is tested where the handlers are."""

    def info(self, *_, **__):
        pass

    warning = info


class Road:
    """`wire` is the one that a process dies of: once it is dead the processes after it live on."""

    def __init__(self, world, wire, *, skipped=0, visible_after_s=180):
        """`skipped`: so many records the stream loses. `visible_after_s`: when a failed message is back."""
        self.world, self.wire, self.skipped, self.visible_after_s = world, wire, skipped, visible_after_s
        self.posts = []
        self.streamed = set(world.inbox.items)
        self.messages = []  # (visible at, receives, message)
        self.published = set()
        self.processes = []  # (function, index of its first call, index after its last)
        secrets = dict.fromkeys(("shopify", "holded"), (SECRET,))
        for account in world.accounts.accounts:
            world.accounts.secrets[account] = AccountSecrets(account=account, secrets=secrets, bindings={})

    def send(self, source, body, topic, *, account="acme"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        now = self.world.clock.now()
        headers = sign(source, raw, SECRET, now=now, topic=topic, delivery_id="1", binding={})
        parameters = {"account": account, "source": source}
        self.posts.append(Post(event={"pathParameters": parameters, "headers": headers, "body": raw.decode()}))

    def process(self, function, run):
        """One invocation. Returns what it answered, None if it died."""
        dead = self.wire.dead
        began = len(self.wire.names)
        try:
            answer = run(ports_of(self.world) if dead else self.wire.ports())
        except Killed:
            return None
        else:
            return None if self.wire.dead and not dead else answer
        finally:
            self.processes.append((function, began, len(self.wire.names)))

    def live(self, *, hours):
        for minute in range(1, round(hours * 60) + 1):
            self._receive()
            self._publish()
            for function, every in EVERY_MINUTES.items():
                if minute % every == 0:
                    self.process(function, getattr(self, f"_{function}"))
            self._write()
            self.world.clock.advance(60)

    def _now_ms(self):
        return at_ms(self.world.clock.now())

    def _receive(self):
        again = []
        for post in self.posts:
            answer = self.process("receive_webhook", lambda ports, post=post: self._answer(ports, post))
            if answer is None or answer["statusCode"] >= 300:
                again.append(post)
        self.posts = again

    def _answer(self, ports, post):
        accept = Accept(secrets=ports["secrets"], inbox=ports["inbox_writer"])
        return receive_webhook(post.event, accept=accept, now=ports["clock"].now)

    def _publish(self):
        """The stream hands on what was put, and again from its first failure on."""
        fresh = [at for at in self.world.inbox.items if at not in self.streamed]
        self.streamed.update(fresh[: self.skipped])
        self.skipped, fresh = max(0, self.skipped - len(fresh)), fresh[self.skipped :]
        records = [
            {
                "eventName": "INSERT",
                "dynamodb": {"Keys": {"pk": {"S": f"{account}#{inbox_id}"}}, "SequenceNumber": str(n)},
            }
            for n, (account, inbox_id) in enumerate(fresh)
        ]
        if not records:
            return

        def run(ports):
            publish = Publish(inbox=ports["inbox"], bus=ports["bus"], wakes=ports["wakes"])
            return asyncio.run(publish_event({"Records": records}, publish=publish, log=Silent()))

        answer = self.process("publish_event", run)
        failed = [int(failure["itemIdentifier"]) for failure in answer["batchItemFailures"]] if answer else [0]
        self.streamed.update(fresh[: min(failed, default=len(fresh))])

    def _release_due(self, ports):
        release = Release(gates=ports["gates"], wakes=ports["wakes"])
        return asyncio.run(release_due(release=release, now_ms=self._now_ms()))

    def _sweep_inbox(self, ports):
        publish = Publish(inbox=ports["inbox"], bus=ports["bus"], wakes=ports["wakes"])
        return asyncio.run(sweep_inbox(sweep=Sweep(inbox=ports["inbox"], publish=publish), now_ms=self._now_ms()))

    def _index_dead_letters(self, ports):
        index = IndexDeadLetters(queue=ports["dead_letters"], ledger=ports["ledger"])
        return asyncio.run(index_dead_letters(index=index, now_ms=self._now_ms()))

    def _poll_holded(self, ports):
        enlist = Enlist(accounts=ports["accounts"], ledger=ports["ledger"], gates=ports["gates"])
        return asyncio.run(poll_holded(enlist=enlist, now_ms=self._now_ms()))

    def _write(self):
        """What the bus's rule and the wakes put into the queues, and what is visible again."""
        bus, wakes = self.world.bus, self.world.wakes
        self.published |= {entry["id"] for entry in bus.published}
        events = [
            {"account": entry["account"], "event": entry["id"]}
            for entry in bus.published
            if entry["source"] != "relay.holded"
        ]
        self.messages += [(0, 0, message) for message in [*events, *(dict(wake.message) for wake in wakes.sent)]]
        bus.published.clear()
        wakes.sent.clear()
        seen = [held for held in self.messages if held[0] <= self._now_ms()]
        self.messages = [held for held in self.messages if held[0] > self._now_ms()]
        if not seen:
            return
        messages = [message for _, _, message in seen]

        def run(ports):
            return asyncio.run(batch(self.world, messages, by=drainer(self.world, **ports)))

        failed = self.process("write_holded", run)
        for _, receives, message in seen:
            if failed is None or message in failed:
                self._again(receives + 1, message)

    def _again(self, receives, message):
        if receives < RECEIVES:
            self.messages.append((self._now_ms() + self.visible_after_s * 1000, receives, message))
            return
        body = json.dumps(message)
        letters = ports_of(self.world)["dead_letters"].letters
        letters.append(
            DeadLetter(message_id=body, body=body, queue="normal", receives=receives, first_seen_ms=self._now_ms())
        )
