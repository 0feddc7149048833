"""The web config file: what exporters accept is accepted or refused with a cure, and nothing is passed over."""

from __future__ import annotations

import subprocess
from pathlib import Path
from ssl import TLSVersion

import bcrypt
import pytest

from monitor.domain.errors import ConfigRefused
from monitor.web import tls
from monitor.web.web_config import LARGEST_FILE, WebConfig, certificate_in, read
from tests.programs import program
from tests.unit.web.certificates import Authority, authority

#: Always the same: names of tests are made of it, and must be those of the next process.
HASH = bcrypt.hashpw(b"a password", b"$2b$04$" + 22 * b".").decode()
SECURE = "tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n"


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    made = authority(tmp_path)
    made.sign("desk", "localhost")
    return made


def written(folder: Path, text: str | bytes) -> Path:
    file = folder / "web.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def mistakes(folder: Path, text: str | bytes) -> dict[str, str]:
    """What is wrong, by key; no hash is ever in it."""
    with pytest.raises(ConfigRefused) as refused:
        read(written(folder, text))
    assert "$2" not in str(refused.value)
    return {mistake.key: mistake.cure for mistake in refused.value.mistakes}


@pytest.mark.parametrize("text", ["", "\n# nothing yet\n", "{}", "tls_server_config:\nbasic_auth_users:\n"])
def test_an_empty_file_asks_for_nothing(tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path, text)) == WebConfig()


def test_files_are_named_from_the_folder_of_the_file(tmp_path: Path, signer: Authority) -> None:
    found = read(written(tmp_path, SECURE)).tls

    assert found is not None
    assert found.files == (tmp_path / "desk.crt", tmp_path / "desk.key")
    assert (found.least, found.most, found.client_needed) == (TLSVersion.TLSv1_2, TLSVersion.TLSv1_3, None)
    assert certificate_in(tmp_path / "web.yml") == tmp_path / "desk.crt"


@pytest.mark.parametrize(
    "text",
    [
        "",
        SECURE,
        SECURE + "  min_version: TLS13\n",
        SECURE + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n",
        SECURE + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: authority.pem\n",
        SECURE + "http_server_config:\n  http2: false\n  headers:\n    Strict-Transport-Security: max-age=600\n",
        f"basic_auth_users:\n  ada: {HASH}\n  'grace.h': '{HASH.replace('$2b$', '$2y$')}'\n",
    ],
)
def test_what_is_accepted_here_an_exporter_accepts_too(tmp_path: Path, signer: Authority, text: str) -> None:
    file = written(tmp_path, text)
    found = read(file)

    if found.tls is not None:
        tls.context(found.tls)
    subprocess.run([program("promtool"), "check", "web-config", str(file)], check=True, capture_output=True)


def test_all_mistakes_are_told_at_once_each_with_its_cure(tmp_path: Path, signer: Authority) -> None:
    found = mistakes(
        tmp_path,
        "tls_server_config:\n  cert_file: nobody.crt\n  key_file: 7\n  cipher_suites: [A]\n  min_version: TLS10\n"
        "  client_auth_type: RequestClientCert\n"
        "http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n"
        "basic_auth_users:\n  ada: 'in plain text'\n  'a:b': " + HASH + "\n  7: " + HASH + "\n"
        "rate_limit:\n  burst: 2\nusers: {}\n",
    )

    assert set(found) == {
        "rate_limit",
        "users",
        "tls_server_config.cipher_suites",
        "tls_server_config.cert_file",
        "tls_server_config.key_file",
        "tls_server_config.client_auth_type",
        "tls_server_config.min_version",
        "http_server_config.http2",
        "http_server_config.headers.X-Frame-Options",
        "basic_auth_users.ada",
        "basic_auth_users.a:b",
        "basic_auth_users.7",
    }
    assert "there are: tls_server_config, http_server_config, basic_auth_users" in found["users"]
    assert "htpasswd" in found["basic_auth_users.ada"]
    assert "TLS12, TLS13" in found["tls_server_config.min_version"]


@pytest.mark.parametrize(
    ("text", "key", "cure"),
    [
        (f"basic_auth_users:\n  ada: {HASH}\n  ada: {HASH}\n", "web.config_file", "line 3 gives ada a second time"),
        (f"basic_auth_users: [{HASH}]\n", "basic_auth_users", "a table of user names"),
        (f"basic_auth_users:\n  ada: {HASH.replace('$04$', '$31$')}\n", "basic_auth_users.ada", "from 4 to 14"),
        ("- a list\n", "web.config_file", "must be a table"),
        ("tls_server_config: yes\n", "tls_server_config", "must be a table"),
        ("a: [\n", "web.config_file", "is not YAML in line 2"),
        ("? [a, b]\n: c\n", "web.config_file", "is not YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "web.config_file", "is not YAML"),
        (b"\xff\xfe\x00", "web.config_file", "is not YAML"),
        ("[" * 30_000, "web.config_file", "is not YAML"),
        ("#" * (LARGEST_FILE + 1), "web.config_file", "at most"),
        (SECURE + "  client_ca_file: authority.pem\n", "tls_server_config.client_auth_type", "RequireAndVerify"),
        (SECURE + "  client_auth_type: RequireAndVerifyClientCert\n", "tls_server_config.client_ca_file", "be given"),
        (SECURE + "  min_version: TLS13\n  max_version: TLS12\n", "tls_server_config.max_version", "not be older"),
        (
            "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=600\n",
            "http_server_config.headers.Strict-Transport-Security",
            "without tls_server_config",
        ),
        (
            SECURE + "http_server_config:\n  headers:\n    Strict-Transport-Security: \"a\\r\\nSet-Cookie: b\"\n",
            "http_server_config.headers.Strict-Transport-Security",
            "must be such as max-age",
        ),
    ],
)  # fmt: skip
def test_a_mistake_names_key_and_cure(
    tmp_path: Path, signer: Authority, text: str | bytes, key: str, cure: str
) -> None:
    found = mistakes(tmp_path, text)

    assert list(found) == [key]
    assert cure in found[key]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigRefused, match="No such file"):
        read(tmp_path / "web.yml")
    with pytest.raises(ConfigRefused, match="Is a directory"):
        read(tmp_path)


def test_a_key_is_not_for_everybody(tmp_path: Path, signer: Authority) -> None:
    (tmp_path / "desk.key").chmod(0o644)
    assert "chmod 0600" in mistakes(tmp_path, SECURE)["tls_server_config.key_file"]
    (tmp_path / "desk.key").chmod(0o640)
    assert read(tmp_path / "web.yml").tls is not None


def test_certificate_and_key_must_be_of_one_another(tmp_path: Path, signer: Authority) -> None:
    signer.sign("other", "localhost")
    for cert, key in (("desk.crt", "other.key"), ("desk.key", "desk.key"), ("desk.crt", "desk.crt")):
        text = f"tls_server_config:\n  cert_file: {cert}\n  key_file: {key}\n"
        found = read(written(tmp_path, text)).tls
        assert found is not None
        with pytest.raises(ConfigRefused, match="makes no pair"):
            tls.context(found)


def test_an_authority_of_clients_must_hold_a_certificate(tmp_path: Path, signer: Authority) -> None:
    text = SECURE + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: desk.key\n"
    found = read(written(tmp_path, text)).tls

    assert found is not None
    with pytest.raises(ConfigRefused, match="no certificate in PEM form"):
        tls.context(found)


def test_who_only_calls_the_server_need_not_read_its_key(tmp_path: Path) -> None:
    for text, found in (("", None), (SECURE, tmp_path / "desk.crt"), ("basic_auth_users: {}\n", None)):
        assert certificate_in(written(tmp_path, text)) == found
    for text in ("tls_server_config: yes\n", "tls_server_config:\n  key_file: desk.key\n"):
        with pytest.raises(ConfigRefused, match="must name a file"):
            certificate_in(written(tmp_path, text))


def test_a_hash_is_not_in_what_a_picture_of_it_shows(tmp_path: Path) -> None:
    assert "$2" not in repr(read(written(tmp_path, f"basic_auth_users:\n  ada: {HASH}\n")))
