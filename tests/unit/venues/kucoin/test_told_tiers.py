"""Which tables of maintenance a classic account of KuCoin is told: those of what it holds, as it holds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from monitor.domain.events import TiersLoaded
from monitor.domain.names import AccountKey
from monitor.domain.tiers import TierBy, TierTable, flat
from monitor.venues.kucoin.needs import Needs
from monitor.venues.kucoin.tables import PublicReadings
from monitor.venues.settings import Timings

KEY = AccountKey("kucoin", "main")
CURVE, LEVELS = TierTable(flat(0.004).tiers, by=TierBy.BASE), flat(0.005)


class Teller:
    """The readings with both tables read of two contracts, and what they say."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.holds: Mapping[AccountKey, Needs] = {}
        nothing = cast(Any, None)
        self.readings = PublicReadings(
            nothing, nothing, self.said.append, nothing, Timings(), Needs, lambda: self.holds, lambda: False
        )
        both = ("A", CURVE), ("B", CURVE)
        self.readings._tables = TiersLoaded("kucoin", None, both, 1.0, isolated=(("A", LEVELS), ("B", LEVELS)))

    def tells(self, cross: str = "", isolated: str = "") -> tuple[str, str] | None:
        """Of which contracts it tells curves and levels, the account holding these; None if it tells nothing."""
        self.said.clear()
        self.holds = {KEY: Needs(frozenset(cross + isolated), isolated=frozenset(isolated))}
        self.readings.tell_tiers()
        if not self.said:
            return None
        (one,) = self.said
        return "".join(symbol for symbol, _ in one.tiers), "".join(symbol for symbol, _ in one.isolated)


def test_each_way_of_holding_a_contract_has_its_own_table() -> None:
    teller = Teller()
    assert teller.tells(cross="A", isolated="B") == ("A", "B")
    assert teller.tells(cross="A", isolated="B") is None, "it was told"
    assert teller.tells() is None, "nothing is held any more"


def test_a_contract_that_is_held_the_other_way_now_has_the_other_table_too() -> None:
    teller = Teller()
    assert teller.tells(isolated="A") == ("", "A")
    assert teller.tells(cross="A") == ("A", "A")
    teller = Teller()
    assert teller.tells(cross="A") == ("A", "")
    assert teller.tells(isolated="A") == ("A", "A")


def test_an_account_that_comes_back_from_another_kind_is_told_again() -> None:
    teller = Teller()
    assert teller.tells(cross="A") == ("A", "")
    teller.holds = {}
    teller.readings.tell_tiers()
    assert teller.tells(cross="A") == ("A", "")
