"""Servers that are slow to start are started once for all the tests that want them."""

from uuid import uuid4

import pytest

from tests.servers.kafka import KafkaServer


@pytest.fixture
def kafka_url(kafka: KafkaServer) -> str:
    """A stream there that only this test knows."""
    return kafka.url(prefix=f"{uuid4().hex[:12]}-")
