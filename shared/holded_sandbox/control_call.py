"""One call of the control API, as its handlers see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.core import Sandbox
    from holded_sandbox.documents import Desk
    from holded_sandbox.wire import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCall:
    sandbox: Sandbox
    now: float
    params: dict[str, str]
    body: Record

    def company(self) -> Company:
        """The company that the path names; raises LookupError for one that is not there."""
        company = self.sandbox.companies.get(self.params["company"])
        if company is None:
            raise LookupError("company")
        return company

    def desk(self) -> Desk:
        return self.sandbox.desk(self.company(), self.now)
