"""What only a Kafka with rights of its own says; the rest is in tests/live/test_kafka_guarded.py."""

import pytest
from aiokafka.errors import GroupAuthorizationFailedError, GroupCoordinatorNotAvailableError, KafkaError

from engine.errors import StreamError
from engine.transport.address import Servers
from engine.transport.cluster import Cluster


class Admin:
    """Stands in for aiokafka's, which cannot hand out rights: no test can give a real user all of them but one."""

    def __init__(self, error: KafkaError) -> None:
        self.error = error
        self.asked: list[str] = []

    async def find_coordinator(self, group: str) -> int:
        self.asked.append(group)
        raise self.error


async def test_a_group_that_the_user_may_not_read_is_told_with_its_name() -> None:
    with pytest.raises(StreamError, match="the group x-tocsin may not be read") as told:
        await Cluster(Servers(("one:9092",), prefix="x-"))._check_group(Admin(GroupAuthorizationFailedError()))
    assert "READ" in told.value.remedy


async def test_a_group_that_is_not_there_yet_is_no_mistake() -> None:
    admin = Admin(GroupCoordinatorNotAvailableError())
    await Cluster(Servers(("one:9092",)))._check_group(admin)
    assert admin.asked == ["tocsin"]
