"""A broker as a desk would run it: encrypted, with users and an access list. All of it is made anew for each test."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.programs import program
from tests.wire.brokers import STARTED_SECONDS, free_port

PASSWORD, VIEWER = "planted-broker-password", "viewer-password"

#: Who may do what: docs/mqtt.md shows the same lines.
ACCESS = """
user monitor
topic readwrite marginwatch/main/#
topic write homeassistant/device/+/config
topic read homeassistant/status

user viewer
topic read marginwatch/#
topic read homeassistant/#

user desk
topic read marginwatch/#
topic write marginwatch/main/command
topic write homeassistant/status
"""
#: The same, but for a mistake: the monitor may only read.
MISTAKEN = ACCESS.replace("topic readwrite marginwatch/main/#", "topic read marginwatch/main/#")


@dataclass(frozen=True, slots=True)
class SecureBroker:
    """Where it listens, and the authority that vouches for it."""

    port: int
    ca_file: Path
    process: subprocess.Popen[bytes]


def authority(folder: Path, name: str = "ca") -> tuple[Path, x509.Certificate, ec.EllipticCurvePrivateKey]:
    """An authority of our own, its certificate in a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {name}")])
    certificate = _certificate(
        subject, subject, key, key, x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    file = folder / f"{name}.pem"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return file, certificate, key


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
    critical: bool = False,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _server_files(folder: Path) -> tuple[Path, Path, Path]:
    """Authority, certificate and key; those that are there already, where a broker is started again."""
    files = folder / "ca.pem", folder / "server.pem", folder / "server.key"
    if all(file.is_file() for file in files):
        return files
    ca_file, ca, ca_key = authority(folder)
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = _certificate(subject, ca.subject, key, ca_key, names, usage)
    _, cert_file, key_file = files
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return ca_file, cert_file, key_file


@contextlib.contextmanager
def secure_broker(folder: Path, access: str = ACCESS, port: int = 0) -> Iterator[SecureBroker]:
    """mosquitto with TLS, a password file and an access list, on loopback."""
    ca_file, cert_file, key_file = _server_files(folder)
    users, rights = folder / "users", folder / "acl"
    rights.write_text(access)
    for number, (user, password) in enumerate({"monitor": PASSWORD, "viewer": VIEWER, "desk": VIEWER}.items()):
        flags = ["-b"] if number else ["-b", "-c"]
        subprocess.run([program("mosquitto_passwd"), *flags, str(users), user, password], check=True)
    port = port or free_port()
    config = folder / "mosquitto.conf"
    config.write_text(
        f"user root\nper_listener_settings false\nlistener {port} 127.0.0.1\n"
        f"cafile {ca_file}\ncertfile {cert_file}\nkeyfile {key_file}\ntls_version tlsv1.2\n"
        f"allow_anonymous false\npassword_file {users}\nacl_file {rights}\npersistence false\n"
    )
    process = subprocess.Popen([program("mosquitto"), "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + STARTED_SECONDS
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                break
            assert process.poll() is None, "mosquitto ended"
            assert time.monotonic() < deadline, "mosquitto does not listen"
        yield SecureBroker(port, ca_file, process)
    finally:
        process.kill()
        process.wait()
