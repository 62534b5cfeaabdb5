# SPDX-License-Identifier: MIT
"""What goes wrong on the way from a log to the store, and how many records come through.

Each disturbance writes records through real agents to a real centre and store (support/fleet.py),
breaks something meanwhile, and then wants every record in the store, once; `gaps` must be empty.
test_disturbances.py does each once with few records, long_disturbances.py all of the table in
docs/fleet.md.
"""

import contextlib
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import processes

NAMES = ["web-1", "web-2", "web-3"]


class Writer:
    """Sessions that go on: one of each agent.  `total` counts the records that were written."""

    def __init__(self, site):
        self.site = site
        self.next = dict.fromkeys(site.names, 1)
        self.total = 0

    def write(self, count, names=None):
        """`count` records on each of the agents."""
        for name in names or self.site.names:
            self.site.agents[name].write(fleet.records(name, f"{int(name[4:]):016x}", count,
                                                       first=self.next[name]))
            self.next[name] += count
            self.total += count

    def some_came(self, more, seconds=60):
        """Waits until the store has `more` records more than now, or all."""
        before = self.site.records() or 0
        processes.wait_for(lambda: (self.site.records() or 0) >= min(before + more, self.total),
                           "records", seconds=seconds)


def kill_the_centre(site, writer, count, *, times):
    """SIGKILL, while records come in."""
    for _ in range(times):
        writer.write(count // times)
        writer.some_came(count // times // 4)
        site.centre.kill()
        writer.write(20)
        site.centre.start()


def crash_the_store(site, writer, count, *, times=2):
    """PostgreSQL ends without a shutdown, while records come in."""
    for _ in range(times):
        writer.write(count // times)
        writer.some_came(count // times // 4)
        site.store.crash()
        writer.write(20)
        site.store.start()


def end_the_agents(site, writer, count, *, how, hung=False):
    """The agents are killed, or stopped, while the centre is down, or stands still."""
    writer.write(count // 4)
    site.wait_for_records(writer.total)
    if hung:
        site.centre.signal(19)  # SIGSTOP
    else:
        site.centre.kill()
    writer.write(count // 2)
    # An agent that has read lines waits in its action, which says that the centre is away; one whose
    # centre stands still says nothing, so time is all that there is.
    if hung:
        time.sleep(1)
    for agent in site.agents.values():
        if not hung:
            processes.wait_for(lambda a=agent: "suspended" in a.output() or
                               "could not connect" in a.output() or "librelp" in a.output(),
                               "the agent's complaint", seconds=30)
        getattr(agent, how)()
    writer.write(count // 4)
    for agent in site.agents.values():
        agent.start()
    if hung:
        site.centre.signal(18)  # SIGCONT
    else:
        site.centre.start()


def rotate(site):
    for name, agent in site.agents.items():
        path = os.path.join(site.path, f"{name}.logrotate")
        with open(os.path.join(fleet.CONTRIB, "logrotate"), encoding="utf-8") as source:
            text = source.read().replace("/var/log/forksan", agent.logs)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, 0o644)
        subprocess.run(["/usr/sbin/logrotate", "--force", "-s", path + ".state", path], check=True)


def rotate_the_logs(site, writer, count, *, times=3):
    """logrotate while the centre takes records, and again and again while it is down."""
    writer.write(count // 4)
    rotate(site)
    writer.write(count // 4)
    writer.some_came(count // 8)
    site.centre.kill()
    for _ in range(times - 1):
        writer.write(count // 2 // times)
        rotate(site)
    writer.write(count // 2 // times)
    site.centre.start()


def fill_the_disk(site, writer, count):
    """The store's file system has no room for a while."""
    writer.write(count // 4)
    writer.some_came(count // 8)
    path = os.path.join(os.path.dirname(site.data), "filler")
    with open(path, "wb") as filler, contextlib.suppress(OSError):
        while True:
            filler.write(b"\0" * 65536)
            filler.flush()
    writer.write(3 * count // 4)
    # PostgreSQL says so, or ends because there is no room for its journal.
    processes.wait_for(lambda: "No space left on device" in site.store.output(),
                       "a full disk", seconds=120)
    os.remove(path)
    if not site.store.process.alive() or site.records() is None:
        site.store.crash()
        site.store.start()


def fail_at_commit(site, writer, count):
    """Each tenth record fails when its transaction is committed, as on a disk that is just full."""
    site.store.ask("""
        create sequence fleet.attempts;
        create function fleet.fail() returns trigger language plpgsql security definer as $$ begin
            if nextval('fleet.attempts') % 10 = 0 then
                raise exception 'no space left' using errcode = 'disk_full';
            end if;
            return null;
        end $$;
        create constraint trigger fail after insert on fleet.records_other
            deferrable initially deferred for each row execute function fleet.fail();
        """ + "".join(f"drop table fleet.{part};" for part in site.store.ask(
            "select inhrelid::regclass from pg_inherits where inhparent = 'fleet.records'::regclass "
            "and inhrelid::regclass::text <> 'fleet.records_other'").replace(
                "fleet.", "").splitlines()))
    writer.write(count)


@contextlib.contextmanager
def small_disk(megabytes):
    """A directory on a file system of its own."""
    with processes.directory("forksan-disk-") as path:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "forksan-disk",
                        path], check=True)
        try:
            os.chown(path, *processes.server_account())
            yield os.path.join(path, "data")
        finally:
            subprocess.run(["umount", "-l", path], check=True)


def run(what, count, *, data=None, settings=(), **how):
    """One disturbance from the beginning to the end.  Returns (sent, stored, duplicates)."""
    began = time.monotonic()
    with fleet.Fleet(NAMES, data=data, settings=settings) as site:
        site.start()
        writer = Writer(site)
        what(site, writer, count // len(NAMES), **how)
        try:
            site.wait_for_records(writer.total, seconds=120)
        except processes.Failed as failure:
            print(failure)
        stored = site.records()
        duplicates = site.store.number("select sum(duplicates) from fleet.agents")
        gaps = site.store.ask("select agent, first, last from fleet.gaps")
        missing = site.store.number("select fleet.lost_records()")
        others = site.store.ask("select why, count(*) from fleet.broken group by 1")
        details = " ".join(f"{key}={value}" for key, value in how.items())
        print(f"{what.__name__} {details}: {stored} of {writer.total}, {duplicates} duplicates removed"
              f" ({time.monotonic() - began:.0f} s)", flush=True)
        if gaps:
            print(f"    holes: {gaps}".replace("\n", ", "))
        if others:
            print(f"    broken: {others}")
        # What is not there must have left a hole, unless it was at the end of its session.
        if stored != writer.total and missing == 0:
            print("    nothing names the loss")
        return stored == writer.total and not gaps and not others
