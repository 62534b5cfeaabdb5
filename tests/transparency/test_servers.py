#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clients and servers that we did not write, both ends with and without the shim.

Each server is started bare and under the shim; its client talks to both, bare and under the shim.
All four answers are equal, nothing is found, and the servers under the shim end their sessions.
"""

import contextlib
import os
import signal

import compare
from compare import check, find, forksan_log

import processes  # noqa: E402  (compare has set the path)
import servers  # noqa: E402

FOUR_ROWS = "select id, name from t where id < 5 order by id;"


@contextlib.contextmanager
def environment(variables):
    """os.environ replaced: what servers.py starts its servers with."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update({**forksan_log.bare_env(), **variables, "HOME": "/nonexistent"})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def compare_server(place, needs, what, server, client, killed=False):
    """`server()` is a context manager that yields what `client(it)` makes an argument list of.
    `needs`: programs.  `killed`: the signal that stops the server gives it no chance to say
    goodbye."""
    missing = [program for program in needs.split() if not find(program)]
    if missing:
        print(f"not compared: {what} ({' '.join(missing)} not installed)")
        return
    answers = []
    log = place.new_log()
    # The servers' user must reach and write it, whoever made the directory.
    os.chmod(place.path, 0o755)
    for shim in (False, True):
        variables = forksan_log.forksan_env(log.path, session=compare.session_name()) if shim else {}
        with environment(variables), server() as it:
            argv = client(it)
            answers.append(place.same(f"{what} client of a server {'under forksan' * shim}", argv))
    place.look(f"{what} server", log, cut=killed)
    if answers[0] is None:
        return
    check(answers[0] == answers[1], f"{what}: both servers answer the same",
          compare.difference(*answers))
    check(answers[0].status == 0, f"{what}: the client succeeds", answers[0])


@contextlib.contextmanager
def started(command, ready_bytes=b"", files=None, **options):
    """A server in a directory of its own; ready when it accepts connections.  `command(path, port)`
    returns its arguments; `files` are written before."""
    with processes.directory("forksan-served-") as path:
        def argv(port):
            for name, text in (files or (lambda path, port: {}))(path, port).items():
                servers.write_file(os.path.join(path, name), text)
            return command(path, port)

        def ping(port):
            try:
                with servers.socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
                    if ready_bytes:
                        return peer.recv(len(ready_bytes)) == ready_bytes
                    return True
            except OSError:
                return False

        with servers.started(path, argv, ping, **options) as (process, port):
            yield servers.Server(process, path, port)


def nginx(prefix=()):
    """`prefix` is a command that becomes the server."""
    def files(path, port):
        return {"page": "a page\n" * 1000, "nginx.conf": f"""
            daemon off; worker_processes 2; pid {path}/pid; error_log {path}/error.log;
            events {{ }}
            http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p;
                    fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;
                    server {{ listen 127.0.0.1:{port}; root {path};
                              location /proxy {{ proxy_pass http://127.0.0.1:{port}/page; }} }} }}
            """}

    return started(lambda path, port: [*prefix, "nginx", "-p", path, "-e", f"{path}/error.log", "-c",
                                       f"{path}/nginx.conf"],
                   files=files, stop_signal=signal.SIGQUIT)


def openssl():
    def command(path, port):
        servers.subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj",
             "/CN=localhost", "-keyout", f"{path}/key", "-out", f"{path}/cert"],
            check=True, stdout=servers.subprocess.DEVNULL, stderr=servers.subprocess.DEVNULL)
        os.chmod(f"{path}/key", 0o644)
        return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-key", f"{path}/key",
                "-cert", f"{path}/cert", "-www", "-quiet"]

    return started(command)


def git_daemon():
    def command(path, port):
        script = f"""
            cd {path} && mkdir -p repository && cd repository && git init -q -b main . &&
            for i in 1 2 3 4 5; do seq $i 2000 >file$i; git add file$i;
            GIT_COMMITTER_DATE='2020-01-01 00:00 +0000' GIT_AUTHOR_DATE='2020-01-01 00:00 +0000' \\
            git -c user.name=n -c user.email=e@x commit -q -m $i; done"""
        servers.run_dropped(["sh", "-c", script], path)
        return ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={path}",
                "--listen=127.0.0.1", f"--port={port}"]

    return started(command)


def main():
    with compare.Place() as place:
        compare_server(place, "nginx curl", "curl and nginx", nginx, lambda it: [
            "curl", "-sS", "--http1.1", *[f"http://127.0.0.1:{it.port}/{page}"
                                          for page in ("page", "none", "proxy")]])
        compare_server(place, "openssl", "openssl s_client and s_server", openssl, lambda it: [
            "sh", "-c", f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | openssl s_client -quiet -connect "
                        f"127.0.0.1:{it.port} 2>/dev/null | grep -c '<HTML>'"], killed=True)
        compare_server(place, "openssl curl", "curl and TLS", openssl, lambda it: [
            "sh", "-c", f"curl -sSk https://127.0.0.1:{it.port}/ | grep -c '<HTML>'"], killed=True)
        compare_server(place, "git", "git clone and git daemon", git_daemon, lambda it: [
            "sh", "-c", f"git clone -q git://127.0.0.1:{it.port}/repository r && cd r && "
                        "git log --format=%H%s && git fsck"], killed=True)
        compare_server(place, "redis-server redis-cli", "redis-cli", servers.redis, lambda it: [
            "sh", "-c", f"redis-cli -p {it.port} flushall; redis-cli -p {it.port} set k v; "
                        f"redis-cli -p {it.port} -r 3 get k; "
                        f"seq 500 | sed 's/.*/lpush l &/' | redis-cli -p {it.port} | tail -1; "
                        f"redis-cli -p {it.port} --pipe </dev/null | tail -1"], killed=True)
        compare_server(place, "psql", "psql", servers.postgresql, lambda it: [
            "psql", "-X", "-h", "127.0.0.1", "-p", str(it.port), "-U", "postgres", "-c", FOUR_ROWS,
            "-c", "set client_min_messages = error; drop table if exists made", "-c", "create table made as select * from t",
            "-c", "vacuum analyze t", "-c", "\\! echo shell",
            "-c", "copy (select * from t order by id limit 3) to program 'cat >/dev/null'"])
        compare_server(place, "mysql mariadbd", "mysql", servers.mariadb, lambda it: [
            "mysql", "--no-defaults", "-h", "127.0.0.1", "-P", str(it.port), "-u", it.user,
            f"-p{it.password}", it.database, "-e",
            FOUR_ROWS + "create or replace table made as select * from t; \\! echo shell"])
    compare.finish()


if __name__ == "__main__":
    main()
