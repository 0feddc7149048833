"""The committed JSON schema and the documents that we write: they fit, and wrong documents do not."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from math import inf, nan
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from monitor.domain.accounts import AccountMode, CollateralMode, Permissions
from monitor.domain.alerts import Alert, Severity
from monitor.domain.group_reports import GroupReport
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport
from monitor.domain.schema import SCHEMA_VERSION, burn_json, document, line_json, ratio_json, view_json
from monitor.domain.view import OUTCOMES, Budget, JournalStatus
from tests.sample_groups import BROKEN, dark, group, strained
from tests.sample_groups import NEAR as NEAR_LEG
from tests.sample_reports import MAIN, NOW, account, feed, paying, pool, position, together, view


@cache
def validator() -> Draft202012Validator:
    schema = json.loads((files("monitor.web") / "schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def errors(body: Any) -> list[str]:
    """The complaints of the schema about a document, after a trip through JSON text."""
    return [error.message for error in validator().iter_errors(json.loads(msgspec.json.encode(body)))]


ACCOUNTS = {
    "calm": account(pool()),
    "nothing open": account(),
    "liquidatable": account(
        pool(
            ratio=Ratio.of(1.3), stages={"liquidation": Ratio.of(1.3)},
            coins={"BTC": {Direction.DOWN: LIQUIDATABLE, Direction.UP: LIQUIDATABLE}},
            positions=(position(line=LIQUIDATABLE, bankruptcy=Line.at(59_000.0, 0.01)),),
        ),
        ratio=Ratio.of(1.3),
    ),
    "no equity": account(pool(ratio=Ratio.of(inf), effective_leverage_ratio=inf), ratio=Ratio.of(inf)),
    "no price liquidates": account(pool(positions=(position(line=NEVER, bankruptcy=NEVER, loss_to_line_usd=inf),))),
    "unknown": account(
        pool(
            quality=Quality.UNKNOWN, reasons=("no maintenance tiers for BTCUSDT",), as_of=None,
            ratio=Ratio.unknown("no maintenance tiers for BTCUSDT"), venue_ratio=None, equity_usd=None,
            maintenance_margin_usd=None, initial_margin_usd=None, funds_at_risk_usd=None, gross_notional_usd=None,
            net_notional_usd=None, effective_leverage_ratio=nan, stages={}, market={}, coins={}, depegs={},
            drift={"equity": inf},
            positions=(
                position(
                    line=Line.unknown("no tiers"), bankruptcy=Line.unknown(), venue_line=Line.unknown("not said"),
                    entry_price=None, mark_price=None, notional_usd=None, unrealized_pnl_usd=None,
                    distance_sigmas=None, drift_ratio=None, loss_to_line_usd=None, suspect=True,
                ),
            ),
        ),
        quality=Quality.UNKNOWN, up=False, last_update=None, ratio=Ratio.unknown("one pool is unknown"),
        equity_usd=None, mode=AccountMode(collateral=None, hedge=None), permissions=None,
    ),
    "paying funding": paying(),
    "funding that never liquidates": account(pool(burn=BurnReport(usd_per_day=-18.0, seconds=inf))),
    "liquidated by the next payment": account(pool(burn=BurnReport(usd_per_day=18.0, seconds=0.0))),
    "in contradiction with the venue": account(
        pool(
            contradictions={"equity": "the venue's equity is 0, ours is 15500"},
            positions=(position(drift_ratio=None, disagreement="the venue says no liquidation price, we say 45000"),),
        )
    ),
    "isolated with a backstop": account(
        pool(
            "isolated:BTCUSDT:long", backstop=PoolKey(*MAIN, "cross:USDT"), advice_add_usd=250.0,
            advice_text="Add 250 USD", positions=(position(line_with_backstop=Line.at(40_000.0, 1 / 3)),),
        ),
        permissions=Permissions(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("report", ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_report_fits_the_schema(report: AccountReport) -> None:
    assert errors(document([report], NOW, "0.1.0")) == []


@pytest.mark.parametrize("report", ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_daemon_s_view_fits_the_schema(report: AccountReport) -> None:
    shown = view(
        report,
        alerts=(Alert(rule="margin_ratio", severity=Severity.CRITICAL, labels={"pool": "x"}, value=inf),),
        feeds=(feed(), feed("user", up=False, last_message=None, lag_seconds=None, reason="closed")),
        budgets=(Budget(venue="binance", used_ratio=0.1, banned_until=NOW + 60),),
        ready=False,
        not_ready=("binance main: waiting for the first snapshot",),
        diagnosis={"binance": ("no JSON: {",)},
    )

    assert errors(view_json(shown)) == []


@pytest.mark.parametrize(
    ("ratio", "form"),
    [
        (Ratio.of(0.25), {"state": "at", "value": 0.25}),
        (Ratio.of(1.0), {"state": "liquidatable", "value": 1.0}),
        (Ratio.of(inf), {"state": "liquidatable"}),
        (Ratio.unknown("no mark"), {"state": "unknown", "reasons": ["no mark"]}),
    ],
)
def test_the_form_of_a_ratio(ratio: Ratio, form: dict[str, Any]) -> None:
    assert ratio_json(ratio) == form


@pytest.mark.parametrize(
    ("changed", "form"),
    [
        ({"effective_leverage_ratio": 3.5}, {"state": "at", "value": 3.5}),
        ({"effective_leverage_ratio": 0.0}, {"state": "at", "value": 0.0}),
        ({"effective_leverage_ratio": inf}, {"state": "liquidatable"}),
        ({"effective_leverage_ratio": nan, "reasons": ("old",)}, {"state": "unknown", "reasons": ["old"]}),
        (
            {"effective_leverage_ratio": None, "ratio": Ratio.unknown("no mark")},
            {"state": "unknown", "reasons": ["no mark"]},
        ),
    ],
)
def test_no_equity_left_is_told_from_an_unknown_leverage(changed: dict[str, Any], form: dict[str, Any]) -> None:
    body = document([account(pool(**changed))], NOW, "x")
    assert body["accounts"][0]["pools"][0]["effective_leverage"] == form
    assert errors(body) == []


@pytest.mark.parametrize(
    ("line", "sigmas", "form"),
    [
        (Line.at(450.0, 0.25), None, {"state": "at", "price": 450.0, "distance_ratio": 0.25}),
        (Line.at(450.0, 0.25), 8.5, {"state": "at", "price": 450.0, "distance_ratio": 0.25, "distance_sigmas": 8.5}),
        (together(0.25), None, {"state": "at", "distance_ratio": 0.25}),
        (NEVER, 8.5, {"state": "never"}),
        (LIQUIDATABLE, 8.5, {"state": "liquidatable", "distance_ratio": 0.0}),
        (Line.unknown("no mark"), None, {"state": "unknown", "reasons": ["no mark"]}),
    ],
)  # fmt: skip
def test_the_form_of_a_line(line: Line, sigmas: float | None, form: dict[str, Any]) -> None:
    assert line_json(line, sigmas) == form


def _calm() -> dict[str, Any]:
    return document([account(pool())], NOW, "0.1.0")


@pytest.mark.parametrize("wrong", [None, 0.25, {"state": "at"}, {"state": "safe"}, {"state": "never", "price": 1.0}])
def test_a_bare_number_or_null_is_no_ratio_and_no_line(wrong: Any) -> None:
    for place in ("margin_ratio", "effective_leverage", "liquidation"):
        body = json.loads(msgspec.json.encode(_calm()))
        held = body["accounts"][0]["pools"][0]
        (held["positions"][0] if place == "liquidation" else held)[place] = wrong
        assert errors(body)


def test_a_position_s_line_at_a_price_names_it_and_a_market_line_has_none() -> None:
    nameless, named = _calm(), _calm()
    del nameless["accounts"][0]["pools"][0]["positions"][0]["liquidation"]["price"]
    named["accounts"][0]["pools"][0]["market"]["down"]["price"] = 1.0

    assert errors(nameless)
    assert errors(named)


def test_a_coin_line_may_be_a_distance_only_where_the_coin_has_no_price_in_usd() -> None:
    body = _calm()
    del body["accounts"][0]["pools"][0]["coins"]["BTC"]["down"]["price"]

    assert not errors(body)


def test_a_missing_or_an_unknown_key_does_not_fit() -> None:
    missing, unknown = _calm(), _calm()
    del missing["accounts"][0]["pools"][0]["quality"]
    unknown["accounts"][0]["pools"][0]["colour"] = "red"

    assert errors(missing)
    assert errors(unknown)


@pytest.mark.parametrize("journal", [None, JournalStatus(writing=False, reason="disk full", lost_total=3)])
def test_the_journal_s_state_fits_the_schema(journal: JournalStatus | None) -> None:
    body = view_json(view(account(pool()), journal=journal))

    assert errors(body) == []
    assert (body["journal"] is None) is (journal is None)


def test_frames_are_told_of_streams_and_not_of_what_is_polled() -> None:
    body = view_json(view(feeds=(feed(applied=7, refused=1), feed("clock", polled=True))))

    assert errors(body) == []
    assert body["feeds"][0]["frames"]["applied"] == 7
    assert set(body["feeds"][0]["frames"]) == set(OUTCOMES)
    assert "frames" not in body["feeds"][1]


GROUPS = {
    "calm": group(),
    "strained": strained(),
    "not known": dark(),
    "no equity": group(ratio=Ratio.of(inf), worst=None, exposures=(), free=(), hedges=()),
    "with a broken hedge": group(hedges=(BROKEN,)),
    "with a leg near liquidation": group(hedges=(NEAR_LEG,)),
}


@pytest.mark.parametrize("shown", GROUPS.values(), ids=GROUPS)
def test_a_group_fits_the_schema(shown: GroupReport) -> None:
    assert errors(view_json(view(account(pool()), groups=(shown,)))) == []


def test_a_number_that_is_unknown_in_a_group_is_null_and_its_ratio_says_why() -> None:
    (body,) = view_json(view(groups=(dark(),)))["groups"]

    assert body["margin_ratio"] == {"state": "unknown", "reasons": ["bybit/second: no fresh data"]}
    assert body["equity_usd"] is None
    assert body["exposures"][0]["net_usd"] is None
    assert body["hedges"][0]["state"] == "unknown"
    assert body["hedges"][0]["hedged_ratio"] is None


@pytest.mark.parametrize("mode", CollateralMode)
def test_every_mode_of_an_account_fits_the_schema(mode: CollateralMode) -> None:
    assert errors(document([account(pool(), mode=AccountMode(collateral=mode, hedge=True))], NOW, "x")) == []


def test_a_daemon_s_document_is_whole_or_not_one() -> None:
    body = view_json(view(account(pool())))
    del body["alerts"]

    assert errors(body)


def test_the_schema_is_of_the_version_that_documents_carry() -> None:
    assert errors(_calm() | {"schema": SCHEMA_VERSION + 1})


def test_text_never_holds_infinity_or_nan() -> None:
    body = msgspec.json.encode(document(ACCOUNTS.values(), inf, "0.1.0"))

    assert b"Infinity" not in body
    assert b"NaN" not in body
    assert json.loads(body)["at"] is None


def test_the_venue_s_own_ratio_is_known_or_not() -> None:
    known = document([account(pool())], NOW, "x")["accounts"][0]["pools"][0]["venue_ratio"]
    unknown = document([account(replace(pool(), venue_ratio=None))], NOW, "x")["accounts"][0]["pools"][0]["venue_ratio"]

    assert known == {"state": "at", "value": 0.2, "name": ""}
    assert unknown == {"state": "unknown", "reasons": []}


def test_how_long_until_liquidation_is_one_of_four_states() -> None:
    states = [
        burn_json(BurnReport(usd_per_day=None, seconds=seconds, reasons=("why",)))["until_liquidation"]
        for seconds in (3600.0, inf, 0.0, None)
    ]
    assert states == [
        {"state": "at", "seconds": 3600.0},
        {"state": "never"},
        {"state": "liquidatable"},
        {"state": "unknown", "reasons": ["why"]},
    ]
    assert burn_json(None, ("no marks",))["until_liquidation"] == {"state": "unknown", "reasons": ["no marks"]}


def test_where_a_pool_stands_after_a_payment_is_absent_where_nothing_is_paid() -> None:
    assert "after" not in burn_json(BurnReport(usd_per_day=0.0, seconds=inf))
    after = burn_json(
        BurnReport(usd_per_day=1.0, seconds=9.0, after_ratio=Ratio.of(0.5), after_line=NEVER, after_at=NOW)
    )
    assert after["after"] == {
        "at": NOW,
        "margin_ratio": {"state": "at", "value": 0.5},
        "nearest": {"state": "never"},
    }
