"""Secrets at rest: JSON under KMS, bound to one account and one purpose by the encryption context.

A ciphertext moved to another account's item, or asked for under another purpose, does not open. Roles are granted
by the purpose: the receiving function opens `webhooks` only, the writer `holded` only, the watchdog `webhooks` and those
of the providers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from relay.errors import BadInput

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

Purpose = Literal["holded", "webhooks", "provider:shopify", "provider:stripe", "provider:woocommerce"]
PLAIN_BYTES = 4096
"""The most that KMS encrypts in one call: https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html"""


def seal(kms: KMSClient, *, key_id: str, account: str, purpose: Purpose, value: Any) -> bytes:
    """Raises `BadInput` for more than 4,096 bytes."""
    plain = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    if len(plain) > PLAIN_BYTES:
        detail = f"{len(plain)} bytes in all, expected at most {PLAIN_BYTES}"
        raise BadInput("secrets_too_large", field=purpose, detail=detail)
    answer = kms.encrypt(KeyId=key_id, Plaintext=plain, EncryptionContext=_context(account, purpose))
    return answer["CiphertextBlob"]


def unseal(kms: KMSClient, *, account: str, purpose: Purpose, sealed: bytes) -> Any:
    answer = kms.decrypt(CiphertextBlob=sealed, EncryptionContext=_context(account, purpose))
    return json.loads(answer["Plaintext"])


def _context(account: str, purpose: Purpose) -> dict[str, str]:
    return {"account": account, "purpose": purpose}
