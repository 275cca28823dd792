"""A decision as programs read it: names beside every value, moments in ISO 8601, addresses masked."""

from typing import Any

from engine.decision import Decision, RuleAnswer
from engine.notification import Notification
from engine.phone import mask


def record_decision(decision: Decision) -> dict[str, Any]:
    """Everything that the rules said, ready for JSON."""
    return {
        "event_id": str(decision.event_id),
        "account": decision.account,
        "decided_at": decision.decided_at.isoformat(),
        "rules_version": decision.rules_version,
        "reason": decision.reason.value,
        "answers": [_answer(each) for each in decision.answers],
        "notifications": [_notification(each) for each in decision.notifications],
    }


def _answer(answer: RuleAnswer) -> dict[str, Any]:
    return {**answer._asdict(), "evidence": [each._asdict() for each in answer.evidence]}


def _notification(told: Notification) -> dict[str, Any]:
    record = told.model_dump(mode="json")
    roads = [{**road, "address": mask(road["address"])} for road in record["otherwise"]]
    return {"id": str(told.id), **record, "address": mask(told.address), "otherwise": roads}
