#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A connection shared by mistake, in processes in all kinds of plights: the program goes on as it
would without us, and what can be reported is."""

import os

import chaos

SHARED = {"shared-use", "inherited-use"}

# (what, words, kinds of findings)
PLIGHTS = (
    ("nothing special", "connect use fork{ use } use", SHARED),
    ("no fork", "connect use", set()),
    ("16 KiB thread stack", "thread{ connect use } fork{ thread{ use } } thread{ use }", SHARED),
    ("signal handler", "connect use fork{ signal{ use } } signal{ use }", SHARED),
    ("alternate stack", "connect use fork{ altstack{ use } } altstack{ use }", SHARED),
    ("fork in a signal handler", "connect use signal{ fork{ use } } use", SHARED),
    ("fork in a handler on a small stack", "connect use altstack{ fork{ use leave{ use } } } use",
     SHARED),
    ("connect in a handler on a small stack", "altstack{ connect use } fork{ use } use", SHARED),
    ("raw clone", "connect use raw{ use } use", SHARED),
    ("raw clone in a handler", "connect use signal{ raw{ use } } use", SHARED),
    ("exec with the connection", "connect use exec{ use fork{ use } use }", SHARED),
    ("exec in a child", "connect use fork{ exec{ use } } use", None),
    ("exec of exec of exec", "connect use exec{ exec{ exec{ fork{ use } use } } }", SHARED),
    ("vfork, posix_spawn, system, popen", "connect use spawn fork{ spawn use } spawn use", SHARED),
    ("spawn in a signal handler", "connect use signal{ spawn } use", set()),
    ("spawn in a small thread", "thread{ connect spawn use }", set()),
    ("all closed from 3 up", "connect use fork{ close-all fds connect use } use", set()),
    ("closefrom", "connect use fork{ close-from fds connect use } use", set()),
    ("close_range", "connect use fork{ close-range fds connect use } use", set()),
    ("a report after all was closed",
     "connect use fork{ close-all connect use fork{ use } use } use", SHARED),
    ("descriptors 0 to 2 closed", "connect use fork{ close=0 close=2 use connect fds use } use",
     SHARED),
    ("descriptor 2 a socket", "connect use stderr-socket fork{ use } use stderr-bytes", SHARED),
    ("no more descriptors", "connect use limit-nofile=5 fork{ use } use connect", SHARED),
    ("files of no size", "connect use limit-fsize=0 fork{ use } use", SHARED),
    ("files of 100 bytes", "connect use limit-fsize=100 fork{ use } use", SHARED),
    ("no more processes", "connect use fork{ use fork{ fork{ use } use } } use", SHARED),
    ("a stack limit of 64 KiB", "connect use limit-stack=64 exec{ fork{ use } use }", SHARED),
    ("100 generations", "connect use " + "fork{ " * 100 + "use " + "} " * 100, {"inherited-use"}),
    ("70 generations that all use it", "connect use " + "leave{ use " * 70 + "} " * 70,
     {"inherited-use"}),
    ("1000 forks", "connect use repeat=1000{ fork{ } } use", set()),
    ("200 forks that share", "connect use repeat=200{ fork{ use } } use", SHARED),
    ("system calls fail", "connect use fork{ seccomp-errno use } use", None),
    ("system calls fail for all", "connect use seccomp-errno fork{ use } use leave{ use }", None),
    ("exit by exit()", "connect use leave{ use } use", SHARED),
)

# These lose reports by their nature: what is lost must be counted and said.
MAY_LOSE = {"files of no size", "files of 100 bytes", "no more descriptors", "system calls fail",
            "system calls fail for all", "70 generations that all use it", "100 generations",
            "descriptor 2 a socket", "exec in a child"}
# Nobody is left who may write the summary, or remove the registry.
CUT = {"files of no size", "files of 100 bytes", "system calls fail for all", "no more descriptors"}
# What stands on stderr where the log cannot be written: that, and the reports.
SAID = r"^(?:==\d+==|SUMMARY: forksan:).*\n"


def main():
    with chaos.Place() as place:
        share = place.build("share.c")
        for what, words, kinds in PLIGHTS:
            for options in ({}, {"watch": "all", "verbosity": "2"}):
                place.plight(what, [share, *words.split()], kinds=kinds, atmost=what in MAY_LOSE,
                             cut=what in CUT, options=options,
                             forget=(SAID,) if what in MAY_LOSE else (),
                             lost_ok=("lost_reports", "unwritten_records", "lost_session", "stale_fds")
                             if what in MAY_LOSE else ())
        if os.getuid() == 0:
            jail = os.path.join(place.path, "jail")
            os.mkdir(jail)
            for what, words in (
                    ("chroot", f"connect use chroot={jail} fork{{ use }} use"),
                    ("chroot in a child", f"connect use fork{{ chroot={jail} use }} use"),
                    ("root given up", "connect use nobody fork{ use } use"),
                    ("root given up in a child", "connect use fork{ nobody use } use"),
                    ("root given up in a jail", f"connect use fork{{ chroot={jail} nobody use "
                                                "close-from } use")):
                place.plight(what, [share, *words.split()], kinds=SHARED, cut=True)
    chaos.finish()


if __name__ == "__main__":
    main()
