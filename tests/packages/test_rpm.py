#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The recipes for other systems, as far as Debian can try them.  contrib/rpm: rpmbuild builds the packages, rpm
installs them into an empty root, what two processes share is found from there, and rpm removes them without a
trace.  contrib/alpine: the shell functions of the recipe run, and package the same files."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from root import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
SPEC = os.path.join(ROOT, "contrib/rpm/forksan.spec")
# Of rpm's own making: licences and documentation, and compressed manuals.
RPM_S_OWN = ("var/", "root/.rpmdb/")
ADDED = ("usr/share/licenses/", "usr/share/doc/", "usr/lib/.build-id/")


def files(root, without=()):
    found = set()
    for directory, _, names in os.walk(root):
        below = os.path.relpath(directory, root)
        found.update(os.path.normpath(os.path.join(below, name.removesuffix(".gz"))) for name in names)
    return {path for path in found if not path.startswith(without)} if without else found


def version():
    with open(SPEC, encoding="utf-8") as file:
        return next(line.split()[1] for line in file if line.startswith("Version:"))


def build_packages(top):
    """The packages, from what git tracks as it stands in the working tree."""
    name = f"forksan-{version()}"
    os.makedirs(os.path.join(top, "SOURCES"))
    tracked = run("git", "ls-files", cwd=ROOT).splitlines()
    run("tar", "--create", "--xz", "--file", os.path.join(top, f"SOURCES/{name}.tar.xz"), "--transform",
        f"s|^|{name}/|", *[path for path in tracked if os.path.lexists(os.path.join(ROOT, path))], cwd=ROOT,
        env={**os.environ, "XZ_OPT": "-0"})
    # Debian's rpm knows none of the packages that are needed, and its packages are not rpm's.
    run("rpmbuild", "--nodeps", "-bb", "--define", f"_topdir {top}", SPEC,
        env={name: value for name, value in os.environ.items() if name != "BUILD"})
    return [os.path.join(directory, package) for directory, _, names in os.walk(os.path.join(top, "RPMS"))
            for package in names]


def install_and_remove(packages, directory):
    """Returns what was installed."""
    root = os.path.join(directory, "root")
    os.mkdir(root)
    rpm = ("rpm", "--root", root, "--nodeps")
    run(*rpm, "--install", *packages)
    installed = files(root, RPM_S_OWN)
    program, log = os.path.join(directory, "shares"), os.path.join(directory, "log")
    run("cc", "-g", "-O1", "-o", program, os.path.join(ROOT, "tests/support/shares.c"))
    found = subprocess.run([os.path.join(root, "usr/bin/forksan"), "run", "-o", log, program], text=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if found.returncode != 66:
        sys.exit(f"nothing is found from there: status {found.returncode}\n{found.stdout}")
    run(*rpm, "--erase", "forksan", "forksan-devel")
    left = files(root, RPM_S_OWN)
    if left:
        sys.exit(f"removing leaves {sorted(files(root, ('var/',)))}")
    return installed


def package_for_alpine(directory):
    """package() of APKBUILD, with what is built here."""
    root = os.path.join(directory, "alpine")
    run("sh", "-e", "-c", ". contrib/alpine/APKBUILD; package", cwd=ROOT,
        env={**os.environ, "BUILD": BUILD, "pkgdir": root})
    return files(root)


def main():
    missing = [name for name in ("rpmbuild", "rpm", "git") if not shutil.which(name)]
    if os.getuid() != 0 or missing:
        print(f"needs root {' '.join(missing)}")
        return 77
    with tempfile.TemporaryDirectory(prefix="forksan-rpm-") as directory:
        packages = build_packages(os.path.join(directory, "top"))
        print(*[os.path.basename(package) for package in packages])
        installed = {path.replace("usr/lib64/", "usr/lib/") for path in install_and_remove(packages, directory)
                     if not path.startswith(ADDED)}
        alpine = package_for_alpine(directory)
        if not installed or installed != alpine:
            sys.exit(f"the packages differ: {sorted(installed ^ alpine)}")
    print("ok")
    return 0


sys.exit(main())
