"""How commands make sure that it is the monitor who answers over https. Verification is never left out.

Where the address follows from the configuration, the very certificate that the monitor serves is trusted and no other:
it lies on this machine, whoever signed it and whatever names it has. Else a certificate must be signed by an authority
(of `--ca-file`, or of this machine) and name the host that is called.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from monitor.domain.errors import ConfigError

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_LARGEST_FILE = 1024 * 1024  #: bytes
WANTS_OURS = "set web.client_cert_file"
_SIGNED = "name the file of who signed it with --ca-file"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe: the authorities of `ca_file`, or `served`, the file that the monitor serves; else the system's.

    `client_file` holds a certificate of ours with its key, where the monitor wants one.
    """

    ca_file: Path | None = None
    served: Path | None = None
    client_file: Path | None = None

    def context(self) -> ssl.SSLContext:
        """What connections are made by; of the files as they are now. Raises `ConfigError`.

        The same one as long as the files are the same, so that a client may use a connection again.
        """
        files = (self.ca_file, self.served, self.client_file)
        return _made(self, tuple(None if file is None else _stamp(file) for file in files))


@lru_cache(maxsize=4)
def _made(trust: Trust, _: tuple[object, ...]) -> ssl.SSLContext:
    if trust.ca_file is not None:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            made.load_verify_locations(trust.ca_file)
        except (OSError, ValueError) as error:
            cure = f"holds no certificate in PEM form ({_why(error)})"
            raise ConfigError("--ca-file", str(trust.ca_file), cure) from None
    else:
        made = ssl.create_default_context() if trust.served is None else _only(trust.served)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.client_file is not None:
        _show(made, trust.client_file)
    return made


def _stamp(file: Path) -> object:
    """What changes with a file."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_mode


def _only(file: Path) -> ssl.SSLContext:
    """Trust the first certificate of the file, and not those behind it, which sign for others too."""
    key = "tls_server_config.cert_file"
    try:
        with file.open(encoding="utf-8") as opened:
            found = _PEM.search(opened.read(_LARGEST_FILE))
    except OSError as error:
        cure = f"cannot be read here ({error.strerror}): make it readable, or {_SIGNED}"
        raise ConfigError(key, str(file), cure) from None
    except UnicodeDecodeError:
        found = None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Who shows this certificate holds its key, so that the name by which it is called says nothing more.
    made.check_hostname = False
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        if found is None:
            raise ValueError("none")
        made.load_verify_locations(cadata=found.group())
    except (ssl.SSLError, ValueError):
        raise ConfigError(key, str(file), "holds no certificate in PEM form") from None
    return made


def _show(made: ssl.SSLContext, file: Path) -> None:
    """Show a certificate of ours to who asks for one."""
    key = "web.client_cert_file"
    try:
        if file.stat().st_mode & 0o004:
            raise ConfigError(key, str(file), f"holds a key that everyone on this machine can read: chmod 0600 {file}")
        made.load_cert_chain(file, password=_no_password)
    except (OSError, ValueError) as error:
        cure = f"must hold a certificate and its key without a password, in PEM form ({_why(error)})"
        raise ConfigError(key, str(file), cure) from None


def _no_password() -> str:
    """A script has nobody to ask."""
    raise ValueError("the key has a password")


def _why(error: OSError | ValueError) -> str:
    if isinstance(error, ssl.SSLError):
        return "not PEM, or not of one another"
    return getattr(error, "strerror", None) or str(error)


def refused(error: BaseException) -> str:
    """What went wrong with a connection over https, with the cure; "" where it is nothing of the kind."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if "ostname mismatch" in error.verify_message or "IP address mismatch" in error.verify_message:
            return "its certificate is for another name: call it by that one with --url"
        if "expired" in error.verify_message:
            return "its certificate has expired: renew it"
        return f"its certificate is not trusted ({error.verify_message}): {_SIGNED}"
    if isinstance(error, ssl.SSLError):
        reason = error.reason or ""
        if "CERTIFICATE_REQUIRED" in reason or "HANDSHAKE_FAILURE" in reason or "UNKNOWN_CA" in reason:
            return f"it wants a certificate of yours, signed by whom it trusts: {WANTS_OURS}"
        if "WRONG_VERSION_NUMBER" in reason or "RECORD_LAYER" in reason or "HTTP_REQUEST" in reason:
            return "it does not speak https: call it by http://"
        return f"no secure connection ({reason.lower().replace('_', ' ') or 'broken off'})"
    return ""
