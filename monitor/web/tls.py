"""Certificates of the server: made into a context once, and read anew into it when their files change."""

from __future__ import annotations

import ssl

from monitor.domain.errors import ConfigError, ConfigRefused
from monitor.web.web_config import Tls

_KEY = "tls_server_config"


def context(tls: Tls) -> ssl.SSLContext:
    """What connections are encrypted by. Raises `ConfigRefused` where the files do not make sense together."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version, made.maximum_version = tls.least, tls.most
    made.set_alpn_protocols(["http/1.1"])
    load(made, tls)
    if tls.client_ca_file is not None:
        try:
            made.load_verify_locations(tls.client_ca_file)
        except (ssl.SSLError, OSError, ValueError):
            cure = "holds no certificate in PEM form"
            raise ConfigRefused((ConfigError(f"{_KEY}.client_ca_file", str(tls.client_ca_file), cure),)) from None
        made.verify_mode = ssl.CERT_REQUIRED if tls.client_needed else ssl.CERT_OPTIONAL
    return made


def load(into: ssl.SSLContext, tls: Tls) -> None:
    """Certificate and key, for all connections from now on; tried apart first, so that a half of them harms nothing."""
    try:
        for each in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), into):
            each.load_cert_chain(tls.cert_file, tls.key_file, password=_no_password)
    except (ssl.SSLError, OSError, ValueError):
        cure = (
            f"makes no pair with {tls.key_file}: both must be in PEM form, of one another, the key without a password"
        )
        raise ConfigRefused((ConfigError(f"{_KEY}.cert_file", str(tls.cert_file), cure),)) from None


def _no_password() -> str:
    """Nobody sits at a terminal here."""
    raise ValueError("the key has a password")
