"""A certificate authority of the tests' own, and a loopback server's certificate from it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CONFIG = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = Parley tests
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, DNS:localhost
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: who signs, and what a server on 127.0.0.1 or localhost shows."""

    authority: Path
    certificate: Path
    key: Path


def certificates(folder: Path) -> Certificates:
    """Make them, valid for two days, with the openssl on PATH (version 3 or newer)."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openssl.cnf").write_text(_CONFIG)
    _request(folder, "authority", "-subj", "/CN=Parley test authority")
    _request(folder, "server", "-CA", "authority.pem", "-CAkey", "authority.key")
    return Certificates(folder / "authority.pem", folder / "server.pem", folder / "server.key")


def _request(folder: Path, name: str, *options: str) -> None:
    made = ["-keyout", f"{name}.key", "-out", f"{name}.pem", "-extensions", name, "-days", "2"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    subprocess.run(
        ["openssl", "req", "-x509", "-config", "openssl.cnf", *kind, *made, *options],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=30,
    )
