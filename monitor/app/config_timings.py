"""The keys of waits, deadlines and ages, venue by venue."""

from __future__ import annotations

from monitor.app.config_keys import Count, Factor, Seconds, Section, Wait, key


class Timings(Section):
    """Waits, deadlines and limits of the transport."""

    connect_seconds: Seconds = key(10.0, "seconds from dialling to an open socket")
    ping_every_seconds: Seconds = key(10.0, "seconds between our own heartbeats on an open socket")
    ping_timeout_seconds: Seconds = key(5.0, "seconds without an answer to a heartbeat after which the peer is dead")
    close_seconds: Wait = key(0.5, "seconds waited for a polite close")
    watch_every_seconds: Seconds = key(0.5, "seconds between two looks at the subscription ledger")
    rollover_seconds: Seconds = key(85_800.0, "seconds of age at which a socket is replaced (the venue cuts at 24 h)")
    rollover_jitter_seconds: Wait = key(1_200.0, "seconds by which a socket may be replaced earlier")
    rollover_retry_seconds: Seconds = key(30.0, "seconds between two attempts to open the replacement")
    replace_retry_seconds: Seconds = key(5.0, "seconds between them where the old one will be closed, or fails in part")
    acknowledge_seconds: Seconds = key(5.0, "seconds without acknowledgement after which a stream is subscribed again")
    reconnect_seconds: Seconds = key(10.0, "seconds without acknowledgement after which a new connection is made")
    refused_again_seconds: Seconds = key(60.0, "seconds until one topic of several that was refused is asked for again")
    marks_silent_seconds: Seconds = key(5.0, "seconds without a mark price after which that stream is dead")
    assets_silent_seconds: Seconds = key(10.0, "seconds without an asset price after which that stream is dead")
    backoff_first_seconds: Seconds = key(1.0, "seconds before the first new attempt")
    backoff_factor: Factor = key(1.6, "by which each further wait grows")
    backoff_cap_seconds: Seconds = key(60.0, "seconds, the longest wait")
    live_seconds: Seconds = key(60.0, "seconds that a feed must be live to earn a fresh back-off")
    rate_limited_seconds: Seconds = key(60.0, "seconds waited after «too many requests» that names no time")
    refused_every_seconds: Seconds = key(600.0, "seconds between two attempts with a key that was refused repeatedly")
    request_seconds: Seconds = key(10.0, "seconds, the deadline of one request")
    account_every_seconds: Seconds = key(15.0, "seconds between two readings of account and positions")
    account_every_blind_seconds: Seconds = key(5.0, "seconds between them while the user stream is down")
    config_every_seconds: Seconds = key(60.0, "seconds between two readings of modes and per-symbol settings")
    tiers_every_seconds: Seconds = key(21_600.0, "seconds between two readings of the maintenance tiers")
    instruments_every_seconds: Seconds = key(21_600.0, "seconds between two readings of the instruments")
    missing_spacing_seconds: Seconds = key(180.0, "seconds until both are read again for a contract they still lack")
    permissions_every_seconds: Seconds = key(86_400.0, "seconds between two readings of what the key may do")
    clock_every_seconds: Seconds = key(3_600.0, "seconds between two measurements of the venue's clock")
    clock_doubt_seconds: Seconds = key(1.0, "seconds by which frames seem late or early: the clock is measured anew")
    clock_doubt_spacing_seconds: Seconds = key(60.0, "seconds, the least time between two measurements for that reason")
    bridge_every_seconds: Seconds = key(3.0, "seconds between two REST readings of marks while their stream is down")
    resync_settle_seconds: Wait = key(0.3, "seconds after the first event of a burst until the account is read")
    resync_spacing_seconds: Wait = key(5.0, "seconds, the least time between two readings that events asked for")
    snapshot_tries: Count = key(3, "readings of one account until its answers agree")
    cross_check_seconds: Seconds = key(5.0, "seconds within which a change seen over REST must have been pushed")


class OkxTimings(Timings):
    """Waits, deadlines and limits of the transport."""

    marks_silent_seconds: Seconds = key(25.0, "seconds without a mark price after which that stream is dead")
    assets_silent_seconds: Seconds = key(150.0, "seconds without an asset price after which that stream is dead")


class BinanceTimings(Timings):
    """Waits, deadlines and limits of the transport."""

    keep_alive_every_seconds: Seconds = key(1_500.0, "seconds between two renewals of the user stream's key")
    keep_alive_retry_seconds: Seconds = key(30.0, "seconds until a failed renewal is tried again")
    key_life_seconds: Seconds = key(3_600.0, "seconds that the user stream's key lives after its last renewal")
    key_probe_spacing_seconds: Seconds = key(60.0, "seconds, the least time between two probes of a doubted key")


class Limits(Section):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(5.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(10.0, "seconds, USD prices of assets, by the venue's own stamp")
    account_seconds: Seconds = key(150.0, "seconds since account and positions were read")
    config_seconds: Seconds = key(600.0, "seconds since modes and per-symbol settings were read")
    tiers_seconds: Seconds = key(180_000.0, "seconds since the maintenance tiers were read")
    instruments_seconds: Seconds = key(180_000.0, "seconds since the instruments were read")
    collateral_seconds: Seconds = key(180_000.0, "seconds since the collateral tables were read")
    risk_seconds: Seconds = key(60.0, "seconds since the venue was asked for its portfolio margin scenarios")
    option_seconds: Seconds = key(30.0, "seconds since the volatilities that options are priced with were received")


class BybitLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(30.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(30.0, "seconds, USD prices of assets, by the venue's own stamp")


class OkxLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(25.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(150.0, "seconds, USD prices of assets, by the venue's own stamp")
    option_seconds: Seconds = key(150.0, "seconds since the volatilities that options are priced with were received")


class KucoinLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    asset_seconds: Seconds = key(30.0, "seconds, USD prices of assets, by the venue's own stamp")


class HyperliquidTimings(Timings):
    """Waits, deadlines and limits of the transport."""

    marks_silent_seconds: Seconds = key(15.0, "seconds without a mark price after which that stream is dead")


class HyperliquidLimits(Limits):
    """How old an input may be before what is computed from it loses quality."""

    mark_seconds: Seconds = key(15.0, "seconds, mark prices, by the venue's own stamp")
    asset_seconds: Seconds = key(60.0, "seconds, USD prices of assets, by the venue's own stamp")
