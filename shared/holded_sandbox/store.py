"""An optional SQLite file behind the memory: what changed is written after each call, and read once at the start."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

from holded_sandbox.company import Company, Settings
from holded_sandbox.wire import dumps

if TYPE_CHECKING:
    from pathlib import Path

    from holded_sandbox.core import Sandbox

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS records (company TEXT, kind TEXT, id TEXT, body TEXT, PRIMARY KEY (company, kind, id))"
)
_UPSERT = "INSERT INTO records VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"
_DELETE = "DELETE FROM records WHERE company = ? AND kind = ? AND id = ?"


class Store:
    """Companies, credentials and objects survive a restart; windows, counters, faults and deliveries do not."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute(_SCHEMA)

    def load(self, sandbox: Sandbox) -> None:
        # Companies first; then by id, which is the order in which the objects were made.
        rows = self._connection.execute("SELECT company, kind, id, body FROM records ORDER BY kind <> 'company', id")
        for company_id, kind, record_id, body in rows:
            record = json.loads(body)
            if kind == "company":
                sandbox.companies[company_id] = _company(company_id, record)
            else:
                sandbox.companies[company_id].tables[kind][record_id] = record
                sandbox.ids.resume(record_id)

    def save(self, sandbox: Sandbox) -> None:
        """Write what changed since the last call, in one transaction; companies that were reset away are removed."""
        with self._connection:
            for company in sandbox.companies.values():
                for kind, record_id in company.dirty:
                    body = company.describe() if kind == "company" else company.tables[kind].get(record_id)
                    key = (company.id, kind, record_id)
                    if body is None:
                        self._connection.execute(_DELETE, key)
                    else:
                        self._connection.execute(_UPSERT, (*key, dumps(body)))
                company.dirty.clear()

    def forget(self) -> None:
        with self._connection:
            self._connection.execute("DELETE FROM records")

    def close(self) -> None:
        self._connection.close()


def _company(company_id: str, record: dict[str, object]) -> Company:
    settings, tokens, keys = record["settings"], record["tokens"], record["v1_keys"]
    if not (isinstance(settings, dict) and isinstance(tokens, dict) and isinstance(keys, dict)):
        raise ValueError("the sandbox's file holds a company without settings or credentials")  # noqa: TRY004 - a broken file
    company = Company(company_id, Settings().changed(settings))
    company.tokens = {token: None if scopes is None else frozenset(scopes) for token, scopes in tokens.items()}
    company.v1_keys = {key: bool(can_write) for key, can_write in keys.items()}
    return company
