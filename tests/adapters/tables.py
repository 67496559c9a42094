"""The two tables as the stack declares them, for tests that make them by hand."""

from __future__ import annotations

from typing import Any

STRING, NUMBER = "S", "N"


def _index(name: str, **keys: str) -> dict[str, Any]:
    return {"IndexName": name, "KeySchema": _schema(keys), "Projection": {"ProjectionType": "KEYS_ONLY"}}


def _schema(keys: dict[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": kind} for kind, name in zip(("HASH", "RANGE"), keys, strict=False)]


def _table(name: str, keys: dict[str, str], indexes: dict[str, dict[str, str]]) -> dict[str, Any]:
    attributes = keys | {name: kind for index in indexes.values() for name, kind in index.items()}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(keys),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()],
        "GlobalSecondaryIndexes": [_index(name, **index) for name, index in indexes.items()],
    }


def inbox(name: str) -> dict[str, Any]:
    return _table(name, {"pk": STRING}, {"open": {"open_pk": STRING, "open_sk": STRING}}) | {
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    }


def state(name: str) -> dict[str, Any]:
    return _table(
        name,
        {"pk": STRING, "sk": STRING},
        {
            "work": {"work_pk": STRING, "work_sk": STRING},
            "holded": {"holded_pk": STRING},
            "wake": {"wake_pk": STRING, "wake_ms": NUMBER},
        },
    )
