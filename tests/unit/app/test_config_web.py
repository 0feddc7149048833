"""The web config file of a configuration: its mistakes are told with all others, and who may look in is doubted."""

from __future__ import annotations

from pathlib import Path

import bcrypt
import pytest

from monitor.app.config import load
from monitor.app.config_web import web_config_file, web_doubts
from monitor.domain.errors import ConfigRefused
from tests.unit.web.certificates import authority

ACCOUNT = '[accounts.chain]\nvenue = "hyperliquid"\naddress = "0x0000000000000000000000000000000000000001"\n'
#: Always the same: names of tests are made of it, and must be those of the next process.
HASH = bcrypt.hashpw(b"a password", b"$2b$04$" + 22 * b".").decode()
USERS = f"basic_auth_users:\n  ada: {HASH}\n"
TLS = "tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n"


def written(folder: Path, web: str, web_config: str | None = None) -> Path:
    file = folder / "config.toml"
    file.write_text(f"{ACCOUNT}[web]\n{web}\n")
    file.chmod(0o600)
    if web_config is not None:
        (folder / "web.yml").write_text(web_config)
    return file


def mistakes(folder: Path, web: str, web_config: str | None = None) -> dict[str, str]:
    with pytest.raises(ConfigRefused) as refused:
        load(written(folder, web, web_config), {})
    return {mistake.key: mistake.cure for mistake in refused.value.mistakes}


def doubts(folder: Path, web: str, web_config: str | None = None) -> list[str]:
    return list(web_doubts(load(written(folder, web, web_config), {})))


def test_it_lies_beside_the_configuration_or_where_it_says(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, 'config_file = "web.yml"', ""), {})
    assert web_config_file(loaded) == tmp_path / "web.yml"
    elsewhere = load(written(tmp_path, f'config_file = "{tmp_path / "web.yml"}"'), {})
    assert web_config_file(elsewhere) == tmp_path / "web.yml"
    assert web_config_file(load(written(tmp_path, ""), {})) is None


def test_its_mistakes_are_told_with_those_of_the_configuration(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        'config_file = "web.yml"\nport = "many"\ntoken = "short"',
        "tls_server_config:\n  key_file: gone.key\nusers: {}\nbasic_auth_users:\n  ada: plain text\n",
    )

    assert set(found) == {
        "web.port",
        "web.token",
        "web.config_file: tls_server_config.cert_file",
        "web.config_file: tls_server_config.key_file",
        "web.config_file: users",
        "web.config_file: basic_auth_users.ada",
    }


def test_a_file_that_is_not_there_and_a_pair_that_is_none_are_mistakes(tmp_path: Path) -> None:
    assert "cannot be read" in mistakes(tmp_path, 'config_file = "web.yml"')["web.config_file"]
    authority(tmp_path).sign("desk")
    text = TLS.replace("desk.key", "desk.crt")
    found = mistakes(tmp_path, 'config_file = "web.yml"', text)
    assert "makes no pair" in found["web.config_file: tls_server_config.cert_file"]


def test_a_server_that_is_off_needs_no_file(tmp_path: Path) -> None:
    load(written(tmp_path, 'enabled = false\nconfig_file = "web.yml"'), {})


def test_on_loopback_there_is_nothing_to_doubt(tmp_path: Path) -> None:
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        assert doubts(tmp_path, f'host = "{host}"') == []
    assert doubts(tmp_path, 'host = "0.0.0.0"\nenabled = false') == []


def test_a_proxy_on_this_machine_is_doubted_without_a_token(tmp_path: Path) -> None:
    proxied = 'external_url = "https://risk.example.org"\n'
    (doubt,) = doubts(tmp_path, proxied)
    assert "by a proxy from risk.example.org" in doubt
    assert "web.token_file" in doubt
    assert doubts(tmp_path, f'{proxied}token = "a-token-that-is-long-enough"') == []
    assert doubts(tmp_path, f'{proxied}config_file = "web.yml"', USERS) == []
    assert doubts(tmp_path, 'external_url = "http://localhost:9786"') == []


def test_links_by_http_to_a_server_of_https_are_doubted(tmp_path: Path) -> None:
    authority(tmp_path).sign("desk")
    (doubt,) = doubts(tmp_path, 'external_url = "http://localhost:9786"\nconfig_file = "web.yml"', TLS)
    assert "begins with http://" in doubt


OPEN, PLAIN = "shows your positions to whoever reaches it", "is spoken to without TLS"
TOKEN = 'token = "a-token-that-is-long-enough"\ntoken_for_reading = true\n'


@pytest.mark.parametrize(
    ("web", "web_config", "expected"),
    [
        ("", None, [OPEN, PLAIN]),
        ("", USERS, [PLAIN]),
        ("", TLS, [OPEN]),
        ("", TLS + USERS, []),
        ("", TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n", []),
        ("", TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: authority.pem\n", [OPEN]),
        (TOKEN, None, [PLAIN]),
        (TOKEN, TLS, []),
        ('external_url = "https://risk.example.org"\n', None, [OPEN]),
        ('external_url = "http://risk.example.org"\n', USERS, [PLAIN]),
    ],
)
def test_an_address_for_others_is_doubted_without_users_and_without_tls(
    tmp_path: Path, web: str, web_config: str | None, expected: list[str]
) -> None:
    authority(tmp_path).sign("desk")
    named = "" if web_config is None else 'config_file = "web.yml"\n'
    found = doubts(tmp_path, f'host = "0.0.0.0"\n{named}{web}', web_config)

    assert len(found) == len(expected)
    for doubt, words in zip(found, expected, strict=True):
        assert words in doubt
