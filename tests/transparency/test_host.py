#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Results, errno, bad pointers, descriptors, cancellation, restarts and the end of a program are as
without us (host.c).  Also built with -D_FORTIFY_SOURCE=3, which binds other names of the calls, and
with 32 bits, where we are not and at most one line says so."""

import os

import compare

SECTIONS = ("errno", "pointers", "descriptors", "cancel", "interrupt", "exit", "quick_exit",
            "thread_exit", "abort")
# The last process is ended by a signal, before anything of ours could run.
CUT = ("abort",)


def main():
    with compare.Place() as place:
        builds = {"host": (), "fortified": ("-D_FORTIFY_SOURCE=3",), "pie": ("-fPIE", "-pie", "-O0"),
                  "bound at once": ("-Wl,-z,now", "-fno-plt")}
        for name, flags in builds.items():
            program = compare.compile_c(place.path, name.replace(" ", "-"), "host.c",
                                        "-Wno-nonnull", "-Wno-stringop-overread", *flags)
            compare.check(program, f"{name} can be built")
            for section in SECTIONS:
                what = f"{name}: {section}"
                place.same(what, [program, section], cut=section in CUT, timeout=60,
                           options={"watch": "all"},
                           after=lambda log, what=what, section=section: compare.check(
                               section in CUT or log.counters.get("connections_watched", 0) > 0,
                               f"{what}: its connections were watched"))
        # A program that shares nothing is the same in every mode.
        for section in SECTIONS:
            what = f"isolate mode: {section}"
            place.same(what, [os.path.join(place.path, "host"), section], cut=section in CUT,
                       timeout=60, options={"watch": "all", "mode": "isolate"},
                       after=lambda log, what=what: compare.check(
                           sum(log.counters.get(name, 0) for name in
                               ("isolated", "goodbyes_held", "isolate_failed")) == 0,
                           f"{what}: nothing is isolated"))
        # Every descriptor from the start on belongs to the program.
        program = os.path.join(place.path, "host")
        if os.path.exists(program):
            for closed in ("0<&-", "1>&2 2>&-", "0<&- 1>&2 2>&-", "3</dev/null 9</dev/null"):
                place.same(f"descriptors with {closed}",
                           ["sh", "-c", f"exec {program} descriptors {closed}"],
                           options={"watch": "all"})
    compare.finish()


if __name__ == "__main__":
    main()
