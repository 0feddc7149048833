"""The rules on what happens once."""

from __future__ import annotations

from collections.abc import Mapping

from monitor.alerts.catalogue_entries import CRITICAL, INFO, WARNING, Entry, event, happens

EVENTS: Mapping[str, Entry] = {
    "mode_changed": Entry(
        event("the account's margin or position mode changed"), lambda: happens(**{"": WARNING})
    ),
    "position_appeared": Entry(event("a position was opened"), lambda: happens(**{"": INFO})),
    "position_vanished": Entry(event("a position is gone, confirmed"), lambda: happens(**{"": WARNING})),
    "venue_warning": Entry(
        event("the venue warns of, or reports, a forced close", "kind", "symbol", "side",
              words=("margin_call", "liquidation", "adl", "settlement")),
        lambda: happens(margin_call=CRITICAL, liquidation=CRITICAL, adl=CRITICAL, settlement=INFO),
    ),
    "tiers_changed": Entry(
        event("the venue changed the maintenance tiers of what is held"), lambda: happens(**{"": WARNING})
    ),
    "collateral_changed": Entry(
        event("the venue changed what a collateral asset counts for"), lambda: happens(**{"": WARNING})
    ),
    "contract_changed": Entry(
        event("the venue delists a contract that is held, settles it, or changed its terms"),
        lambda: happens(**{"": WARNING}),
    ),
    "price_jump": Entry(event("a mark price jumped out of its band"), lambda: happens(**{"": WARNING})),
    "permissions_changed": Entry(event("the key's permissions changed"), lambda: happens(**{"": INFO})),
}  # fmt: skip
