"""Numbers and names as KuCoin prints them: JSON numbers in futures answers, strings elsewhere; Bitcoin is XBT there."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from monitor.domain.names import Asset

PLACES = 10  #: decimals of an amount
CDR_END = 99_999_999_999_999_999  #: the end of the last tier of a table


def currency(coin: Asset) -> Asset:
    """A coin's name in futures answers."""
    return "XBT" if coin == "BTC" else coin


def coin_of(name: str) -> Asset:
    """The coin that a futures currency is."""
    return "BTC" if name == "XBT" else name


def amount(value: float) -> float:
    """An amount, as a JSON number."""
    return round(value, PLACES) + 0.0


def plain(value: float, places: int = PLACES) -> str:
    """A string without exponent or trailing zeros: "26.144281178", "0"."""
    text = format(round(Decimal(repr(value)), places), "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def padded(value: float) -> str:
    """A string with ten decimals, the rest cut off, as the unified account prints amounts: "49.9358942670"."""
    nearly = Decimal(repr(value)).quantize(Decimal(1).scaleb(-12))  # what a float is off by must not be cut
    text = format(nearly.quantize(Decimal(1).scaleb(-PLACES), rounding=ROUND_DOWN), "f")
    return text[1:] if text.startswith("-") and not float(text) else text


def ratio(value: float) -> str:
    """A debt ratio: four decimals at most."""
    return plain(value, 4)


def decimals(step: str) -> int:
    """How many decimals a tick has."""
    return len(step.partition(".")[2])


def stepped(price: float, step: str, *, up: bool) -> float:
    """A price on a grid, away from where it is safe."""
    nearly = Decimal(repr(round(price, 12)))
    grid = Decimal(1).scaleb(-decimals(step))
    return float(nearly.quantize(grid, rounding=ROUND_CEILING if up else ROUND_FLOOR))
