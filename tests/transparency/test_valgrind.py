#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs under valgrind: memcheck finds nothing more with us than without.

Helgrind and DRD are not asked: they know no C11 atomics, find "races" in glibc's own thread stacks,
and would in our lock-free tables (docs/coverage.md)."""

import compare

# The loader allocates for a further library, and a thread's vector of modules is longer by one.
FORGET = (r"^==\d+== ?", r"^ *(?:total heap usage|in use at exit|HEAP SUMMARY|Command|Copyright|Using "
          r"Valgrind|Memcheck|Helgrind|All heap blocks|Parent PID).*\n", r"^\s*\n",
          r"\(suppressed: \d+ from \d+\)", r"possibly lost: .*|(?<=block of size )\d+", r" at 0x[0-9A-F]+|0x[0-9A-F]+: ", r"^ERROR SUMMARY.*\n")


def main():
    if not compare.find("valgrind"):
        compare.skip("valgrind is not installed")
    with compare.Place() as place:
        talk = compare.compile_c(place.path, "talk", "talk.c")
        host = compare.compile_c(place.path, "host", "host.c", "-Wno-nonnull",
                                 "-Wno-stringop-overread")
        memcheck = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite",
                    "--errors-for-leak-kinds=definite", "--error-exitcode=99",
                    "--child-silent-after-fork=yes"]
        place.same("memcheck: true", [*memcheck, "/bin/true"], forget=FORGET)
        place.same("memcheck: talk", [*memcheck, talk, "2"], forget=FORGET, timeout=200,
                   options={"watch": "all"}, expect=9)
        place.same("memcheck: perl", [*memcheck, "--leak-check=no", "/usr/bin/perl", "-e",
                                      "print `echo x`; exit 3"], forget=FORGET, expect=3)
        place.same("memcheck: exit", [*memcheck, host, "exit"], forget=FORGET, expect=11)
    compare.finish()


if __name__ == "__main__":
    main()
