"""The keys of stress: their defaults are those of a request, and mistakes are named."""

from __future__ import annotations

import pytest

from monitor.app.config import loads
from monitor.app.config_stress import stress_request
from monitor.app.stress_crashes import CRASHES
from monitor.domain.errors import ConfigRefused
from monitor.domain.stress import Family, Scenario, StressRequest

ACCOUNT = '[accounts.main]\nvenue = "hyperliquid"\naddress = "0x0000000000000000000000000000000000000001"\n'


def request(text: str = "") -> StressRequest:
    return stress_request(loads(ACCOUNT + text).config)


def test_without_a_word_it_is_what_a_request_means() -> None:
    assert request() == StressRequest(crashes=CRASHES)


def test_betas_are_the_engine_s_unless_stress_has_its_own() -> None:
    assert request("[engine]\nbetas = {ETH = 1.3}").betas == {"ETH": 1.3}
    assert request("[engine]\nbetas = {ETH = 1.3}\n[stress]\nbetas = {SOL = 2}").betas == {"SOL": 2.0}


def test_a_scenario_of_ones_own_keeps_its_name() -> None:
    text = '[stress.scenarios.alts]\nmoves = {BTC = -0.1}\nothers = -0.4\ngap = true\ntext = "a"\nsource = "b"'
    scenario = Scenario(
        name="alts", family=Family.NAMED, moves={"BTC": -0.1}, others=-0.4, gap=True, text="a", source="b"
    )
    assert request(text).named == (scenario,)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ("[stress]\ngrid = [-1.5]", "stress.grid", "must be -1.0 or more"),
        ("[stress]\nbetas = {ETH = -1}", "stress.betas", ""),
        ("[stress.scenarios.mine]\nmoves = {btc = -0.1}", "stress.scenarios.mine.moves", "upper case"),
        ("[stress.scenarios.mine]\nmove = {BTC = -0.1}", "stress.scenarios.mine.move", ""),
    ],
)
def test_a_mistake_is_named_by_its_key(text: str, key: str, words: str) -> None:
    with pytest.raises(ConfigRefused) as refused:
        request(text)
    (mistake,) = refused.value.mistakes
    assert mistake.key.startswith(key)
    assert words in mistake.cure
