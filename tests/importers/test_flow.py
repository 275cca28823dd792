"""What is written is read as it was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document import read
from engine.importers.flow import block, quote

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
_VALUES = st.recursive(
    _TEXTS, lambda inner: st.dictionaries(st.sampled_from("abcdef"), inner, min_size=1), max_leaves=9
)


@given(_TEXTS)
def test_a_scalar_is_itself(text: str) -> None:
    assert read(f"a: {quote(text)}\nb: [{quote(text)}]\n", "a.yaml").data == {"a": text, "b": [text]}


@given(st.dictionaries(st.sampled_from("xyz"), _VALUES, min_size=1))
def test_a_mapping_is_itself_on_one_line_or_on_many(value: dict[str, object]) -> None:
    assert read("\n".join(block(value, 0)) + "\n", "a.yaml").data == value


@pytest.mark.parametrize("text", ["contains urgent", "urgent OR asap", "/urgent/i"])
def test_a_text_that_hides_an_operator_keeps_its_own(text: str) -> None:
    (line,) = block({"subject": {"contains": [text]}}, 0)
    assert line == f"subject: {{contains: {quote(text)}}}"
