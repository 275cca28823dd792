"""The stream on Apache Kafka keeps the same contract, and what only several workers or a broker can go wrong with."""

import pytest

from tests.contracts.transport import StreamContract

pytestmark = pytest.mark.live


@pytest.fixture
def url(kafka_url: str) -> str:
    return kafka_url


class TestStreamOnKafka(StreamContract):
    """The suite of every transport, over Apache Kafka."""
