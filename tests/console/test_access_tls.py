"""A console that others reach: by TLS, with a certificate that they check, and with users."""

import signal
import socket
import ssl
import subprocess
from pathlib import Path

import httpx
import pytest

from pipeline.console.access import Role
from pipeline.stream.certificates import certify
from tests.console.conftest import Record, some_reports
from tests.console.test_serve import start
from tests.console.users import PASSWORD, login, users

pytestmark = pytest.mark.needs("openssl")


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    with users(tmp_path / "users.db") as known:
        known.add("Ines", Role.OPERATOR, PASSWORD)
    return tmp_path / "users.db"


def test_who_comes_by_tls_is_let_in_and_nobody_overhears(
    tmp_path: Path, path: Path, agreement: Path, record: Record, users_file: Path
) -> None:
    record(*some_reports(3))
    made = certify(tmp_path / "tls", "console")
    files = ("--tls-cert", made.chain, "--tls-key", made.key, "--access", users_file)
    # Every address of this machine: what is behind TLS and users may be reached from elsewhere.
    everywhere = ("--host", "0.0.0.0", "--name", "localhost", "--port", "0")
    with start("serve", "--store", path, "-a", agreement, *files, *everywhere) as process:
        try:
            url = _address(process)
            assert url.startswith("https://0.0.0.0:")
            port = int(url.rstrip("/").rpartition(":")[2])
            trusted = ssl.create_default_context(cafile=made.authority)
            with httpx.Client(base_url=f"https://localhost:{port}", verify=trusted, timeout=60, trust_env=False) as one:
                assert one.get("/api/alerts").status_code == 401
                answer = login(one, "Ines")
                assert answer.headers["set-cookie"].startswith("__Host-truceline=")
                assert "; Secure" in answer.headers["set-cookie"]
                (alert, *_) = one.get("/api/alerts").json()["alerts"]
                acted = one.post(f"/api/alerts/{alert['alert_id']}/actions", json={"action": "acknowledge"})
                assert acted.json()["act"]["by"] == "Ines"
                assert one.get("/api/alerts", headers={"Host": "evil.example"}).status_code == 421
            with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
                plain.sendall(b"GET /api/session HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert b"HTTP/1.1 200" not in plain.recv(1_000)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def _address(process: "subprocess.Popen[bytes]") -> str:
    assert process.stderr is not None
    told = process.stderr.readline().decode()
    return told.split(" (")[0].rpartition(" ")[2].strip()
