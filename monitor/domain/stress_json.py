"""The JSON form of stress: a request, read with all its mistakes, and the answer. docs/stress.md describes both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from monitor.domain.errors import BadRequest, ConfigError
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.schema import SCHEMA_VERSION, Json, number, ratio_json
from monitor.domain.stress import (
    FAMILIES,
    Family,
    PoolNow,
    PoolStress,
    Scenario,
    ScenarioStress,
    StressReport,
    StressRequest,
    SumStress,
)

HIGHEST_MOVE, HIGHEST_SIGMAS, HIGHEST_BETA = 10.0, 20.0, 20.0
MOST_NUMBERS, MOST_OWN = 40, 50  #: of a list, and of own scenarios
_LONGEST = 60  #: characters of a name
_SHOWN = 60  #: of a wrong value that an answer repeats


KEYS = ("accounts", "families", "grid", "gaps", "depegs", "sigmas", "betas", "coins", "names", "scenarios")
"""Of the body of a request."""


def read_request(body: Mapping[str, object], usual: StressRequest) -> StressRequest:
    """What a body asks for; `usual` is what it does not mention. Raises BadRequest with all mistakes at once."""
    reader = _Reader(body)
    families = reader.listed("families", list(map(str, usual.families)), _one_of(list(map(str, FAMILIES))))
    betas = reader.numbers_by_name("betas", usual.betas, 0.0, HIGHEST_BETA)
    request = StressRequest(
        accounts=tuple(reader.accounts("accounts")),
        families=tuple(map(Family, families)),
        grid=tuple(reader.moves("grid", usual.grid)),
        gaps=tuple(reader.moves("gaps", usual.gaps)),
        depegs=tuple(reader.moves("depegs", usual.depegs)),
        sigmas=tuple(reader.listed("sigmas", usual.sigmas, _number(-HIGHEST_SIGMAS, HIGHEST_SIGMAS))),
        betas=betas,
        coins=tuple(reader.listed("coins", usual.coins, _name)),
        named=usual.named,
        crashes=usual.crashes,
        own=tuple(reader.scenarios("scenarios")),
        names=tuple(reader.listed("names", usual.names, _name)),
    )
    if "scenarios" in body and "families" not in body:
        request = replace(request, families=())  # who brings scenarios wants these
    reader.end()
    return request


Judge = Callable[[object], "str | None"]
"""Says in words what is wrong with a value, None where nothing is."""


class _Reader:
    """Reads keys, and remembers every mistake."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._body = body
        self._mistakes: list[ConfigError] = []
        self._known: list[str] = []

    def end(self) -> None:
        """Raise what was found wrong."""
        for key in self._body:
            if key not in self._known:
                self._wrong(key[:_SHOWN], self._body[key], f"no such key; there are: {', '.join(self._known)}")
        if self._mistakes:
            raise BadRequest(tuple(self._mistakes))

    def _wrong(self, key: str, value: object, cure: str) -> None:
        shown = value if value is None or isinstance(value, (bool, int, float)) else str(value)[:_SHOWN]
        self._mistakes.append(ConfigError(key, shown, cure))

    def _value(self, key: str) -> object:
        self._known.append(key)
        return self._body.get(key)

    def listed(self, key: str, usual: Any, judge: Judge) -> Any:
        """A list, each member of which the judge has nothing against."""
        value = self._value(key)
        if key not in self._body:
            return usual
        if not isinstance(value, list) or len(value) > MOST_NUMBERS:
            self._wrong(key, value, f"must be a list of at most {MOST_NUMBERS}")
            return ()
        good = []
        for place, each in enumerate(value):
            why = judge(each)
            if why is None:
                good.append(each)
            else:
                self._wrong(f"{key}[{place}]", each, why)
        return tuple(dict.fromkeys(good))

    def moves(self, key: str, usual: tuple[float, ...]) -> tuple[float, ...]:
        """Moves of prices."""
        return tuple(map(float, self.listed(key, usual, _move)))

    def numbers_by_name(
        self, key: str, usual: Mapping[Asset, float], lowest: float, highest: float
    ) -> Mapping[Asset, float]:
        """Numbers by coin."""
        value = self._value(key)
        if key not in self._body:
            return usual
        return self._numbers(key, value, _number(lowest, highest))

    def _numbers(self, key: str, value: object, judge: Judge) -> dict[Asset, float]:
        if not isinstance(value, dict):
            self._wrong(key, value, 'must be an object such as {"ETH": 1.2}')
            return {}
        good = {}
        for name, each in value.items():
            why = _name(name) or judge(each)
            if why is None:
                good[name] = float(each)
            else:
                self._wrong(f"{key}.{name[:_SHOWN]}", each, why)
        return good

    def accounts(self, key: str) -> list[AccountKey]:
        """Accounts as `venue/name`, or as objects with `venue` and `account`."""
        value = self._value(key)
        if key not in self._body:
            return []
        if not isinstance(value, list):
            self._wrong(key, value, 'must be a list such as ["venue/name"]')
            return []
        found = []
        for place, each in enumerate(value):
            account = _account(each)
            if account is None:
                self._wrong(f"{key}[{place}]", each, 'must be such as "venue/name"')
            else:
                found.append(account)
        return found

    def scenarios(self, key: str) -> list[Scenario]:
        """Scenarios that the request brings."""
        value = self._value(key)
        if key not in self._body:
            return []
        if not isinstance(value, list) or len(value) > MOST_OWN:
            self._wrong(key, value, f"must be a list of at most {MOST_OWN} objects")
            return []
        return [each for place, one in enumerate(value) if (each := self._scenario(f"{key}[{place}]", one, place))]

    def _scenario(self, key: str, value: object, place: int) -> Scenario | None:
        if not isinstance(value, dict):
            self._wrong(key, value, 'must be an object such as {"name": "mine", "moves": {"BTC": -0.3}}')
            return None
        for other in value:
            if other not in ("name", "moves", "others", "gap", "text"):
                self._wrong(
                    f"{key}.{other[:_SHOWN]}", value[other], "no such key; there are: name, moves, others, gap, text"
                )
        name, others = value.get("name", f"own {place + 1}"), value.get("others", 0.0)
        gap, text = value.get("gap", False), value.get("text", "")
        for part, wrong in (
            ("name", _name(name)),
            ("others", _move(others)),
            ("gap", None if isinstance(gap, bool) else "must be true or false"),
            ("text", None if isinstance(text, str) and len(text) <= 500 else "must be text of at most 500 characters"),
        ):
            if wrong is not None:
                self._wrong(f"{key}.{part}", value.get(part), wrong)
                return None
        moves = self._numbers(f"{key}.moves", value.get("moves", {}), _move)
        return Scenario(name=name, family=Family.OWN, moves=moves, others=float(others), gap=gap, text=text)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _number(lowest: float, highest: float) -> Judge:
    def judge(value: object) -> str | None:
        good = isinstance(value, (int, float)) and _is_number(value) and lowest <= value <= highest
        return None if good else f"must be a number from {lowest:g} to {highest:g}"

    return judge


_move = _number(-1.0, HIGHEST_MOVE)


def _one_of(names: list[str]) -> Judge:
    return lambda value: None if value in names else f"must be one of {', '.join(names)}"


def _name(value: object) -> str | None:
    good = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable()
    return None if good else f"must be a name of at most {_LONGEST} characters"


def _account(value: object) -> AccountKey | None:
    if isinstance(value, dict):
        value = "/".join(str(value.get(part, "")) for part in ("venue", "account"))
    if not isinstance(value, str):
        return None
    venue, _, account = value.partition("/")
    return AccountKey(venue, account) if venue and account else None


def stress_json(report: StressReport, written: Callable[[Json], object] = dict) -> Json:
    """The document of `/api/v1/stress`. `written` is made of each scenario at once: many pools in many scenarios are a
    long document, of which no more than that need be in memory as objects.
    """
    return {
        "schema": SCHEMA_VERSION,
        "at": number(report.at),
        "quality": report.quality.value,
        "pools": [_now_json(pool) for pool in report.pools],
        "accounts": [
            _owner_json(key) | {"group": report.members.get(key, "")} | _sum_json(each)
            for key, each in report.accounts.items()
        ],
        "groups": [{"name": name} | _sum_json(each) for name, each in report.groups.items()],
        "scenarios": [written(scenario_json(each)) for each in report.scenarios],
        "notes": list(report.notes),
    }


def scenario_json(each: ScenarioStress) -> Json:
    """One scenario with what it does."""
    scenario = each.scenario
    return {
        "name": scenario.name,
        "family": scenario.family.value,
        "text": scenario.text,
        "source": scenario.source,
        "gap": scenario.gap,
        "moves": {asset: number(move) for asset, move in each.moves.items()},
        "others": number(scenario.others),
        "pools": [_pool_json(pool) for pool in each.pools],
        "accounts": [_owner_json(key) | _sum_json(one) for key, one in each.accounts.items()],
        "groups": [{"name": name} | _sum_json(one) for name, one in each.groups.items()],
        "order": [_key_json(key) for key in each.order],
        "takes_usd": number(each.takes_usd),
        "loss_usd": number(each.loss_usd),
        "notes": list(each.notes),
    }


def _now_json(pool: PoolNow) -> Json:
    return _key_json(pool.key) | {
        "primary": pool.primary,
        "quality": pool.quality.value,
        "reasons": list(pool.reasons),
        "margin_ratio": ratio_json(pool.ratio),
        "equity_usd": number(pool.equity_usd),
        "required_usd": number(pool.required_usd),
    }


def _pool_json(pool: PoolStress) -> Json:
    return _key_json(pool.key) | {
        "margin_ratio": ratio_json(pool.ratio),
        "equity_usd": number(pool.equity_usd),
        "required_usd": number(pool.required_usd),
        "liquidated": pool.liquidated,
        "begins_ratio": number(pool.begins),
        "takes_usd": number(pool.takes_usd),
        "loss_usd": number(pool.loss_usd),
        "reasons": list(pool.reasons),
    }


def _sum_json(each: SumStress) -> Json:
    return {
        "margin_ratio": ratio_json(each.ratio),
        "equity_usd": number(each.equity_usd),
        "loss_usd": number(each.loss_usd),
        "liquidated": each.liquidated,
    }


def _owner_json(key: AccountKey) -> Json:
    return {"venue": key.venue, "account": key.account}


def _key_json(key: PoolKey) -> Json:
    return _owner_json(key.owner) | {"pool": key.pool}
