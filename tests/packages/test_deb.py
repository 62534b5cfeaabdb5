#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Debian packages, as a user meets them: built, held against policy, installed into a fresh root of the
release that runs here, the founding scenario caught from there, and purged without a trace.

Needs root and debootstrap; the root is made in the test's own directory and removed.
"""

import glob
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from root import make, mounted, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
NEEDED = ("mariadb-server", "gunicorn", "python3-flask", "python3-sqlalchemy", "python3-pymysql",
          "python3-mysqldb")


def suite():
    with open("/etc/os-release", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VERSION_CODENAME="):
                return line.strip().split("=")[1].strip('"')
    return None


def files(root):
    """Every path of the root, but for those of dpkg, caches, logs and what runs there."""
    found = set()
    for directory, names, others in os.walk(root):
        below = os.path.relpath(directory, root)
        if below.startswith(("var/lib/dpkg", "var/cache", "var/log", "var/lib/apt", "proc", "dev", "tmp",
                             "var/lib/systemd")):
            names.clear()
            continue
        found.update(os.path.normpath(os.path.join(below, name)) for name in names + others)
    return found


def main():
    release = suite()
    if os.getuid() != 0 or not shutil.which("debootstrap") or not release:
        print("needs root, debootstrap and a Debian release")
        return 77
    for command in ("dpkg-buildpackage", "dh", "lintian"):
        if not shutil.which(command):
            print(f"needs {command}")
            return 77
    print(run("make", "-s", "deb", f"BUILD={BUILD}", cwd=ROOT))
    packages = [path for path in glob.glob(os.path.join(BUILD, "deb", "*.deb")) if "dbgsym" not in path]
    with tempfile.TemporaryDirectory(prefix="forksan-root-") as root:
        os.chmod(root, 0o755)
        make(release, root, NEEDED)
        with mounted(root):
            os.makedirs(os.path.join(root, "tmp/packages"))
            for path in packages:
                shutil.copy(path, os.path.join(root, "tmp/packages"))
            shutil.copytree(os.path.join(ROOT, "tests"), os.path.join(root, "tmp/tests"))
            before = files(root)
            in_root = ("chroot", root, "env", "DEBIAN_FRONTEND=noninteractive", "PYTHONDONTWRITEBYTECODE=1")
            run(*in_root, "apt-get", "install", "-y", "--no-install-recommends",
                *[f"/tmp/packages/{os.path.basename(path)}" for path in packages])
            added = files(root) - before
            for name in ("usr/bin/forksan", "usr/include/forksan/forksan.h",
                         "usr/share/bash-completion/completions/forksan", "etc/logrotate.d/forksan"):
                if name not in added:
                    sys.exit(f"the packages do not bring {name}")
            # The loader's $LIB finds the library of each machine.
            traced = run(*in_root, "LD_PRELOAD=/usr/$LIB/libforksan.so", "FORKSAN_OPTIONS=help=1", "true")
            if "log_path" not in traced:
                sys.exit(f"LD_PRELOAD=/usr/$LIB/libforksan.so does not load it: {traced}")
            print(run(*in_root, "FORKSAN_BUILD=/usr/bin", "BUILD=/usr/bin", "python3",
                      "/tmp/tests/scenario/demo.py")[-1500:])
            run(*in_root, "apt-get", "purge", "-y", "--autoremove", "forksan", "libforksan0", "libforksan-dev")
            left = {path for path in files(root) - before if path in added}
            if left:
                sys.exit(f"purging leaves {sorted(left)}")
    print("ok")
    return 0


sys.exit(main())
