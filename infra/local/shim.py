"""Starts the AWS emulator with what it lacks of the stack's needs added. Runs in the emulator's own environment.

ministack 1.5.33 has no extension points: every name below it is private to it, and pinned with it. Added are the
CloudFormation type `AWS::Events::Archive`, SQS's message move tasks (the console's redrive) and a second DeleteMessage
that succeeds as in AWS. Whatever rests on these rests on this file.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack.app import main
from ministack.services import eventbridge, sqs
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


def _install() -> None:
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
