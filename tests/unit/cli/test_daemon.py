"""How commands reach a monitor with TLS and users: the certificate is always verified, and each error has its cure."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from monitor.cli.codes import Misused, NotAllowed, Unavailable
from monitor.cli.daemon import Daemon, find
from monitor.domain.errors import ConfigError, ConfigRefused
from tests.unit.web.certificates import DAY, Authority, authority
from tests.unit.web.staging import TOKEN, alert, staged
from tests.unit.web.test_users import PASSWORD, hashed

NOBODY = {"XDG_CONFIG_HOME": "/nonexistent"}
SECURE = "tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n"


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    made = authority(tmp_path)
    made.sign("desk", "risk.example.org")
    return made


def secret(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


@asynccontextmanager
async def monitor(folder: Path, web_config: str, **desk: Any) -> AsyncIterator[Path]:
    """A running server and the configuration that says where it is."""
    (folder / "web.yml").write_text(web_config)
    async with staged(config_file=folder / "web.yml", **desk) as stage:
        yield configured(folder, stage.server.port)


def configured(folder: Path, port: int, more: str = "") -> Path:
    config = folder / "config.toml"
    config.write_text(f'[web]\nport = {port}\nconfig_file = "web.yml"\n{more}[accounts.main]\nvenue = 7\n')
    return config


async def asked(daemon: Daemon, path: str = "/api/v1/alerts") -> Any:
    return await asyncio.to_thread(daemon.get, path)


async def test_the_certificate_that_the_configuration_names_is_trusted_whatever_its_name(
    tmp_path: Path, signer: Authority
) -> None:
    async with monitor(tmp_path, SECURE) as config:
        daemon = find(None, None, config, NOBODY)
        assert daemon.url.startswith("https://127.0.0.1:")
        assert (await asked(daemon))["alerts"][0]["fingerprint"] == alert().fingerprint


async def test_and_no_other_though_the_same_authority_signed_it(tmp_path: Path, signer: Authority) -> None:
    async with monitor(tmp_path, SECURE) as config:
        cert_file, _ = signer.sign("neighbour", "127.0.0.1")
        whole = cert_file.read_text() + signer.file.read_text()  # as a file holds a chain
        (tmp_path / "theirs.crt").write_text(whole)
        (tmp_path / "web.yml").write_text(SECURE.replace("desk.crt", "theirs.crt"))
        with pytest.raises(Unavailable, match=r"certificate is not trusted .*--ca-file"):
            await asked(find(None, None, config, NOBODY))


async def test_with_an_authority_the_certificate_must_name_the_host_too(tmp_path: Path, signer: Authority) -> None:
    async with monitor(tmp_path, SECURE) as config:
        daemon = find(None, None, config, NOBODY, ca_file=signer.file)
        with pytest.raises(Unavailable, match="certificate is for another name"):
            await asked(daemon)
        signer.sign("desk", "127.0.0.1")
    async with monitor(tmp_path, SECURE) as config:
        assert await asked(find(None, None, config, NOBODY, ca_file=signer.file))
        url = find(None, None, config, NOBODY).url
        assert await asked(find(url, None, None, NOBODY, ca_file=signer.file))
        with pytest.raises(Unavailable, match=r"certificate is not trusted .*--ca-file"):
            await asked(find(url, None, None, NOBODY))
        with pytest.raises(Unavailable, match="certificate is not trusted"):
            await asked(find(url, None, None, NOBODY, ca_file=authority(tmp_path, "stranger").file))


async def test_a_certificate_that_has_run_out_is_not_trusted_either(tmp_path: Path, signer: Authority) -> None:
    signer.sign("desk", "127.0.0.1", ends=-DAY)
    async with monitor(tmp_path, SECURE) as config:
        for ca_file in (None, signer.file):
            with pytest.raises(Unavailable, match="certificate has expired: renew it"):
                await asked(find(None, None, config, NOBODY, ca_file=ca_file))


async def test_http_spoken_to_https_and_the_other_way_round_is_said(tmp_path: Path, signer: Authority) -> None:
    async with monitor(tmp_path, SECURE) as config:
        url = find(None, None, config, NOBODY).url
        with pytest.raises(Unavailable, match="call it by https://"):
            await asked(find(url.replace("https:", "http:"), None, None, NOBODY))
    async with staged() as stage:
        with pytest.raises(Unavailable, match="does not speak https: call it by http://"):
            await asked(find(stage.server.url.replace("http:", "https:"), None, None, NOBODY))


async def test_a_server_that_wants_our_certificate_is_shown_it(tmp_path: Path, signer: Authority) -> None:
    wanted = SECURE + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n"
    cert_file, key_file = signer.sign("ada")
    secret(tmp_path / "ada.pem", cert_file.read_text() + key_file.read_text())
    async with monitor(tmp_path, wanted) as config:
        with pytest.raises(Unavailable, match=r"certificate of yours.*web\.client_cert_file"):
            await asked(find(None, None, config, NOBODY))
        port = int(find(None, None, config, NOBODY).url.rpartition(":")[2])
        config = configured(tmp_path, port, 'client_cert_file = "ada.pem"\n')
        assert await asked(find(None, None, config, NOBODY))
        (tmp_path / "ada.pem").chmod(0o644)
        with pytest.raises(ConfigError, match="chmod 0600"):
            await asked(find(None, None, config, NOBODY))
        for wrong in (cert_file, tmp_path / "gone.pem"):
            config = configured(tmp_path, port, f'client_cert_file = "{wrong.name}"\n')
            wrong.touch(mode=0o600)
            wrong.chmod(0o600)
            with pytest.raises(ConfigError, match="a certificate and its key"):
                await asked(find(None, None, config, NOBODY))


async def test_user_and_token_come_from_files_and_go_together(tmp_path: Path) -> None:
    user, token = secret(tmp_path / "user", f"ada:{PASSWORD}\n"), secret(tmp_path / "token", TOKEN)
    async with monitor(tmp_path, f"basic_auth_users:\n  ada: {hashed(PASSWORD)}\n", token=TOKEN) as config:
        with pytest.raises(NotAllowed, match=r"wants a user: .*--user-file or web\.user_file"):
            await asked(find(None, None, config, NOBODY))
        with pytest.raises(NotAllowed, match="wants a user"):
            await asked(find(None, token, config, NOBODY))
        with pytest.raises(NotAllowed, match="is not a user of this monitor"):
            await asked(find(None, token, config, NOBODY, user_file=secret(tmp_path / "wrong", "ada:wrong")))
        reader = find(None, None, config, NOBODY, user_file=user)
        assert await asked(reader)
        with pytest.raises(NotAllowed, match="wants a token"):
            await asyncio.to_thread(reader.ask, "POST", "/api/v1/test")
        for daemon in (
            find(None, token, config, NOBODY, user_file=user),
            find(None, token, config, NOBODY | {"MARGINWATCH_WEB__USER_FILE": str(user)}),
        ):
            assert await asyncio.to_thread(daemon.ask, "POST", "/api/v1/test")
            assert PASSWORD not in repr(daemon)


@pytest.mark.parametrize("text", ["ada", ":password", "ada:one\ntwo:lines", "ada:\x07"])
def test_a_file_of_a_user_holds_one_with_a_password(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="must hold NAME:PASSWORD in one line") as refused:
        find("http://127.0.0.1:1", None, None, NOBODY, user_file=secret(tmp_path / "user", text))
    assert text not in str(refused.value)


def test_a_file_of_a_user_is_for_its_owners_eyes(tmp_path: Path) -> None:
    (tmp_path / "user").write_text("ada:password")
    (tmp_path / "user").chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 0600"):
        find("http://127.0.0.1:1", None, None, NOBODY, user_file=tmp_path / "user")


def test_a_web_config_file_that_cannot_be_read_is_no_reason_to_try_http(tmp_path: Path, signer: Authority) -> None:
    config = configured(tmp_path, 1)
    with pytest.raises(ConfigRefused, match=r"web\.yml"):
        find(None, None, config, NOBODY)
    assert find("https://risk.example.org", None, config, NOBODY).url == "https://risk.example.org"
    (tmp_path / "web.yml").write_text(SECURE.replace("desk.crt", "gone.crt"))
    with pytest.raises(ConfigError, match=r"gone.crt.*No such file.*--ca-file"):
        find(None, None, config, NOBODY).tls()
    (tmp_path / "web.yml").write_text(SECURE.replace("desk.crt", "desk.key"))
    with pytest.raises(ConfigError, match="holds no certificate"):
        find(None, None, config, NOBODY).tls()
    with pytest.raises(ConfigError, match="--ca-file"):
        find("https://127.0.0.1", None, None, NOBODY, ca_file=tmp_path / "desk.key").tls()


@pytest.mark.parametrize("url", ["http://127.0.0.1:nine", "http://[::1", "https://ada:password@127.0.0.1", "http://:9"])
def test_an_address_that_is_none_is_misused(url: str) -> None:
    with pytest.raises(Misused, match="--url") as refused:
        find(url, None, None, NOBODY)
    assert "password" not in str(refused.value)


async def test_who_does_not_listen_is_not_running() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        for scheme in ("http", "https"):
            with pytest.raises(Unavailable, match=r"no monitor answers at .*start it with marginwatch run"):
                await asked(find(f"{scheme}://127.0.0.1:{bound.getsockname()[1]}", None, None, NOBODY))


async def test_what_a_client_of_its_own_needs_is_there(tmp_path: Path, signer: Authority) -> None:
    """The terminal keeps its connection open, and is no caller of `ask`."""
    user, token = secret(tmp_path / "user", f"ada:{PASSWORD}"), secret(tmp_path / "token", TOKEN)
    users = f"basic_auth_users:\n  ada: {hashed(PASSWORD)}\n"
    async with monitor(tmp_path, SECURE + users, token=TOKEN, reading=True) as config:
        daemon = find(None, token, config, NOBODY, user_file=user)
        assert daemon.local
        async with (
            aiohttp.ClientSession(trust_env=not daemon.local) as client,
            client.get(f"{daemon.url}/api/v1/stream", headers=daemon.headers(), ssl=daemon.tls() or True) as stream,
        ):
            assert stream.status == 200
            assert await stream.content.readuntil(b"\n\n")
        (tmp_path / "web.yml").write_text(SECURE.replace("desk.crt", signer.sign("other")[0].name))
        stranger = find(None, token, config, NOBODY, user_file=user)
        async with aiohttp.ClientSession() as client:
            with pytest.raises(aiohttp.ClientConnectorError) as wrong:
                await client.get(f"{stranger.url}/", ssl=stranger.tls() or True)
        assert "certificate is not trusted" in str(stranger.unreached(wrong.value))


def test_a_connection_may_be_used_again_until_the_certificate_is_another(tmp_path: Path, signer: Authority) -> None:
    (tmp_path / "web.yml").write_text(SECURE)
    daemon = find(None, None, configured(tmp_path, 1), NOBODY)
    first = daemon.tls()
    assert first is not None
    assert daemon.tls() is first
    signer.sign("desk", "127.0.0.1", "localhost")
    assert daemon.tls() is not first


def test_without_anything_to_show_nothing_is_shown() -> None:
    assert Daemon("http://127.0.0.1:1").headers() == {}
    assert Daemon("http://127.0.0.1:1").tls() is None
    assert Daemon("http://127.0.0.1:1", TOKEN).headers() == {"Authorization": f"Bearer {TOKEN}"}
