#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""/dev/shm full, small, read-only, missing, or filled while we run: no SIGBUS, the program goes on.

In a private mount namespace, so that nobody else's /dev/shm is touched.
"""

import os
import subprocess

import chaos
from chaos import check, forksan_log

WORDS = "connect use fork{ use } use leave{ connect use fork{ use } use } use"


def in_namespace(place, script):
    return ["unshare", "-m", "--propagation", "private", "sh", "-ec", script]


def main():
    if os.getuid() != 0:
        chaos.skip("needs root, for a mount namespace")
    probe = subprocess.run(["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k t /dev/shm"],
                           check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if probe.returncode != 0:
        chaos.skip(f"no private /dev/shm: {probe.stdout.strip() or probe.returncode}")
    with chaos.Place() as place:
        share = place.build("share.c")
        talk = chaos.compare.compile_c(place.path, "talk", "talk.c")
        env = forksan_log.bare_env()
        place.fresh(None)
        bare = place.once([share, *WORDS.split()], env)
        bare_talk = place.once([talk], env)
        words = " ".join(f"'{word}'" for word in WORDS.split())

        def under(what, prepare, meanwhile="", at_least=None):
            log = place.new_log()
            options = f"log_path={log.path}"
            preload = f"LD_PRELOAD={forksan_log.SHIM} FORKSAN_OPTIONS={options}"
            for program, expected in ((f"{share} {words}", bare), (talk, bare_talk)):
                place.fresh(None)
                result = place.once(
                    in_namespace(place, f"{prepare}\n{meanwhile}\n"
                                        f"exec env {preload} {program}"), env, timeout=60)
                chaos.compare.compared += 1
                check((result.status, result.out) == (expected.status, expected.out),
                      f"{what}: goes on", result)
            kinds = log.kinds
            check(at_least is None or set(at_least) <= set(kinds), f"{what}: reports {at_least}",
                  f"found {kinds}")
            check("Bus error" not in result.err, f"{what}: no SIGBUS", result.err)

        def tmpfs(options):
            return f"mount -t tmpfs -o {options} t /dev/shm"

        def launched(arguments, options=""):
            place.fresh(None)
            forksan = os.path.join(os.path.dirname(forksan_log.SHIM), "forksan")
            return place.once(in_namespace(place, f"{tmpfs('size=64k')}\nexec {forksan} run "
                                           f"{arguments} -- {share} {words}"),
                              {**env, "FORKSAN_OPTIONS": options}, timeout=60)

        # The launcher: with a log the verdict is the same, else it says that it does not know.
        log = place.new_log()
        result = launched(f"-o {log.path}")
        check(result.status == 66 and "shared-use" in log.kinds, "forksan run -o: found", result)
        check("complete: false (no_registry 1)" in result.err, "forksan run -o: is incomplete", result)
        result = launched("")
        check(result.status == 67, "forksan run: 0 would say that nothing was found", result)
        check("SUMMARY: forksan: shared-use" in result.err, "and reports", result)
        check("what was found is not known here" in result.err and "not active" not in result.err,
              "and does not say that it was not active", result)
        result = launched("", "exitcode=0")
        check(result.status == 0, "exitcode=0: the program's own status", result)
        result = launched("--require-watched", "exitcode=0")
        check(result.status == 67, "forksan run --require-watched: incomplete", result)

        # Where a registry's file might not fit, it is memory without a name: the verdict is the same.
        for kib in (4, 64, 256, 800, 1000, 1100, 1200, 1300, 1400, 1500, 1600, 2000, 4000, 8000):
            under(f"{kib} KiB", tmpfs(f"size={kib}k"), at_least=["shared-use"])
        under("no inodes", tmpfs("nr_inodes=1"), at_least=["shared-use"])
        under("read-only", tmpfs("ro"), at_least=["shared-use"])
        under("missing", "mount -t tmpfs t /dev", at_least=["shared-use"])
        under("no exec, no suid", tmpfs("noexec,nosuid,nodev"), at_least=["shared-use"])
        under("ample", tmpfs("size=64m"), at_least=["shared-use"])
        # Filled by another program after the start: every page that we take then fails.
        under("filled meanwhile", tmpfs("size=3m"),
              "(while kill -0 $$; do for i in 1 2 3 4; do head -c 1000000 /dev/zero "
              ">/dev/shm/fill$i; done; rm -f /dev/shm/fill*; done) >/dev/null 2>&1 &")
    chaos.finish()


if __name__ == "__main__":
    main()
