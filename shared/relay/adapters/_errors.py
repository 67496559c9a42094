"""What AWS refuses with, as errors of this project: one table from code to error.

The error text names the operation and the code, never the service's message: messages quote keys and values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from relay.errors import BadInput, NotAllowed, NotFound, RelayError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

AWS_ERRORS = (BotoCoreError, ClientError)
"""What every call to boto3 may raise; catch it, raise `relay_error(exc) from exc`."""


class ConditionFailed(RelayError):
    """A conditional write was refused. `item` is what stands there (empty where it was not asked for, or nothing does).

    `retried` says that the client had sent the write more than once: an earlier try may have won.
    """

    def __init__(self, operation: str, *, item: Mapping[str, Any], retried: bool) -> None:
        """Adapters catch it; no caller of a port ever sees it."""
        super().__init__("condition_failed", detail=operation)
        self.item = item
        self.retried = retried


_BUSY, _AWAY, _DENIED, _MISSING, _BAD, _SEALED, _GONE = (
    (Unavailable, "throttled"),
    (Unavailable, "away"),
    (Unavailable, "access_denied"),  # a fault of the deployment: nothing is lost while the message comes back
    (Unavailable, "resource_missing"),
    (BadInput, "store_refused"),
    (NotAllowed, "secret_unreadable"),  # sealed for another account or purpose, or altered
    (NotFound, "object_missing"),
)

TABLE: Mapping[str, tuple[type[RelayError], str]] = {
    # throttled or in each other's way
    "ProvisionedThroughputExceededException": _BUSY,
    "ReplicatedWriteConflictException": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "RequestThrottled": _BUSY,
    "RequestThrottledException": _BUSY,
    "SlowDown": _BUSY,
    "ThrottledException": _BUSY,
    "Throttling": _BUSY,
    "ThrottlingException": _BUSY,
    "ThrottlingError": _BUSY,
    "TooManyRequestsException": _BUSY,
    "TransactionConflictException": _BUSY,
    "TransactionConflict": _BUSY,
    "TransactionInProgressException": _BUSY,
    "LimitExceededException": _BUSY,
    "OverLimit": _BUSY,
    "KmsThrottled": _BUSY,
    "KMS.ThrottlingException": _BUSY,
    # away for now
    "DependencyTimeoutException": _AWAY,
    "InternalException": _AWAY,
    "InternalError": _AWAY,
    "InternalFailure": _AWAY,
    "InternalServerError": _AWAY,
    "InternalServerException": _AWAY,
    "KMSInternalException": _AWAY,
    "KMSInvalidStateException": _AWAY,
    "KmsInvalidState": _AWAY,
    "KeyUnavailableException": _AWAY,
    "OperationAborted": _AWAY,
    "RequestTimeout": _AWAY,
    "ServiceUnavailable": _AWAY,
    "ResourceInUseException": _AWAY,
    # the deployment is wrong or was taken away
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "AllAccessDisabled": _DENIED,
    "DisabledException": _DENIED,
    "ExpiredToken": _DENIED,
    "ExpiredTokenException": _DENIED,
    "IncompleteSignature": _DENIED,
    "InvalidAccessKeyId": _DENIED,
    "InvalidClientTokenId": _DENIED,
    "InvalidGrantTokenException": _DENIED,
    "InvalidSecurity": _DENIED,
    "InvalidSignatureException": _DENIED,
    "KmsAccessDenied": _DENIED,
    "KmsDisabled": _DENIED,
    "KmsOptInRequired": _DENIED,
    "MissingAuthenticationToken": _DENIED,
    "NotAuthorized": _DENIED,
    "RequestExpired": _DENIED,
    "SignatureDoesNotMatch": _DENIED,
    "UnrecognizedClientException": _DENIED,
    "AWS.SimpleQueueService.NonExistentQueue": _MISSING,
    "IndexNotFoundException": _MISSING,
    "KmsNotFound": _MISSING,
    "NoSuchBucket": _MISSING,
    "NotFoundException": _MISSING,
    "QueueDoesNotExist": _MISSING,
    "ResourceNotFoundException": _MISSING,
    "TableNotFoundException": _MISSING,
    # the request itself
    "BatchEntryIdsNotDistinct": _BAD,
    "AWS.SimpleQueueService.BatchEntryIdsNotDistinct": _BAD,
    "BatchRequestTooLong": _BAD,
    "AWS.SimpleQueueService.BatchRequestTooLong": _BAD,
    "DryRunOperationException": _BAD,
    "EmptyBatchRequest": _BAD,
    "AWS.SimpleQueueService.EmptyBatchRequest": _BAD,
    "EncryptionTypeMismatch": _BAD,
    "EntityTooLarge": _BAD,
    "IdempotentParameterMismatchException": _BAD,
    "InvalidAddress": _BAD,
    "InvalidAttributeName": _BAD,
    "InvalidBatchEntryId": _BAD,
    "AWS.SimpleQueueService.InvalidBatchEntryId": _BAD,
    "InvalidKeyUsageException": _BAD,
    "KmsInvalidKeyUsage": _BAD,
    "InvalidMessageContents": _BAD,
    "InvalidParameterValue": _BAD,
    "InvalidRequest": _BAD,
    "InvalidWriteOffset": _BAD,
    "ItemCollectionSizeLimitExceededException": _BAD,
    "KeyTooLongError": _BAD,
    "SerializationException": _BAD,
    "TooManyEntriesInBatchRequest": _BAD,
    "AWS.SimpleQueueService.TooManyEntriesInBatchRequest": _BAD,
    "TooManyParts": _BAD,
    "UnsupportedOperation": _BAD,
    "AWS.SimpleQueueService.UnsupportedOperation": _BAD,
    "ValidationException": _BAD,
    "ValidationError": _BAD,
    # secrets and bodies
    "IncorrectKeyException": _SEALED,
    "InvalidCiphertextException": _SEALED,
    "InvalidObjectState": _GONE,
    "NoSuchKey": _GONE,
    "404": _GONE,
}
"""A code that is not here is `Unavailable("unknown_refusal")`: the message comes back and, at last, is seen in the DLQ."""

# Never taken for missing: while a role is wrong, every event would look lost.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
_OR_MISSING = "; S3 says so of a missing object too where the role lacks s3:ListBucket on the bucket"
_CONDITION = "ConditionalCheckFailedException"
_CANCELLED = "TransactionCanceledException"
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionConflict", "ReplicatedWriteConflictException"})


def relay_error(exc: BotoCoreError | ClientError) -> RelayError:
    """The error to raise instead of `exc`."""
    if isinstance(exc, ParamValidationError):
        return BadInput("store_refused", detail="a parameter has the wrong type or is missing")
    if not isinstance(exc, ClientError):
        return Unavailable("away", detail=type(exc).__name__)
    operation, codes = exc.operation_name, _codes(exc)
    if _CONDITION in codes or "ConditionalCheckFailed" in codes:
        answer = _answer(exc)
        retried = answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
        return ConditionFailed(operation, item=answer.get("Item", {}), retried=retried)
    for code in codes:
        if code in TABLE:
            kind, reason = TABLE[code]
            of_missing = operation == "GetObject" and TABLE[code] == _DENIED
            return kind(reason, detail=f"{operation}: {code}{_OR_MISSING if of_missing else ''}")
    return Unavailable("unknown_refusal", detail=f"{operation}: {codes[0]}")


def is_conflict(exc: BotoCoreError | ClientError) -> bool:
    """Refused only because another transaction held the item: nothing was written, and it is worth a moment's wait."""
    return isinstance(exc, ClientError) and bool(_CONFLICTS.intersection(_codes(exc)))


def _codes(exc: ClientError) -> list[str]:
    """The error's code; for a cancelled transaction the codes of its parts, the failed condition first."""
    answer = _answer(exc)
    code = str(answer.get("Error", {}).get("Code", ""))
    if code != _CANCELLED:
        return [code]
    reasons = answer.get("CancellationReasons") or []
    found = [str(reason["Code"]) for reason in reasons if reason.get("Code") not in {None, "None"}]
    return sorted(found, key=lambda found_code: found_code != "ConditionalCheckFailed") or [code]


def _answer(exc: ClientError) -> Mapping[str, Any]:
    """DynamoDB's errors carry more than botocore's types tell."""
    return cast("Mapping[str, Any]", exc.response)
