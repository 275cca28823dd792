"""`make bench ONLY=channels`: what carries messages, each figure beside its theory and its peers."""

from benchmarks import blackhole, lanes, smpp


async def run() -> bool:
    """All figures; true when every goal is met."""
    return all([await smpp.run(), await lanes.run(), await blackhole.run()])
