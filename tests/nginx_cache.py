"""nginx as a server of the HTTP cache protocol, configured as in docs/cache.md."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONFIGURATION = """
daemon off; worker_processes 1; pid %(at)s/pid; error_log %(at)s/log; %(user)s
events { }
http {
    access_log off; client_body_temp_path %(at)s/body; client_max_body_size 1g;
    proxy_temp_path %(at)s/p; fastcgi_temp_path %(at)s/f; uwsgi_temp_path %(at)s/u; scgi_temp_path %(at)s/s;
    server {
        listen 127.0.0.1:%(port)d;
        root %(at)s/data;
        location ~ "^/(?:[A-Za-z0-9._-]+/)*(?:ac|cas)/[0-9a-f]{64}$" {
            dav_methods PUT; create_full_put_path on; limit_except GET HEAD PUT { deny all; }
        }
        location / { deny all; }
    }
}
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def wait_for(process: subprocess.Popen, port: int, log: Path) -> None:
    """Wait until a server accepts connections at its port."""
    while not answers(port):
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)


@contextmanager
def running_nginx(at: Path) -> Iterator[str]:
    """Yields the address of the server; the data is stored in `at`/data/some/team."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not program:
        pytest.skip("needs nginx with WebDAV: apt-get install nginx-light")
    (at / "data").mkdir(parents=True)
    port = free_port()
    user = "user root;" if os.getuid() == 0 else ""
    (at / "conf").write_text(CONFIGURATION % {"at": at, "port": port, "user": user})
    process = subprocess.Popen([program, "-c", at / "conf", "-e", at / "log"], stdin=subprocess.DEVNULL)
    try:
        wait_for(process, port, at / "log")
        yield f"http://127.0.0.1:{port}/some/team"
    finally:
        process.terminate()
        process.wait()
