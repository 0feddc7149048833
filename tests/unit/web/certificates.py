"""Certificates as somebody would have them made: an authority, and what it signs. All of it is made anew for a test."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs certificates; `file` is its own."""

    name: str
    folder: Path

    @property
    def file(self) -> Path:
        """Its certificate."""
        return self.folder / f"{self.name}.pem"

    def sign(self, name: str, *hosts: str, ends: datetime.timedelta = DAY) -> tuple[Path, Path]:
        """Certificate and key of that name, for these hosts, in two files that stand there already or are made."""
        key = _key(name)
        names: list[x509.GeneralName] = []
        for host in hosts:
            address = host.replace(".", "").isdigit()
            names.append(x509.IPAddress(ipaddress.ip_address(host)) if address else x509.DNSName(host))
        more: list[tuple[x509.ExtensionType, bool]] = [(x509.SubjectAlternativeName(names), False)] if names else []
        cert_file, key_file = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        cert_file.write_bytes(_certificate(name, self.name, _key(name), _key(self.name), more, ends))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        for file in (cert_file, key_file):
            file.chmod(0o600)
        return cert_file, key_file


def authority(folder: Path, name: str = "authority") -> Authority:
    """A new one."""
    made = Authority(name, folder)
    more: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    made.file.write_bytes(_certificate(name, name, _key(name), _key(name), more, DAY))
    return made


def _certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extensions: list[tuple[x509.ExtensionType, bool]],
    ends: datetime.timedelta,
) -> bytes:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * DAY)
        .not_valid_after(now + ends)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
