"""Restarted with another configuration while alerts fire: what nobody watches any more does not fire for ever."""

from __future__ import annotations

from pathlib import Path

from monitor.sim.binance.server import SimBinance
from tests.e2e import asking
from tests.e2e.catcher import catcher
from tests.e2e.harness import CADENCE, Daemon, daemon, write_config
from tests.e2e.test_people import NEAR, QUICK, STEADY, killed


async def marks(monitor: Daemon) -> set[str]:
    """Whose positions are near their lines, as the API has it."""
    return {one["labels"]["account"] for one in await asking.firing(monitor) if one["name"] == NEAR}


async def test_the_alert_of_an_account_that_is_no_longer_configured_ends_and_that_is_told(tmp_path: Path) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        sim.market.set_mark("BTCUSDT", STEADY)
        accounts = [sim.add_account(name, wallets={"USDT": 1_100.0}) for name in ("stays", "goes")]
        for account in accounts:
            account.trade("BTCUSDT", 0.1, price=STEADY)
        file = write_config(tmp_path, sim, accounts, QUICK + hook.table())
        file.chmod(0o600)
        async with daemon(file) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("both", lambda: hook.told(NEAR) == ["fired", "fired"])
            await killed(monitor)
        write_config(tmp_path, sim, accounts[:1], QUICK + hook.table())
        async with daemon(file) as monitor:
            await monitor.until("the end of one", lambda: hook.told(NEAR, account="goes") == ["fired", "resolved"])
            assert await marks(monitor) == {"stays"}
            assert hook.told(NEAR, account="stays") == ["fired"]
            assert hook.alerts[-1]["annotations"]["reason"] == "no longer configured"
            await killed(monitor)


async def test_the_alert_of_a_rule_that_is_turned_off_ends(tmp_path: Path) -> None:
    async with catcher() as hook, SimBinance(quiet=True, cadence=CADENCE) as sim:
        sim.market.set_mark("BTCUSDT", STEADY)
        account = sim.add_account("main", wallets={"USDT": 1_100.0})
        account.trade("BTCUSDT", 0.1, price=STEADY)
        file = write_config(tmp_path, sim, [account], QUICK + hook.table())
        file.chmod(0o600)
        async with daemon(file) as monitor:
            sim.market.set_mark("BTCUSDT", 0.96 * STEADY)
            await monitor.until("the page", lambda: hook.told(NEAR) == ["fired"])
            await killed(monitor)
        off = QUICK.replace("[alerts.position_distance]\n", "[alerts.position_distance]\nenabled = false\n")
        write_config(tmp_path, sim, [account], off + hook.table())
        async with daemon(file) as monitor:
            await monitor.until("the end", lambda: hook.told(NEAR) == ["fired", "resolved"])
            assert await marks(monitor) == set()
            assert hook.alerts[-1]["annotations"]["reason"] == "its rule is switched off"
