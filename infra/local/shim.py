"""Starts the AWS emulator with what it lacks of the stack's needs added. Runs in the emulator's own environment.

ministack 1.5.33 has no extension points: every name below it is private to it, and pinned with it. Added are the
CloudFormation type `AWS::Events::Archive`, SQS's message move tasks (the console's redrive), a second DeleteMessage that
succeeds as in AWS, and index queries that look at their page and not at the whole partition. Whatever rests on these
rests on this file.
"""

from __future__ import annotations

import heapq
import json
import re
import time
import uuid
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ministack.app import main
from ministack.services import dynamodb, eventbridge, sqs
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Mapping

_HANDLE_LENGTH = 32  # shorter receipt handles were never given out: they stay an error
_move_tasks: list[dict[str, Any]] = []


def _create_archive(logical_id: str, properties: Mapping[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    name = properties.get("ArchiveName") or provisioners._physical_name(stack, logical_id, max_len=48)
    pattern = properties.get("EventPattern", "")
    request = {
        "ArchiveName": name,
        "EventSourceArn": properties["SourceArn"],
        "RetentionDays": int(properties.get("RetentionDays", 0)),
        "Description": properties.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern,
    }
    status, _headers, body = eventbridge._create_archive(request)
    if status >= 400:
        raise ValueError(f"archive refused: {body!r}")
    return name, {"Arn": json.loads(body)["ArchiveArn"], "ArchiveName": name}


def _delete_archive(physical_id: str, _properties: Mapping[str, Any]) -> None:
    eventbridge._delete_archive({"ArchiveName": physical_id})


def _queue(arn: str) -> Any:
    found = sqs._queue_by_arn(arn)
    if found is None:
        raise sqs._Err("ResourceNotFoundException", "The resource that you specified doesn't exist.")
    return found


def _start_move_task(request: Mapping[str, Any], _url: str) -> dict[str, Any]:
    """Move what is visible back to where it came from, or to `DestinationArn`, with its receive count at zero."""
    source, now = _queue(request["SourceArn"]), time.time()
    kept, moved = [], 0
    for message in source["messages"]:
        system = message.get("sys") or {}
        destination = request.get("DestinationArn") or system.get("DeadLetterQueueSourceArn")
        if message["visible_at"] > now or not destination:
            kept.append(message)
            continue
        fresh = {"receipt_handle": None, "visible_at": now, "receive_count": 0, "first_receive_at": None}
        left = {key: value for key, value in system.items() if key != "DeadLetterQueueSourceArn"}
        _queue(destination)["messages"].append({**message, **fresh, "sys": left})
        moved += 1
    source["messages"] = kept
    task = {
        "TaskHandle": uuid.uuid4().hex,
        "Status": "COMPLETED",
        "SourceArn": request["SourceArn"],
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": moved,
        "StartedTimestamp": int(now * 1000),
    }
    _move_tasks.insert(0, task)
    return {"TaskHandle": task["TaskHandle"]}


def _list_move_tasks(request: Mapping[str, Any], _url: str) -> dict[str, Any]:
    found = [task for task in _move_tasks if task["SourceArn"] == request["SourceArn"]]
    return {"Results": found[: int(request.get("MaxResults", 1))]}


def _cancel_move_task(_request: Mapping[str, Any], _url: str) -> dict[str, Any]:
    """Every task here has ended when it is told of."""
    raise sqs._Err("ResourceNotFoundException", "The task is not running.")


class _Page:
    """Members of an index partition that a query's page can hold: what is in its range, after its start, up to its limit.

    The emulator evaluates a query's condition on each row of the partition and sorts them all: a second for 10,000 rows,
    in which it answers nobody. DynamoDB reads the page.
    """

    def __init__(self, partitions: Mapping[Any, Any], items: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        self._partitions, self._items, self._request = partitions, items, request

    def get(self, partition: Any, otherwise: Any = ()) -> Any:
        members = self._partitions.get(partition, otherwise)
        asked = _RANGE.fullmatch(self._request["KeyConditionExpression"])
        if asked is None or self._request.get("ScanIndexForward", True) is not True:
            return members
        name, values = asked[1], self._request["ExpressionAttributeValues"]
        low, high = values[asked[2]]["S"], values[asked[3]]["S"]
        start = self._request.get("ExclusiveStartKey")
        after = (start[name]["S"], start["pk"]["S"], start["sk"]["S"]) if start else None
        places = ((self._items[pk][sk][name]["S"], pk, sk) for pk, sk in members if sk in self._items.get(pk, ()))
        wanted = (at for at in places if low <= at[0] <= high and (after is None or at >= after))
        # The start itself stays in, and one more than the page: by these the emulator finds its place and its end.
        return [(pk, sk) for _, pk, sk in heapq.nsmallest(int(self._request["Limit"]) + 2, wanted)]


_RANGE = re.compile(r"\w+ = :\w+ AND (\w+) BETWEEN (:\w+) AND (:\w+)")
_answered: ContextVar[Mapping[str, Any] | None] = ContextVar("query being answered", default=None)


def _read_pages_only() -> None:
    query, index_members = dynamodb._query, dynamodb._index_members

    def remembered(request: Mapping[str, Any]) -> Any:
        token = _answered.set(request if "IndexName" in request and "Limit" in request else None)
        try:
            return query(request)
        finally:
            _answered.reset(token)

    def narrowed(table: Mapping[str, Any]) -> Any:
        found, request = index_members(table), _answered.get()
        if request is None or request["IndexName"] not in found or "KeyConditionExpression" not in request:
            return found
        return {request["IndexName"]: _Page(found[request["IndexName"]], table["items"], request)}

    dynamodb._query, dynamodb._index_members = remembered, narrowed


def _install() -> None:
    _read_pages_only()
    provisioners._RESOURCE_HANDLERS["AWS::Events::Archive"] = {"create": _create_archive, "delete": _delete_archive}
    delete_message = sqs._HANDLERS["DeleteMessage"]

    def delete_again(request: Mapping[str, Any], url: str) -> Any:
        try:
            return delete_message(request, url)
        except sqs._Err as error:
            if error.code == "ReceiptHandleIsInvalid" and len(request.get("ReceiptHandle", "")) >= _HANDLE_LENGTH:
                return {}
            raise

    sqs._HANDLERS.update(
        DeleteMessage=delete_again,
        StartMessageMoveTask=_start_move_task,
        ListMessageMoveTasks=_list_move_tasks,
        CancelMessageMoveTask=_cancel_move_task,
    )


if __name__ == "__main__":
    _install()
    main()
