"""What the simulated portfolio margin answers over REST: one function an endpoint, the body as the venue has it."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Asset
from monitor.sim.binance import answers as linear
from monitor.sim.binance.coinm import answers as inverse
from monitor.sim.binance.loans.arithmetic import marginable
from monitor.sim.binance.loans.purse import Holding
from monitor.sim.binance.portfolio.accounts import PortfolioAccount, profit
from monitor.sim.binance.portfolio.tables import LOAN_LEVERAGE, LOAN_MAINTENANCE_RATIO, RATES, tiers
from monitor.sim.market import Market
from monitor.sim.text import fixed

Row = dict[str, Any]
_UM_FIELDS = (
    "symbol",
    "positionSide",
    "positionAmt",
    "entryPrice",
    "breakEvenPrice",
    "markPrice",
    "unRealizedProfit",
    "liquidationPrice",
    "notional",
    "updateTime",
)
_CM_FIELDS = (
    "symbol",
    "positionSide",
    "positionAmt",
    "entryPrice",
    "breakEvenPrice",
    "markPrice",
    "unRealizedProfit",
    "liquidationPrice",
    "leverage",
    "maxQty",
    "notionalValue",
    "updateTime",
)


def account_row(account: PortfolioAccount, time_ms: int) -> Row:
    """GET /papi/v1/account. `accountEquity` is after haircuts, `actualEquity` before."""
    totals = account.totals()
    free = fixed(max(0.0, totals.equity - totals.initial))
    return {
        "uniMMR": fixed(totals.ratio),
        "accountEquity": fixed(totals.equity),
        "actualEquity": fixed(totals.plain_equity),
        "accountInitialMargin": fixed(totals.initial),
        "accountMaintMargin": fixed(totals.maintenance),
        "accountStatus": account.standing(),
        "virtualMaxWithdrawAmount": free,
        "totalAvailableBalance": free,
        "totalMarginOpenLoss": fixed(totals.open_loss),
        "updateTime": time_ms,
    }


def pro_account(account: PortfolioAccount) -> Row:
    """GET /sapi/v1/portfolio/account."""
    totals = account.totals()
    return {
        "uniMMR": fixed(totals.ratio),
        "accountEquity": fixed(totals.equity),
        "actualEquity": fixed(totals.plain_equity),
        "accountMaintMargin": fixed(totals.maintenance),
        "accountInitialMargin": fixed(totals.initial),
        "totalAvailableBalance": fixed(max(0.0, totals.equity - totals.initial)),
        "accountStatus": account.standing(),
        "accountType": ("PM_3" if account.span else "PM_1") if account.pro else "PM_2",
    }


def span_account(account: PortfolioAccount) -> Row:
    """GET /sapi/v2/portfolio/account: the requirement by unit of risk, that of loans apart."""
    row, units, loans = pro_account(account), dict[Asset, float](), 0.0
    for part in (account.um, account.cm):
        for position in part.open_positions():
            coin = account.market.contracts[position.symbol].coin
            needed = position.maintenance(account.market.mark(position.symbol)) * account.index(position.asset)
            units[coin] = units.get(coin, 0.0) + needed
    for asset, held in account.purse.holdings.items():
        loans += held.debt * LOAN_MAINTENANCE_RATIO * account.index(asset)
    return {
        **{name: value for name, value in row.items() if name != "totalAvailableBalance"},
        "riskUnitMMList": [{"asset": coin, "uniMaintainUsd": fixed(needed)} for coin, needed in units.items()],
        "marginMM": fixed(loans),
        "otherMM": "0.00000000",
        "virtualMaxWithdrawAmount": row["totalAvailableBalance"],
    }


def balances(account: PortfolioAccount, time_ms: int) -> list[Row]:
    """GET /papi/v1/balance, and GET /sapi/v1/portfolio/balance, which has options besides."""
    rows = []
    for asset in account.assets():
        held = account.purse.holdings.get(asset, Holding())
        um, cm = account.um.wallets.get(asset, 0.0), account.cm.wallets.get(asset, 0.0)
        row: Row = {
            "asset": asset,
            "totalWalletBalance": fixed(held.total - held.debt + um + cm),
            "crossMarginAsset": fixed(held.total),
            "crossMarginBorrowed": fixed(held.borrowed),
            "crossMarginFree": fixed(held.free),
            "crossMarginInterest": fixed(held.interest),
            "crossMarginLocked": fixed(held.locked),
            "umWalletBalance": fixed(um),
            "umUnrealizedPNL": fixed(profit(account.um, asset)),
            "cmWalletBalance": fixed(cm),
            "cmUnrealizedPNL": fixed(profit(account.cm, asset)),
            "updateTime": time_ms,
            "negativeBalance": fixed(min(0.0, um) + min(0.0, cm)),
        }
        if account.pro:
            row |= {"optionWalletBalance": "0", "optionEquity": "0"}
        rows.append(row)
    return rows


def um_position_risk(account: PortfolioAccount, time_ms: int) -> list[Row]:
    """GET /papi/v1/um/positionRisk: nothing is isolated here."""
    part = account.um
    rows = []
    for row in linear.position_risk(part, time_ms):
        setting = part.setting(row["symbol"])
        caps = [bracket.cap for bracket in part.brackets(row["symbol"]) if bracket.leverage >= setting.leverage]
        kept = {name: row[name] for name in _UM_FIELDS}
        rows.append({**kept, "leverage": str(setting.leverage), "maxNotionalValue": f"{max(caps, default=0.0):.0f}"})
    return rows


def cm_position_risk(account: PortfolioAccount) -> list[Row]:
    """GET /papi/v1/cm/positionRisk: a row for every contract."""
    return [{name: row[name] for name in _CM_FIELDS} for row in inverse.position_risk(account.cm)]


def collateral_rates() -> list[Row]:
    """GET /sapi/v1/portfolio/collateralRate."""
    return [{"asset": asset, "collateralRate": f"{rate:.4f}"} for asset, rate in RATES.items()]


def tiered_collateral_rates() -> list[Row]:
    """GET /sapi/v2/portfolio/collateralRate: tiers of an asset's worth in USD."""
    return [
        {
            "asset": asset,
            "collateralInfo": [
                {
                    "tierFloor": f"{row.floor:.4f}",
                    "tierCap": f"{row.cap:.4f}",
                    "collateralRate": f"{row.rate:.4f}",
                    "cum": f"{row.cum:.4f}",
                }
                for row in tiers(asset)
            ],
        }
        for asset in RATES
    ]


def asset_indexes(market: Market, asset: Asset | None, time_ms: int) -> list[Row]:
    """GET /sapi/v1/portfolio/asset-index-price, of one asset or all."""
    return [
        {"asset": one, "assetIndexPrice": fixed(market.asset_usd(one)), "time": time_ms}
        for one in marginable(market)
        if asset in (None, one)
    ]


def asset_leverages() -> list[Row]:
    """GET /sapi/v1/portfolio/margin-asset-leverage."""
    return [{"asset": asset, "leverage": LOAN_LEVERAGE} for asset in RATES]
