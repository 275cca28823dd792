"""The health of an engine that a test makes up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.metrics import Metrics
from engine.web.probes import Check


@dataclass
class Well:
    """Every check answers what it is told; nothing is wrong unless it is said."""

    wrong: dict[str, str | Exception] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)
    proven: int = 0

    def checks(self) -> Mapping[str, Check]:
        async def store() -> str:
            said = self.wrong.get("store", "")
            if isinstance(said, Exception):
                raise said
            return said

        return {"store": store}

    async def refresh(self, prove: bool) -> None:
        self.proven += prove
