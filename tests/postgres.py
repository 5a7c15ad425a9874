"""A real PostgreSQL for the slow tests: a cluster of its own in a temporary folder, gone when they are done.

Debian: apt-get install postgresql. No service is started or touched, and nothing is listened to but this machine.
"""

import atexit
import functools
import glob
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

USER, PASSWORD = "mint", "a/b@c:d%e f"  # what an address must not take for its own marks
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")  # of a machine that loses its power nothing is asked here


@dataclass(frozen=True)
class Cluster:
    folder: Path
    programs: Path
    port: int

    def url(self, database: str = "postgres", *, user: str = USER, password: str | None = PASSWORD) -> str:
        said = "" if password is None else f":{quote(password, safe='')}"
        return f"postgresql://{user}{said}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self.run(
            "pg_ctl", "-w", "-D", str(self.folder / "data"), "-l", log, "-o", f"{options} {' '.join(FAST)}", "start"
        )

    def stop(self) -> None:
        """As a crash would: nothing is written any more."""
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-m", "immediate", "stop")

    def run(self, program: str, *words: str) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # the server refuses to be root
        command = [*as_user, str(self.programs / program), *words]
        with (self.folder / "said").open("ab") as said:  # no pipe: the server would keep it open
            done = subprocess.run(command, cwd=self.folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, (self.folder / "said").read_text(errors="replace")


@functools.cache
def running() -> Cluster | None:
    """The cluster of this process, started at first use; None where PostgreSQL is not installed."""
    found = [shutil.which("initdb"), *sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)]
    programs = next((Path(os.path.realpath(p)).parent for p in found if p), None)
    if programs is None or (os.geteuid() == 0 and not any(u.pw_name == "postgres" for u in pwd.getpwall())):
        return None
    folder = Path(tempfile.mkdtemp(prefix="mintmark-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        cluster = Cluster(folder, programs, free.getsockname()[1])
    (folder / "password").write_text(PASSWORD)
    if os.geteuid() == 0:
        for path in (folder, folder / "password"):
            shutil.chown(path, "postgres", "postgres")
    cluster.run(
        "initdb", "-D", str(folder / "data"), "-U", USER, "--pwfile", str(folder / "password"), "-A", "scram-sha-256",
        "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
    )  # fmt: skip
    cluster.start()
    atexit.register(_end, cluster)
    return cluster


def _end(cluster: Cluster) -> None:
    try:
        cluster.stop()
    finally:
        shutil.rmtree(cluster.folder, ignore_errors=True)


NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    found = running()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found


@pytest.fixture
def database(cluster: Cluster) -> str:
    """The address of a new and empty database."""
    import psycopg

    name = f"test_{next(NUMBER)}"
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return cluster.url(name)
