"""Crashes that happened: how far prices fell, coin by coin, as numbers with their source.

A move is the low over the high before it, less one. Where a source is a venue's daily candles, anybody can read the
same candles from that venue's public history; the others are reports of the day. A coin without a figure of its own
moves by `others`, whose source is named too. They are shapes of moves, and no forecast.
"""

from __future__ import annotations

from monitor.domain.stress import Family, Scenario

_CANDLES = "daily candles of the spot markets in USDT of Binance"


def _fall(high: float, low: float) -> float:
    """From the high to the low, as a ratio."""
    return round(low / high - 1.0, 4)


CRASHES = (
    Scenario(
        name="2020-03-12 pandemic",
        family=Family.CRASH,
        moves={"BTC": _fall(7966.17, 3782.13), "ETH": _fall(195.55, 86.0)},
        others=_fall(195.55, 86.0),
        text="a day and a half in March 2020, when everything was sold at once",
        source=f"BTC, ETH: {_CANDLES}, high of 2020-03-12 to low of 2020-03-13; others: as ETH, assumed",
    ),
    Scenario(
        name="2021-05-19 leverage",
        family=Family.CRASH,
        moves={"BTC": _fall(43584.9, 30000.0), "ETH": _fall(3441.73, 1888.0), "BNB": _fall(500.0, 280.0)},
        others=-0.41,
        text="a few hours in May 2021",
        source=(
            f"BTC, ETH: {_CANDLES}, high to low of 2021-05-19; BNB: 500 to 280, worldstockmarket.net of that day; "
            "others: mean fall of a token, CoinDesk Data, «Market spotlight» of October 2025"
        ),
    ),
    Scenario(
        name="2022-06 lenders",
        family=Family.CRASH,
        moves={
            "BTC": _fall(30382.8, 17622.0),
            "ETH": _fall(1804.32, 881.56),
            "STETH": round((1.0 + _fall(1804.32, 881.56)) * 0.92 - 1.0, 4),
        },
        others=_fall(1804.32, 881.56),
        text="eight days in June 2022: lenders and a large fund fail, staked ether trades below ether",
        source=(
            f"BTC, ETH: {_CANDLES}, high of 2022-06-10 to low of 2022-06-18; STETH: as ETH, and 8 % below it (Dune "
            "Analytics, as Bloomberg reported on 2022-06-15); others: as ETH, assumed"
        ),
    ),
    Scenario(
        name="2022-11 exchange fails",
        family=Family.CRASH,
        moves={"BTC": _fall(21480.65, 15588.0), "ETH": _fall(1666.97, 1073.53), "SOL": -0.616, "DOGE": -0.422},
        others=_fall(1666.97, 1073.53),
        text="five days in November 2022, while the exchange FTX failed",
        source=(
            f"BTC, ETH: {_CANDLES}, high of 2022-11-05 to low of 2022-11-09; SOL: a week, CoinGecko as of 2022-11-14 "
            "(rt.com); DOGE: a week, Benzinga, 2022-11-09; others: as ETH, assumed"
        ),
    ),
    Scenario(
        name="2024-08-05 carry trades",
        family=Family.CRASH,
        moves={
            "BTC": _fall(58350.0, 49513.0),
            "ETH": _fall(2695.0, 2118.0),
            "BNB": -0.1736,
            "SOL": -0.17,
            "DOGE": -0.162,
            "DOT": -0.2151,
        },
        others=-0.2151,
        text="five hours in August 2024, with the stock exchanges of Asia",
        source=(
            "BTC, ETH, BNB, DOGE, DOT: CoinChapter, 2024-08-05; SOL: a day, CoinsPaid Media, 2024-08-05; "
            "others: as DOT, the largest of these falls but ETH's, assumed"
        ),
    ),
    Scenario(
        name="2025-10-10 cascade",
        family=Family.CRASH,
        moves={
            "BTC": _fall(122550.0, 102000.0),
            "ETH": _fall(4393.63, 3435.0),
            "BNB": _fall(1278.52, 860.11),
            "DOGE": _fall(0.25403, 0.095),
            "XRP": _fall(2.85, 1.5),
            "USDE": -0.35,
            "WBETH": _fall(4393.63, 430.0),
        },
        others=-0.47,
        text="an hour in October 2025: the largest sum of liquidations until then",
        source=(
            f"BTC, ETH, BNB, DOGE: {_CANDLES}, high to low of 2025-10-10; XRP: about 2.85 to 1.50, Auric Crypto of "
            "that day; WBETH: from ETH's high to 430 on one exchange, CoinDesk, 2025-10-13; USDE (0.65 on one "
            "exchange) and others (mean fall of a token): CoinDesk Data, «Market spotlight»"
        ),
    ),
)
