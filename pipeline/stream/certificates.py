"""Certificates made on the spot, for a broker on the loopback: an authority, and what it signs."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from pipeline.stream.broker_files import BrokerError, remove

VALID_DAYS = 825
"""Some libraries refuse a server's certificate that is valid for longer."""

_SETTINGS = """
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


class Certificate(NamedTuple):
    """PEM files: the authority's certificate, the private key, the certificate, and the last two in one."""

    authority: Path
    key: Path
    chain: Path
    key_and_chain: Path


def certify(folder: Path, name: str, use: str = "server") -> Certificate:
    """A certificate by the authority of a folder; both are made where they are not there.

    Args:
        folder: has `ca.pem`, for clients to trust, and the keys.
        name: of the files and of whom the certificate is about.
        use: `server`, for localhost and 127.0.0.1, or `client`.

    Raises:
        BrokerError: there is no openssl, or it fails.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Certificate(*(folder / file for file in ("ca.pem", f"{name}.key", f"{name}.pem", f"{name}-all.pem")))
    if not made.authority.exists():
        _make_authority(folder, made.authority)
    if not made.key_and_chain.exists():
        _sign(folder, made, name, use)
    return made


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _make_authority(folder: Path, certificate: Path) -> None:
    settings = folder / "openssl.cnf"
    settings.write_text(_SETTINGS)
    unfinished = folder / "ca.part"
    asked = ["-subj", "/CN=Truceline local authority", "-days", str(VALID_DAYS), "-extensions", "authority"]
    keys = ["-keyout", str(folder / "ca.key"), "-out", str(unfinished)]
    _openssl("req", "-x509", "-config", str(settings), *_NEW_KEY, *asked, *keys)
    unfinished.rename(certificate)


def _sign(folder: Path, made: Certificate, name: str, use: str) -> None:
    settings, request, unfinished = folder / "openssl.cnf", folder / f"{name}.csr", folder / f"{name}.part"
    keys = ["-keyout", str(made.key), "-out", str(request)]
    _openssl("req", "-new", "-config", str(settings), *_NEW_KEY, "-subj", f"/CN={name}", *keys)
    by = ["-CA", str(made.authority), "-CAkey", str(folder / "ca.key"), "-CAcreateserial", "-days", str(VALID_DAYS)]
    extensions = ["-extfile", str(settings), "-extensions", use]
    _openssl("x509", "-req", "-in", str(request), *by, *extensions, "-out", str(made.chain))
    remove(request)
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(made.key.read_bytes() + made.chain.read_bytes())
    unfinished.rename(made.key_and_chain)


def _openssl(*arguments: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise BrokerError("there is no openssl on the path; it makes the certificate (Debian: apt-get install openssl)")
    done = subprocess.run(
        [program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise BrokerError(f"openssl could not make a certificate: {done.stderr.strip()}")
