"""AWS list price of a million events, from counted calls. Named baseline: the DynamoDB writes alone."""

from __future__ import annotations

from typing import Any

from infra.environments import DEFAULT_REGION
from infra.local.run import STACK_NAME, STAGE
from infra.local.synth import template
from tests.benchmarks.documents import measured
from tests.benchmarks.report import Figure

AS_OF = "mid-2025, us-east-1, before any free tier"
PER_MILLION = {  # USD
    "HTTP API request": 1.00,
    "Lambda request": 0.20,
    "DynamoDB write unit": 0.625,
    "DynamoDB read unit": 0.125,
    "EventBridge custom event": 1.00,
    "SQS request": 0.40,
    "KMS request": 3.00,
}
LAMBDA_GB_SECOND = 0.0000133334  # arm64


def figure() -> Figure:
    found = Figure(
        title="AWS list price of a million events, each becoming a document (known contact, draft)",
        columns=("what", "a document", "USD a million", "share"),
    )
    stage, timed = measured()["known contact, draft"], measured()["timed"]
    documents: int = stage["documents"]
    functions: dict[str, Any] = stage["functions"]

    def calls(*names: str) -> float:
        return float(sum(each["calls"].get(name, 0) for each in functions.values() for name in names)) / documents

    counts = {
        "HTTP API request": functions["receive_webhook"]["invocations"] / documents,
        "Lambda request": sum(each["invocations"] for each in functions.values()) / documents,
        "DynamoDB write unit": sum(each["table_units"] + each["index_units"] for each in functions.values())
        / documents,
        "DynamoDB read unit": sum(each["read_units"] for each in functions.values()) / documents,
        "EventBridge custom event": 1.0,
        # The rule's send, our own sends, and a receive and a delete a batch.
        "SQS request": 1.0 + calls("sqs.SendMessageBatch", "sqs.SendMessage") + _batches(functions) * 2 / documents,
        "KMS request": calls("kms.Decrypt"),
    }
    cost = {name: (count, count * PER_MILLION[name]) for name, count in counts.items()}
    seconds = {name: each["ms"] / 1000 / documents for name, each in timed["functions"].items()}
    memory = _memory_gb()
    duration = sum(seconds[name] * memory[name] for name in seconds)
    cost["Lambda GB-second"] = (duration, duration * 1_000_000 * LAMBDA_GB_SECOND)
    total = sum(usd for _, usd in cost.values())
    writes = cost["DynamoDB write unit"][1]
    for name, (count, usd) in sorted(cost.items(), key=lambda each: -each[1][1]):
        found.rows.append((name, f"{count:.3f}", usd, f"{usd / total:.0%}"))
    found.rows.append(("total", "", total, f"{total / writes:.2f} x the writes alone"))
    found.notes.append(f"list prices of {AS_OF}; without logs, alarms, storage, the archive and data transfer")
    found.notes.append("Lambda seconds are this machine's, measured in process; batches of 10 as under load")
    return found


def _batches(functions: dict[str, Any]) -> int:
    return int(functions["write_holded"]["invocations"])


def _memory_gb() -> dict[str, float]:
    """Each function's memory, from the synthesised template."""
    resources = template(STACK_NAME, stage_name=STAGE, region=DEFAULT_REGION)["Resources"].values()
    functions = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::Function"]
    return {str(each["Handler"]).split(".")[1]: float(each["MemorySize"]) / 1024 for each in functions}
