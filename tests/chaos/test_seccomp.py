#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A program that forbids itself all system calls but those that it makes: none of ours may kill it.
What we no longer do is counted."""


import chaos

CASES = (
    ("own connection", "connect use seccomp-kill use use"),
    ("no connection", "seccomp-kill"),
    ("a child without a connection", "fork{ seccomp-kill }"),
    ("forks", "seccomp-kill fork{ } fork{ fork{ } }"),
    ("a child that only ends", "connect use fork{ seccomp-kill } use"),
    ("a child that leaves", "connect use leave{ seccomp-kill } use"),
    ("forks with a connection", "connect use seccomp-kill fork{ } use"),
    ("an inherited connection", "connect use fork{ seccomp-kill use use } use"),
    ("closing", "connect use fork{ seccomp-kill close=3 close=4 close=5 close=3 } use"),
)


def main():
    with chaos.Place() as place:
        share = place.build("share.c")
        for what, words in CASES:
            for options in ({}, {"mode": "strict"}):
                place.plight(what, [share, *words.split()], cut=True, options=options,
                             lost_ok=chaos.compare.LOST)
        # A sandbox that we did not write: file(1) allows itself about fifty calls.
        place.same("file", ["file", "-b", "/bin/true", "/etc/passwd"], cut=True)
        place.same("file -z", ["file", "-bz", "/usr/share/doc/bash/changelog.Debian.gz"], cut=True)
    chaos.finish()


if __name__ == "__main__":
    main()
