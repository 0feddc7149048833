"""The REST paths of the simulated Bybit: who may ask, how often, and which answer belongs to which path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from monitor.sim.bybit import answers, public_answers
from monitor.sim.bybit.asks import Ask
from monitor.sim.bybit.frames import Row


@dataclass(frozen=True, slots=True)
class Path:
    """How one path behaves. `calls_a_second` of one account; 0: counted by address only."""

    answer: Callable[[Ask], Row]
    signed: bool = False
    calls_a_second: int = 0


PATHS: Mapping[str, Path] = {
    "/v5/market/time": Path(public_answers.server_time),
    "/v5/market/instruments-info": Path(public_answers.instruments),
    "/v5/market/risk-limit": Path(public_answers.risk_limit),
    "/v5/market/tickers": Path(public_answers.tickers),
    "/v5/market/mark-price-kline": Path(public_answers.kline),
    "/v5/market/index-price-kline": Path(public_answers.kline),
    "/v5/market/kline": Path(public_answers.kline),
    "/v5/spot-margin-trade/collateral": Path(public_answers.collateral),
    "/v5/spot-margin-trade/position-tiers": Path(public_answers.borrow_tiers, True, 5),
    "/v5/account/info": Path(answers.account_info, True, 50),
    "/v5/account/wallet-balance": Path(answers.wallet_balance, True, 50),
    "/v5/account/withdrawal": Path(answers.withdrawal, True, 10),
    "/v5/account/fee-rate": Path(answers.fee_rate, True, 5),
    "/v5/account/transaction-log": Path(answers.transaction_log, True, 30),
    "/v5/account/option-asset-info": Path(answers.option_assets, True, 50),
    "/v5/asset/coin-greeks": Path(answers.coin_greeks, True, 50),
    "/v5/asset/portfolio-margin": Path(answers.portfolio_margin, True, 5),
    "/v5/position/list": Path(answers.positions, True, 50),
    "/v5/order/realtime": Path(answers.orders, True, 50),
    "/v5/user/query-api": Path(answers.key_info, True, 10),
}
