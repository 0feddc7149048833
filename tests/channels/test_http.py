"""HTTP as all channels speak it: how long a service asks to wait, and what is an address."""

from __future__ import annotations

import ssl
from email.utils import formatdate
from math import inf, nan
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from monitor.domain.delivery import DeliveryFailed
from monitor.outputs.channels.http import ANSWER_LIMIT_BYTES, RETRY_AFTER_CAP_SECONDS, Http, retry_after_seconds
from tests.channels.fakes import Webhook
from tests.channels.samples import SECRET, StillClock
from tests.mqtt.secure import authority

NOW = 1_770_000_000.0


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        (True, None),
        (nan, None),
        ("inf", None),
        (inf, None),
        ("30", 30.0),
        (30, 30.0),
        (0.25, 0.25),
        (" 2.5 ", 2.5),
        ("-5", 0.0),
        ("0", 0.0),
        ("86400", RETRY_AFTER_CAP_SECONDS),
        (formatdate(NOW + 45, usegmt=True), 45.0),
        (formatdate(NOW - 45, usegmt=True), 0.0),
        (formatdate(NOW + 1e6, usegmt=True), RETRY_AFTER_CAP_SECONDS),
        ("Mon, 99 Foo 2026", None),
        ([], None),
    ],
)
def test_how_long_to_wait(said: object, seconds: float | None) -> None:
    assert retry_after_seconds(said, NOW) == seconds


@pytest.mark.parametrize("url", ["", "no address", f"ftp://{SECRET}/", f"http://[{SECRET}", "http://"])
async def test_what_is_no_address_is_final_and_not_shown(url: str) -> None:
    http = Http("hook", StillClock(), 1.0)
    with pytest.raises(DeliveryFailed) as failed:
        await http.call("POST", url)
    await http.close()
    assert failed.value.final
    assert SECRET not in repr(vars(failed.value))
    assert failed.value.__context__ is None
    assert failed.value.__cause__ is None


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    fake = Webhook()
    async with fake.running():
        fake.long_bytes = 5 * ANSWER_LIMIT_BYTES
        http = Http("hook", StillClock(), 5.0)
        answer = await http.call("POST", fake.url)
        await http.close()
    assert answer.good
    assert answer.body is None


async def test_a_session_is_made_when_needed_and_anew_after_it_was_closed() -> None:
    fake = Webhook()
    async with fake.running():
        http = Http("hook", StillClock(), 5.0)
        await http.close()
        for _ in range(2):
            assert (await http.call("POST", fake.url, b"{}")).status == 204
            await http.close()


async def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    certificate, _, key = authority(tmp_path)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, tmp_path / "key")
    fake = Webhook()
    async with fake.running(context):
        http = Http("hook", StillClock(), 5.0)
        with pytest.raises(DeliveryFailed, match="certificate is not trusted") as failed:
            await http.call("POST", f"{fake.url}/{SECRET}")
        await http.close()
    assert not failed.value.final
    assert not failed.value.uncertain


async def test_a_service_that_does_not_encrypt_is_told() -> None:
    fake = Webhook()
    async with fake.running():
        http = Http("hook", StillClock(), 5.0)
        with pytest.raises(DeliveryFailed, match="no encrypted connection"):
            await http.call("POST", fake.url.replace("http:", "https:"))
        await http.close()
