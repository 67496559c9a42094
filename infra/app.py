"""The CDK app: one stage into one stack. `cdk` runs it, and so does `python -m infra.app` alone, without account or Docker."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from infra.environments import DEFAULT_REGION, STAGES
from infra.node import use_node
from infra.packaging import Package, function_names, lambda_target, stage
from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping


def synthesise(
    packages: Mapping[str, Package],
    *,
    stage_name: str | None,
    region: str | None,
    outdir: Path | None,
    budget_usd: str | None = None,
) -> Path:
    """Write the cloud assembly; returns its folder. A stage, region or budget not given is taken from CDK's context (`-c`)."""
    use_node()
    import aws_cdk as cdk  # noqa: PLC0415  # starts Node, which must be found first
    from cdk_nag import AwsSolutionsChecks  # noqa: PLC0415  # as above

    from infra.spending import dollars  # noqa: PLC0415  # as above
    from infra.stack import RelayStack  # noqa: PLC0415  # as above

    app = cdk.App(outdir=str(outdir) if outdir else None)
    name = stage_name or app.node.try_get_context("stage") or "dev"
    if name not in STAGES:
        raise SystemExit(f"unknown stage of {len(name)} letters; expected one of {', '.join(STAGES)}")
    region = region or app.node.try_get_context("region") or DEFAULT_REGION
    told = budget_usd or app.node.try_get_context("budget_usd")
    budget = dollars(told) if told else None
    RelayStack(app, stage=STAGES[name], region=region, packages=packages, budget_usd=budget)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    cdk.Tags.of(app).add("project", "holded-relay")
    return Path(app.synth().directory)


def bare_packages() -> dict[str, Package]:
    """The functions' own folders without anything they import: enough to synthesise, not to run."""
    names = function_names()
    return {name: Package(ROOT / "functions" / name, hashlib.sha256(name.encode()).hexdigest()) for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stage", choices=STAGES)
    parser.add_argument("--region")
    parser.add_argument("--outdir", type=Path)
    parser.add_argument(
        "--budget-usd", help="whole US dollars a month: what nears or passes it is told to the alarms' topic"
    )
    parser.add_argument(
        "--bare", action="store_true", help="leave the packages out: for the local deploy, which brings its own"
    )
    chosen = parser.parse_args()
    packages = bare_packages() if chosen.bare else {name: stage(name, lambda_target()) for name in function_names()}
    synthesise(
        packages,
        stage_name=chosen.stage,
        region=chosen.region,
        outdir=chosen.outdir,
        budget_usd=chosen.budget_usd,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
