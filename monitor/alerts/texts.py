"""Every sentence that an alert says, by its key: the one place to translate.

Templates take their parts by name; a translation may put them in another order, and must use the same names. Numbers
are written by `monitor.alerts.words`. What the engine says in words of its own (reasons, advice, what changed) comes in
as a part.
"""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    # Numbers and their units.
    "unit.percent": "{number} %",
    "unit.unbounded": "without bound",
    "unit.usd": "{number} USD",
    "unit.sigmas": "{number} daily sigmas",
    "unit.d": "{number} d",
    "unit.h": "{number} h",
    "unit.min": "{number} min",
    "unit.s": "{number} s",
    # Names.
    "name.pool": "{account} {pool}",
    "name.account": "{account} at {venue}",
    "name.position": "{account} {symbol} {side}",
    "name.coins": "all coins together",
    "side.long": "long",
    "side.short": "short",
    "direction.down": "down",
    "direction.up": "up",
    "because": ": {reasons}",
    "and": "; ",
    "what": "{name}: {what}",
    # Margin ratios and stages.
    "ratio.at": "margin ratio {ratio} (100 % is liquidation)",
    "ratio.unknown": "margin ratio unknown{because}",
    "ratio.broke": "liquidatable now, no equity left",
    "ratio.liquidatable": "liquidatable now, margin ratio {ratio}",
    "ratio.of_account": "worst pool: {ratio}",
    "stage.at": "{ratio} of the way to «{stage}»",
    "stage.reached": "«{stage}» reached, {ratio}",
    "stage.broke": "«{stage}» reached, no equity left",
    "stage.unknown": "«{stage}» unknown{because}",
    # Lines.
    "line.liquidatable": "liquidatable now",
    "line.never": "no price of {what} {direction} from here liquidates",
    "line.at": "{what} {distance} {direction} liquidates{price}{sigmas}",
    "line.at_price": ", at {price}",
    "line.sigmas": ", {sigmas}",
    "line.unknown": "{what} {direction}: distance unknown{because}",
    "line.peg": "{coin} {distance} {direction} from its peg liquidates{price}",
    "position.never": "no price liquidates it",
    "position.at": "liquidation {distance} away at {price}{sigmas}",
    "position.unknown": "liquidation price unknown{because}",
    "position.takes": "A loss of {usd} on it reaches liquidation.",
    "sigmas.at": "{sigmas} to liquidation, {distance}{price}",
    "sigmas.unknown": "distance in daily sigmas unknown",
    "sigmas.what": "{what} {direction}: {told}",
    # What it would take, and what to do.
    "room.left": "A loss of {usd} meets the requirement of {required}.",
    "room.gone": "Equity is {usd} below the requirement of {required}.",
    "room.pool": "{usd} until liquidation",
    "room.pool_gone": "no room left until liquidation",
    "room.pool_unknown": "room until liquidation unknown",
    "room.position": "a loss of {usd} liquidates, {reach}",
    "room.position_unknown": "loss until liquidation unknown",
    "advice.add": "Add {usd} to the pool to bring its nearest line to the wanted distance.",
    # Speed and time.
    "worsening.lost": "{share} of its room lost within {window}, {left} left",
    "trend.time": "liquidated in {time} if it goes on losing as in the last {window}",
    "trend.never": "not losing over the last {window}",
    "trend.unknown": "how long its room lasts cannot be told yet",
    "trend.sure": "Prices do not go on as they did: this is a measure of speed, no forecast.",
    "burn.time": "funding and interest alone liquidate it in {time}",
    "burn.never": "funding and interest never liquidate it",
    "burn.unknown": "what funding and interest take is unknown{because}",
    "burn.pays": "It pays {usd} a day while rates and prices stay.",
    "burn.gets": "It is paid {usd} a day while rates and prices stay.",
    "after.ratio": "margin ratio {ratio} after the next payment{when} (100 % is liquidation)",
    "after.line": "nearest line {distance} away after the next payment{when}",
    "after.line_liquidatable": "liquidatable after the next payment{when}",
    "after.broke": "no equity left after the next payment{when}",
    "after.unknown": "what the next payment leaves is unknown{because}",
    "after.when": " in {time}",
    "after.pays": "It pays {usd} then.",
    # Limits and policies.
    "deficit": "balance {usd} below zero with nothing open",
    "deficit.do": "Pay it in, or convert another asset: the venue may charge interest or convert by itself.",
    "risk.pool": "a liquidation would take {usd}",
    "risk.account": "liquidations would take {usd}",
    "risk.unknown": "what a liquidation would take is unknown",
    "gross": "gross notional {usd}",
    "net": "net notional {usd}",
    "leverage": "gross notional {times} times its equity",
    "limit.unknown": "its size cannot be told now",
    "limit.do": "Close positions, or raise the limit of this rule if that is meant to be.",
    "limit.passed": "Equity {equity}, gross notional {gross}.",
    "one_sided": "all legs lose in the same direction, at {times} times the pool's equity",
    "one_sided.unknown": "whether all legs lose in the same direction is unknown",
    "one_sided.do": "Close a part, hedge it, or move legs to isolated margin: one move takes the whole pool.",
    "auto_add.on": "adds margin from the wallet by itself",
    "auto_add.off": "adds no margin by itself",
    "auto_add.do": "A loss of this position can draw the wallet down: switch it off at the venue if that is not meant.",
    "share": "{coin} is {share} of its collateral",
    "share.value": "It counts for {usd}, after the venue's haircut.",
    "share.unknown": "share of {coin} in its collateral unknown",
    "share.do": "Convert a part of it into another asset if one price should not decide.",
    "depeg": "{coin} at {price} USD, {off} off its peg",
    "depeg.unknown": "price of {coin} unknown",
    "depeg.held": "{amount} {coin} are held in {pools}, counted as {usd}.",
    "depeg.do": "Convert it, or reduce what rests on it: requirements in other assets do not fall with it.",
    "adl": "rank {rank} in the venue's queue of auto-deleveraging (4 goes first)",
    "adl.do": "Its profit and leverage put it there: take some profit or lower its leverage.",
    "cap": "{share} of what its tier or leverage allows ({usd} of {cap})",
    "cap.unknown": "what its tier or leverage allows is unknown",
    "cap.do": "It cannot grow; reduce it or lower its leverage before the venue does.",
    "delivery": "delivered in {time}",
    "delivery.past": "delivery is due",
    "delivery.unknown": "its delivery time is unknown",
    "delivery.do": "It is settled then, and what it hedges stays: roll or close both sides.",
    "unexplained.loss": "{usd} ({share}) left it without a known cause",
    "unexplained.gain": "{usd} ({share}) came to it without a known cause",
    "unexplained.none": "its equity is explained",
    "unexplained.unknown": "whether its equity is explained cannot be told",
    "unexplained.is": "Marks, fills, funding, interest and fees of the last hour do not explain it{because}.",
    "unexplained.do": "If nobody moved it: revoke the keys, look at the venue's transfer history, then at our figures.",
    # Trust in the figures.
    "drift": "{figure} differs from the venue's by {drift}",
    "drift.unknown": "{figure} cannot be compared with the venue's",
    "drift.within": "{figure} {drift} from the venue's",
    "drift.agrees": "{figure} agrees with the venue's",
    "drift.do": "Do not rely on either figure before it is understood: compare positions, balances and tiers.",
    "figure.liquidation_price": "liquidation price",
    "figure.equity": "equity",
    "figure.maintenance_margin": "maintenance margin",
    "figure.ratio": "margin ratio",
    "quality": "data {quality}{because}",
    "sure": "Data {quality}, {age}{agreement}{because}.",
    "sure.no_age": "age unknown",
    "sure.age": "oldest input {age} old",
    "sure.within": ", within {drift} of the venue's figures",
    "sure.contradicts": ", in contradiction with the venue's figures",
    "sure.account": "Data {quality}, last read {age} ago{because}.",
    "sure.account_never": "Data {quality}, never read{because}.",
    "account.up": "data fresh again",
    "account.down": "no fresh data{because}",
    "account.read": "The account was last read {age} ago. Until it is read again its risk is unknown.",
    "account.never": "The account was never read. Until it is read its risk is unknown.",
    # Keys.
    "key.withdraw": "the key may withdraw or transfer",
    "key.trade": "the key may trade",
    "key.unreadable": "the key has permissions that could not be read",
    "key.": "the key may only read",
    "key.do": "Use a key that can read and nothing else.",
    "expiry.unknown": "the key has no known expiry",
    "expiry.in": "the key expires in {time}",
    "expiry.past": "the key has expired",
    "expiry.do": "Make a new key that can only read and put it into the configuration.",
    # Streams, polls and the venue's limits.
    "feed.up": "delivering",
    "feed.down": "not delivering ({phase}){because}",
    "feed.last": "The last message came {age} ago. Reconnects so far: {reconnects}.",
    "feed.never": "No message ever came. Reconnects so far: {reconnects}.",
    "lag": "messages come {seconds} after the venue's stamp",
    "lag.unknown": "lag unknown",
    "lag.do": (
        "The last one came {age} ago. What it tells is that old already: see whether this machine, its network or the "
        "venue is overloaded."
    ),
    "backlog.feed": "{count} messages wait for the engine",
    "backlog.inbox": "monitor: {count} events wait for the engine",
    "backlog.do": "What is shown is older than it looks: see whether this machine is overloaded. Nothing is lost yet.",
    "unacknowledged": "{count} subscriptions not acknowledged or refused within {window}",
    "unacknowledged.none": "subscriptions are acknowledged",
    "unacknowledged.do": (
        "It subscribes again by itself, and now {phase}. If it goes on: compare the venue's announcements with the "
        "stream's name, and the key's permissions."
    ),
    "ban.none": "{venue}: calls are allowed",
    "ban": "{venue}: no calls allowed for {time}",
    "ban.do": "Streams go on; account polls stop until then. Other programs may share this address.",
    "weight": "{venue}: {share} of the request limit used",
    "weight.do": "Past the limit the venue bans this address. Other programs may share it: stop or slow one of them.",
    "clock": "{venue}: its clock is {seconds} from ours",
    "clock.do": "The difference is corrected for; set this machine's clock right.",
    # The monitor itself.
    "late": "monitor: {seconds} late",
    "late.do": "Everything it says is late by as much: see whether this machine is overloaded or its disk hangs.",
    "journal.writes": "journal: written",
    "journal.stopped": "journal: not written{because}",
    "journal.stopped.do": (
        "Risk is watched as before, but what happens now cannot be replayed later. Make room on its disk, or give it a "
        "directory that may be written: then it goes on by itself."
    ),
    "journal.lost": "journal: {count} records lost since the start{because}",
    "journal.lost.do": (
        "A replay tells where they are missing, and goes on behind them. If it happens again: see whether its disk is "
        "full or slow, or this machine overloaded."
    ),
    "store.writes": "store: written",
    "store.stopped": "store: not written{because}",
    "store.stopped.do": (
        "Alerts go out all the same, but a restart would forget what they are about, and may tell them again. Make "
        "room on its disk: then it goes on by itself."
    ),
    "store.lost": "store: {count} changes lost since the start{because}",
    "store.lost.do": "They are missing in the history, and a restart now may tell alerts again or forget an "
    "acknowledgement.",
    "store.lag": "store: the oldest of {waiting} changes waits for {age}",
    "store.lag.do": "See whether its disk is slow. Alerts do not wait for it.",
    "channel.up": "channel {channel}: delivers",
    "channel.down": "channel {channel}: does not deliver{because}",
    "channel.state": "{waiting} messages wait, {failed} attempts failed so far; {last}.",
    "channel.last": "the last was delivered {age} ago",
    "channel.never": "none was ever delivered",
    "channel.do": "Messages go to its fallback if it has one. Try it: marginwatch alerts test {channel}.",
    "channel.lag": "channel {channel}: the oldest of {waiting} messages waits for {age}",
    "heartbeat.alive": "{name}: alive",
    "heartbeat.missed": "{name}: no sign of life for {age}",
    "heartbeat.never": "{name}: no sign of life since the start {age} ago",
    "heartbeat.do": "It owes one every {every}: see whether it runs, and what depends on it.",
    # Events, and what comes after them.
    "do.mode_changed": "Every line is computed in the new mode. If nobody meant it: change it back at the venue.",
    "do.position_appeared": "If nobody opened it: revoke the keys, and close it.",
    "do.position_vanished": "If nobody closed it: see the venue's history for a liquidation, and close what it hedged.",
    "do.margin_call": "Add margin or close a part now: the venue's own warning comes late.",
    "do.liquidation": "See what is left, and close what the position hedged.",
    "do.adl": "The venue closed it against its profit: close or reopen what it hedged.",
    "do.venue_warning": "See the venue's own page for what it did, and why.",
    "do.settlement": "Nothing is to be done, unless it hedged something that is still open.",
    "do.tiers_changed": "Lines are computed with the new tiers already: look at the nearest ones.",
    "do.collateral_changed": "Lines are computed with the new rates already: look at the nearest ones.",
    "do.contract_changed": "Plan the exit before that date: books grow thin, and the last price may be an index.",
    "do.price_jump": "The pools on it are UNKNOWN until a second price confirms it: compare with another venue.",
    "do.permissions_changed": "If nobody changed the key: revoke it.",
    "lost_sight": "{summary} (cannot be read now)",
    "lost_sight.stands": "The last reading of {name} stands until there is a new one.",
    "lost_sight.it": "it",
    "over": "{summary} ({why})",
    "over.text": "Over: {why}.",
}


def named(key: str, otherwise: str) -> str:
    """The name of a thing that the catalogue may not know."""
    return ENGLISH.get(key, otherwise)


def say(key: str, /, **parts: object) -> str:
    """The sentence of a key with its parts filled in."""
    return ENGLISH[key].format(**parts)
