"""The files of Redis and PostgreSQL, as a layer on the test image: what runs, and nothing that the layer below has.

PostgreSQL starts as the image of its name does, which initialises an empty data directory as its variables say.
"""

import os
import shutil
import tarfile
from pathlib import Path

from sandbox.base_root import write_program
from sandbox.debian_root import unpack_root
from sandbox.progress import Progress

PACKAGES = ("postgresql-15", "redis-server")
POSTGRES = "usr/lib/postgresql/15"
POSTGRES_ID = 999  # as in the image of that name: charts write it into their securityContext

# 70 of 390 MB: most of the rest is Perl, locales, and a compiler that PostgreSQL can do without.
KEPT = (
    "usr/bin/redis-*",
    "usr/lib/*-linux-gnu/lib*.so.*",
    "usr/lib/locale/C.utf8/**/*",
    f"{POSTGRES}/bin/*",
    f"{POSTGRES}/lib/*.so",
    "usr/share/postgresql/15/*",
    "usr/share/postgresql/15/extension/*",
    "usr/share/postgresql/15/timezonesets/**/*",
    "usr/share/postgresql/15/tsearch_data/*",
    "usr/share/zoneinfo/**/*",
)
SUPERFLUOUS = ("libLLVM", "libz3", "libperl", "llvmjit")

POSTGRES_ENTRYPOINT = """\
#!/bin/sh
set -e
if [ "${1#-}" != "$1" ]; then
    set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
    exec "$@"
fi
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$PGDATA"
    chown -R postgres "$PGDATA"
    exec python3 -c 'import os, sys
user = int(sys.argv[1])
os.setgroups([user])
os.setgid(user)
os.setuid(user)
os.execv(sys.argv[2], sys.argv[2:])' "$(id -u postgres)" "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    if [ -z "$POSTGRES_PASSWORD" ]; then
        echo "POSTGRES_PASSWORD is not set" >&2
        exit 1
    fi
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    echo "$POSTGRES_PASSWORD" | initdb --username="$user" --pwfile=/dev/stdin --auth-local=trust
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    if [ "$database" != postgres ]; then
        echo "CREATE DATABASE \\"$database\\"" | postgres --single -D "$PGDATA" postgres
    fi
fi
exec "$@"
"""


def build_root(root: Path, progress: Progress, *, base: Path) -> None:
    """Make the layer's file system in `root`, which must not exist; `base` is the layer below, a tar."""
    whole = root.with_name("whole")
    unpack_root(whole, PACKAGES, progress)
    progress("making the images of Redis and PostgreSQL small and complete")
    with tarfile.open(base) as below:
        already = frozenset(below.getnames())
        users = {name: _content(below, f"etc/{name}") for name in ("passwd", "group")}
    for path in sorted({path for pattern in KEPT for path in whole.glob(pattern)}):
        name = str(path.relative_to(whole))
        if name not in already and not path.name.startswith(SUPERFLUOUS):
            _take(path, root / name)
    shutil.rmtree(whole)
    _configure(root, users)


def _take(path: Path, target: Path) -> None:
    if path.is_symlink() or path.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)


def _configure(root: Path, users: dict[str, str]) -> None:
    """What PostgreSQL's maintainer scripts would do: its user, and the folder of its socket."""
    (root / "etc").mkdir()
    (root / "etc/passwd").write_text(
        f"{users['passwd']}postgres:*:{POSTGRES_ID}:{POSTGRES_ID}::/var/lib/postgresql:/bin/sh\n"
    )
    (root / "etc/group").write_text(f"{users['group']}postgres:*:{POSTGRES_ID}:\n")
    for folder, mode in (("var/run/postgresql", 0o3777), ("var/lib/postgresql", 0o1777)):
        (root / folder).mkdir(parents=True)
        (root / folder).chmod(mode)
        os.chown(root / folder, POSTGRES_ID, POSTGRES_ID)
    write_program(root / "usr/local/bin/docker-entrypoint.sh", POSTGRES_ENTRYPOINT)


def _content(archive: tarfile.TarFile, name: str) -> str:
    member = archive.extractfile(name)
    if member is None:
        raise FileNotFoundError(name)
    with member:
        return member.read().decode()
