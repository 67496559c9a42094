"""v1's JSON: amounts as binary floats spelt with 17 digits (`9.7200000000000006`), as recorded (Holded facts 3.3)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from holded_sandbox.wire import Response


def raw_float(value: Decimal | str) -> int | Decimal:
    """An amount on its way into `dumps`: whole numbers lose their point, others are spelt out to 17 digits."""
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else number


def dumps(value: Any) -> str:
    """JSON text; a Decimal becomes the 17 significant digits of the nearest binary float."""
    if isinstance(value, Decimal):
        return format(float(value), ".17g")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(dumps(item) for item in value) + "]"
    return json.dumps(value)


def v1_response(body: object, status: int = 200) -> Response:
    return Response(status=status, headers={"content-type": "application/json"}, body=dumps(body).encode())
