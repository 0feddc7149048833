"""For each rule that Prometheus can decide: series at which it fires, and others at which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.alerts.catalogue import default_rules
from monitor.alerts.rule import RuleSettings
from monitor.app.prometheus_sources import Held
from monitor.domain.alerts import Severity

POOL = 'venue="v",account="a",pool="p"'
POSITION = f'{POOL},symbol="BTCUSDT",side="long"'
ACCOUNT = 'venue="v",account="a"'
GROUP = 'group="desk"'
HEDGE = f'{GROUP},hedge="BTC"'
STREAM = f'{ACCOUNT},stream="marks"'

W, C, INFO = "warning", "critical", "info"

#: Thresholds for the rules that have none by default, so that each is tried.
GIVEN: Mapping[str, float] = {
    "account_ratio": 0.7, "market_sigmas": 2.0, "position_sigmas": 2.0, "room_usd": 100.0, "trend_time": 3600.0,
    "funds_at_risk": 1e6, "account_funds_at_risk": 1e6, "account_gross": 1e6, "account_net": 1e6,
    "account_leverage": 5.0, "collateral_share": 0.9, "group_coin_distance": 0.1, "group_market_distance": 0.1,
}  # fmt: skip


def settings() -> dict[str, RuleSettings]:
    """The defaults, and thresholds where there are none; a pool that is partial is told, too."""
    rules = default_rules()
    for name, threshold in GIVEN.items():
        rules[name] = replace(rules[name], thresholds={Severity.CRITICAL: threshold})
    quality = rules["data_quality"]
    rules["data_quality"] = replace(quality, severities={**quality.severities, "PARTIAL": Severity.INFO})
    return rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One rule. `main` is the series that moves from `calm` to `bad` (values as promtool writes them), `beside` what
    stays. `infinite`: the levels that fire at +Inf; `held` as in the table of sources.
    """

    rule: str
    levels: tuple[str, ...]
    main: str
    bad: str
    calm: str
    infinite: tuple[str, ...] = ()
    held: Held | None = None
    beside: Mapping[str, str] = field(default_factory=dict)


def _pool(rule: str, metric: str, bad: str, calm: str, *levels: str, inf: bool, more: str = "", **beside: str) -> Scene:
    labels = POOL + more
    stays = {f"marginwatch_{name}{{{POOL}}}": value for name, value in beside.items()}
    return Scene(
        rule=rule, levels=levels, main=f"marginwatch_{metric}{{{labels}}}", bad=bad, calm=calm, held=Held.POOL,
        infinite=levels if inf else (), beside=stays,
    )  # fmt: skip


def _position(rule: str, metric: str, bad: str, calm: str, *levels: str, inf: bool, **beside: str) -> Scene:
    return replace(
        _pool(rule, metric, bad, calm, *levels, inf=inf, more=',symbol="BTCUSDT",side="long"'),
        beside={f"marginwatch_{name}{{{POSITION}}}": value for name, value in beside.items()},
    )


def _account(rule: str, metric: str, bad: str, calm: str, level: str, *, inf: bool, **beside: str) -> Scene:
    return Scene(
        rule=rule, levels=(level,), main=f"marginwatch_account_{metric}{{{ACCOUNT}}}", bad=bad, calm=calm,
        held=Held.ACCOUNT, infinite=(level,) if inf else (),
        beside={f"marginwatch_account_{name}{{{ACCOUNT}}}": value for name, value in beside.items()},
    )  # fmt: skip


def _own(
    rule: str,
    series: str,
    bad: str,
    calm: str,
    *levels: str,
    inf: bool = False,
    beside: Mapping[str, str] | None = None,
) -> Scene:
    return Scene(
        rule=rule, levels=levels, main=f"marginwatch_{series}", bad=bad, calm=calm, infinite=levels if inf else (),
        beside=beside or {},
    )  # fmt: skip


_DOWNWARD, _COIN = ',direction="down"', ',coin="BTC",direction="down"'
_FRAMES = f'marginwatch_feed_frames_total{{{STREAM},outcome="applied"}}'
_REFUSED = f'marginwatch_feed_frames_total{{{STREAM},outcome="refused"}}'
_LAST = f"marginwatch_feed_last_message_timestamp_seconds{{{STREAM}}}"
_UP = f"marginwatch_feed_up{{{STREAM}}}"

SCENES: tuple[Scene, ...] = (
    _pool("margin_ratio", "pool_margin_ratio", "0.9x{n}", "0.5x{n}", W, C, inf=True),
    _pool("stage_ratio", "pool_stage_ratio", "1.1x{n}", "0.9x{n}", W, inf=True, more=',stage="reduce-only"'),
    _pool("coin_distance", "pool_coin_distance_ratio", "0.04x{n}", "0.3x{n}", W, C, inf=False, more=_COIN),
    _pool("market_distance", "pool_market_distance_ratio", "0.04x{n}", "0.3x{n}", W, C, inf=False, more=_DOWNWARD),
    _position("position_distance", "position_liquidation_distance_ratio", "0x{n}", "0.3x{n}", W, C, inf=False),
    _pool("market_sigmas", "pool_market_distance_ratio", "0.05x{n}", "0.3x{n}", C, inf=False, more=_DOWNWARD,
          pool_market_sigma_ratio="0.04x{n}"),
    _position("position_sigmas", "position_liquidation_distance_sigmas", "1.5x{n}", "5x{n}", C, inf=False),
    _pool("room_usd", "pool_margin_ratio", "0.99x{n}", "0.5x{n}", C, inf=True, pool_equity_usd="5000x{n}"),
    _pool("burn_time", "pool_burn_seconds", "3600x{n}", "1e9x{n}", W, C, inf=False),
    _pool("ratio_after_payment", "pool_after_funding_margin_ratio", "1x{n}", "0.9x{n}", C, inf=True),
    _pool("funds_at_risk", "pool_funds_at_risk_usd", "2e6x{n}", "10x{n}", C, inf=True),
    _pool("one_sided_leverage", "pool_effective_leverage_ratio", "8x{n}", "2x{n}", W, inf=True,
          pool_one_sided="1x{n}"),
    _pool("collateral_share", "pool_collateral_share_ratio", "0.95x{n}", "0.5x{n}", C, inf=True, more=',asset="BTC"'),
    _position("adl_rank", "position_adl_rank", "4x{n}", "3x{n}", INFO, inf=True),
    _position("position_cap", "position_notional_usd", "-110x{n}", "90x{n}", W, inf=True, position_cap_usd="100x{n}"),
    _account("account_ratio", "margin_ratio", "0.9x{n}", "0.5x{n}", C, inf=True),
    _account("account_funds_at_risk", "funds_at_risk_usd", "2e6x{n}", "10x{n}", C, inf=True),
    _account("account_gross", "gross_notional_usd", "2e6x{n}", "10x{n}", C, inf=True),
    _account("account_net", "net_notional_usd", "-2e6x{n}", "10x{n}", C, inf=True),
    _account("account_leverage", "effective_leverage_ratio", "9x{n}", "2x{n}", C, inf=True),
    replace(_account("unexplained_loss", "unexplained_usd", "-20x{n}", "500x{n}", W, inf=False, equity_usd="80x{n}"),
            levels=(W, C)),
    _account("unexplained_gain", "unexplained_usd", "20x{n}", "-500x{n}", INFO, inf=True, equity_usd="80x{n}"),
    Scene(rule="group_ratio", levels=(W, C), main=f"marginwatch_group_margin_ratio{{{GROUP}}}", bad="0.8x{n}",
          calm="0.4x{n}", infinite=(W, C), held=Held.GROUP),
    Scene(rule="group_coin_distance", levels=(C,), main=f'marginwatch_group_coin_distance_ratio{{{GROUP}{_COIN}}}',
          bad="0.05x{n}", calm="0.4x{n}", held=Held.GROUP),
    Scene(rule="group_market_distance", levels=(C,), bad="0.05x{n}", calm="0.4x{n}", held=Held.GROUP,
          main=f'marginwatch_group_market_distance_ratio{{{GROUP}{_DOWNWARD}}}'),
    _own("group_unknown", f'group_quality{{{GROUP},quality="STALE"}}', "1x{n}", "0x{n}", W),
    replace(_own("hedge_broken", f'group_hedge_state{{{HEDGE},state="broken"}}', "1x{n}", "0x{n}", C), held=Held.HEDGE),
    replace(_own("hedge_broken", f'group_hedge_state{{{HEDGE},state="shrank"}}', "1x{n}", "0x{n}", W), held=Held.HEDGE),
    replace(_own("hedge_leg_near", f'group_hedge_state{{{HEDGE},state="near"}}', "1x{n}", "0x{n}", W), held=Held.HEDGE),
    _own("drift", f'pool_drift_ratio{{{POOL},figure="equity"}}', "-0.2x{n}", "0.001x{n}", W, C, inf=True),
    _own("drift", f"position_drift_ratio{{{POSITION}}}", "-0.2x{n}", "0.001x{n}", W, C, inf=True),
    _own("data_quality", f'pool_quality{{{POOL},quality="STALE"}}', "1x{n}", "0x{n}", W),
    _own("data_quality", f'pool_quality{{{POOL},quality="UNKNOWN"}}', "1x{n}", "0x{n}", C),
    _own("data_quality", f'pool_quality{{{POOL},quality="PARTIAL"}}', "1x{n}", "0x{n}", INFO),
    _own("account_down", f"account_up{{{ACCOUNT}}}", "0x{n}", "1x{n}", C),
    _own("feed_down", f"feed_up{{{STREAM}}}", "0x{n}", "1x{n}", W, beside={_FRAMES: "1x{n}"}),
    _own("poll_down", f"feed_up{{{STREAM}}}", "0x{n}", "1x{n}", W),
    _own("feed_lag", f"feed_lag_seconds{{{STREAM}}}", "12x{n}", "0.1x{n}", W, C, inf=True,
         beside={_FRAMES: "1x{n}", _LAST: "0+60x{n}"}),
    _own("unacknowledged", f"feed_missed_acknowledgements_total{{{STREAM}}}", "0+1x{n}", "7x{n}", W,
         beside={_REFUSED: "0x{n}", _UP: "1x{n}"}),
    _own("weight_budget", 'rest_weight_used_ratio{venue="v"}', "0.96x{n}", "0.5x{n}", W, C, inf=True),
    _own("clock_offset", 'clock_offset_seconds{venue="v"}', "-2x{n}", "0.1x{n}", W, inf=True),
    _own("inbox_backlog", "inbox_depth{}", "60000x{n}", "10x{n}", W, C, inf=True),
    _own("monitor_late", "late_seconds{}", "31x{n}", "0.1x{n}", W, C, inf=True),
    _own("journal", "journal_writing{}", "0x{n}", "1x{n}", W),
    _own("journal", "journal_lost_total{}", "0+1x{n}", "7x{n}", W),
    _own("store_down", "store_writing{}", "0x{n}", "1x{n}", W),
    _own("store_down", "store_lost_total{}", "0+1x{n}", "7x{n}", W),
    _own("channel_down", 'channel_up{channel="telegram",kind="telegram"}', "0x{n}", "1x{n}", W),
    _own("channel_lag", 'channel_oldest_seconds{channel="t",kind="k"}', "200x{n}", "1x{n}", W, inf=True,
         beside={'marginwatch_channel_up{channel="t",kind="k"}': "1x{n}"}),
    _own("worsening", f"pool_margin_ratio{{{POOL}}}", "0.5+0.03x{n}", "0.5x{n}", W,
         beside={f"marginwatch_pool_equity_usd{{{POOL}}}": "1000x{n}"}),
    _own("trend_time", f"pool_margin_ratio{{{POOL}}}", "0.4+0.015x{n}", "0.5x{n}", C,
         beside={f"marginwatch_pool_equity_usd{{{POOL}}}": "1000x{n}"}),
)  # fmt: skip
