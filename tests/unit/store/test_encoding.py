"""Every value of the domain comes back as it went in, and a person can read it in between."""

from __future__ import annotations

import json
from math import inf, nan
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from monitor.domain.alerts import AlertChange, AlertMemory, LevelMemory, Silence
from monitor.domain.keeping import OutboxEntry
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.store.encoding import from_json, to_json
from tests.unit.outputs.journal.values import values
from tests.unit.store.desk import alert, entry

KINDS = (AlertMemory, AlertChange, Silence, AccountFacts, VolatilityFact, OutboxEntry)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_any_value_comes_back_equal(kind: Any) -> None:
    @given(value=values(kind))
    def comes_back(value: Any) -> None:
        assert from_json(to_json(value), kind) == value

    comes_back()


def test_infinity_is_a_number_that_others_read_as_infinite() -> None:
    text = to_json(entry(alert(), deadline=inf, not_before=-inf))
    assert '"deadline":9e999' in text
    assert json.loads(text)["deadline"] == inf
    assert from_json(text, OutboxEntry).not_before == -inf


def test_nan_is_unknown_and_so_is_null() -> None:
    assert from_json(to_json(alert(value=nan)), type(alert())).value is None


def test_floats_of_arrays_and_mappings_of_other_kinds_are_plain_in_the_file() -> None:
    level = LevelMemory(np.float64(1.5))
    assert (
        to_json(MappingProxyType({"warning": level})) == '{"warning":{"since":1.5,"firing":false,"clear_since":null}}'
    )


def test_words_are_readable_whatever_their_letters() -> None:
    assert "Größe 七" in to_json(alert(summary="Größe 七"))


@pytest.mark.parametrize("text", ["", "{", "{}", "[1]", '{"rule": 3}', "null"])
def test_a_text_that_holds_no_such_value_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        from_json(text, AlertMemory)


def test_what_has_no_form_is_said() -> None:
    with pytest.raises(TypeError, match="object cannot be stored"):
        to_json({"x": object()})
