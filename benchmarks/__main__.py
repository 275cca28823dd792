"""`make bench [ONLY=name]`: every figure beside its peer or its floor, interleaved in one run."""

import asyncio
import sys

from benchmarks import admission, appointments, backtest, channels, flow, kafka, line, rules
from benchmarks.figures import head

ALL = {
    "embedded": line.run,
    "kafka": kafka.run,
    "flow": flow.run,
    "admission": admission.run,
    "backtest": backtest.run,
    "appointments": appointments.run,
    "rules": rules.run,
    "channels": channels.run,
}
#: One name for several.
GROUPS = {"line": ("embedded", "kafka", "flow", "admission")}


def main(only: list[str]) -> int:
    """Run the benchmarks that are asked for, or all; 0 when every figure is met."""
    unknown = [name for name in only if name not in ALL and name not in GROUPS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; known: {', '.join([*GROUPS, *ALL])}", file=sys.stderr)
        return 2
    met = True
    wanted = [each for name in only or ALL for each in GROUPS.get(name, (name,))]
    for name in dict.fromkeys(wanted):
        head(f"bench {name}")
        met &= asyncio.run(ALL[name]())
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
