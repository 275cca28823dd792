"""`make bench ONLY=kafka`: events where no rule matches, on Kafka, beside the loop one would write with aiokafka.

Both take the same records from the same broker. The loop copies each to another topic; the line decodes each, decides
on it and writes the decision down, durably, before it commits.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.figures import figure
from benchmarks.through import a_mail, decided
from engine import topics
from engine.event import MailArrived
from engine.transport.address import Servers
from engine.transport.cluster import Cluster
from engine.wiring import calm_the_collector
from tests.servers.kafka import KafkaServer

EVENTS = 20_000
TURNS = 3


async def run() -> bool:
    """The figure; true when it is met."""
    calm_the_collector()
    ratios = []
    async with KafkaServer.running() as server:
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            mails = [a_mail(uid) for uid in range(EVENTS)]
            for turn in range(TURNS):
                room = Path(folder) / f"turn{turn}"
                room.mkdir()
                prefix = f"turn{turn}-"
                await feed(server.bootstrap, prefix, mails)
                rates: dict[str, float] = {}
                for which in ("bare", "ours") if turn % 2 else ("ours", "bare"):  # neither always first
                    if which == "bare":
                        rates[which] = await bare(server.bootstrap, prefix, EVENTS)
                    else:
                        rates[which] = await decided(room, mails, server.url(prefix), fed=True)
                ratios.append(rates["ours"] / rates["bare"])
                print(f"  events a second on Kafka: {rates['ours']:.0f}; bare aiokafka loop {rates['bare']:.0f}")
    beside = "a bare aiokafka consume-produce loop on the same broker with the same records, 1 worker"
    return figure("kafka.events-where-nothing-matches", round(statistics.median(ratios), 3), ">=", 0.6, beside)


async def feed(bootstrap: str, prefix: str, mails: Sequence[MailArrived]) -> None:
    """Put the mails on the stream of this prefix, and make the topic that the loop copies to."""
    cluster = Cluster(Servers((bootstrap,), prefix=prefix))
    await cluster.open()
    await cluster.declare([*topics.TOPICS])
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_batch_size=1 << 18, linger_ms=5)
    await producer.start()
    rows = [topics.EVENTS.encode(mail) for mail in mails]
    await asyncio.gather(*[await producer.send(prefix + topics.EVENTS.name, value, key=key) for key, value in rows])
    await producer.stop()


async def bare(bootstrap: str, prefix: str, count: int) -> float:
    """Records a second: fetch, send each on, wait until all are durable, commit."""
    consumer = AIOKafkaConsumer(
        prefix + topics.EVENTS.name,
        bootstrap_servers=bootstrap,
        group_id=f"{prefix}bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    await consumer.start()
    done, begun = 0, 0.0
    while done < count:
        found = await consumer.getmany(timeout_ms=1000, max_records=2000)
        if not found:
            continue
        begun = begun or time.perf_counter()
        records = [record for those in found.values() for record in those]
        sent = [await producer.send(prefix + topics.FATES.name, each.value, key=each.key) for each in records]
        await asyncio.gather(*sent)
        await consumer.commit()
        done += len(records)
    rate = count / (time.perf_counter() - begun)
    await consumer.stop()
    await producer.stop()
    return rate


if __name__ == "__main__":
    asyncio.run(run())
