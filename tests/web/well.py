"""An engine's web server that a test makes up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.metrics import Metrics
from engine.web.probes import Check
from engine.web.server import Web


@dataclass
class Well:
    """Its health: every check answers what it is told; nothing is wrong unless it is said."""

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


def a_web(**how: Any) -> Web:
    """The server on a free port of this machine, for nobody; `how` says what is otherwise. Nothing is published."""
    known = {"host": "127.0.0.1", "port": 0, "providers": {}, "publish": _refuse, "health": Well()}
    return Web(**{**known, **how})


async def _refuse(*_: object) -> None:
    raise AssertionError("nothing is published here")
