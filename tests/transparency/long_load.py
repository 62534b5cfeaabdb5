#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Servers under load, both ends under the shim: no error, no finding, nothing lost.

redis-benchmark, pgbench, mysqlslap, and wrk against nginx and Apache (prefork and event).  Numbers
of bare runs and of ours are printed, not judged: tests/bench measures.
"""

import os
import re
import signal

import compare
from compare import check, find, forksan_log

import servers  # noqa: E402  (compare has set the path)
from test_servers import environment, nginx, started  # noqa: E402

APACHE_MODULES = "/usr/lib/apache2/modules"


def apache(mpm):
    def files(path, port):
        modules = "\n".join(f"LoadModule {name}_module {APACHE_MODULES}/mod_{name}.so"
                            for name in (f"mpm_{mpm}", "authz_core", "alias", "mime"))
        return {"page": "a page\n" * 1000, "apache.conf": f"""
            {modules}
            ServerName localhost
            ServerRoot {path}
            DocumentRoot {path}
            PidFile {path}/pid
            DefaultRuntimeDir {path}
            ErrorLog {path}/error.log
            TypesConfig /etc/mime.types
            Listen 127.0.0.1:{port}
            StartServers 2
            <Directory />
            Require all granted
            </Directory>
            """}

    return lambda: started(lambda path, port: ["apache2", "-DFOREGROUND",
                                               "-f", f"{path}/apache.conf"],
                           files=files, stop_signal=signal.SIGTERM)


def wrk(it):
    return ["wrk", "-t2", "-c50", "-d5s", f"http://127.0.0.1:{it.port}/page"]


def wrk_errors(text):
    return re.findall(r"^.*(?:Socket errors|Non-2xx).*$", text, re.MULTILINE)


def pgbench(it):
    tool = servers.postgresql_tool("pgbench")
    at = f"-h 127.0.0.1 -p {it.port} -U postgres"
    return ["sh", "-c", f"{tool} -i -q -s 2 {at} postgres 2>&1 && "
                        f"{tool} -c 10 -j 2 -T 5 {at} postgres 2>&1 && "
                        f"{tool} -c 10 -j 2 -T 5 -C -S {at} postgres 2>&1"]


def pgbench_errors(text):
    return [line for line in re.findall(r"number of failed transactions: \d+|.*ERROR.*", text)
            if not line.endswith(": 0")]


def mysqlslap(it):
    return ["mysqlslap", "--no-defaults", "-h", "127.0.0.1", "-P", str(it.port), "-u", it.user,
            f"-p{it.password}", "--create-schema=app", "--auto-generate-sql",
            "--auto-generate-sql-load-type=mixed", "--concurrency=20", "--number-of-queries=20000"]


def redis_benchmark(it):
    return ["redis-benchmark", "-p", str(it.port), "-q", "-n", "20000", "-c", "50", "-P", "4",
            "--threads", "2", "-t", "set,get,incr,lpush,lrange_100,mset"]


def rates(text):
    return ", ".join(re.findall(r"tps = [\d.]+|Requests/sec: *[\d.]+|[\d.]+ requests per second|"
                                r"Average number of seconds.*: [\d.]+", text)[:3])


def load(place, what, needs, server, client, errors=lambda text: re.findall(".*rror.*", text),
         killed=False):
    missing = [program for program in needs.split() if not find(program)]
    if missing:
        print(f"not compared: {what} ({' '.join(missing)} not installed)")
        return
    os.chmod(place.path, 0o755)
    log = place.new_log()
    for shim in (False, True):
        variables = forksan_log.forksan_env(log.path, session=compare.session_name()) if shim else {}
        with environment(variables), server() as it:
            place.fresh(None)
            result = place.once(client(it), dict(os.environ, HOME="/nonexistent"), timeout=120)
        where = "under forksan" if shim else "bare"
        good = result.status == 0 and not errors(result.out + result.err)
        print(f"{what} {where}: status {result.status}, {rates(result.out + result.err)}",
              flush=True)
        if not good and not shim:
            print(f"not judged: {what} fails bare:\n{result}")
            return
        check(good, f"{what} {where}: no errors", result)
    compare.compared += 1
    place.look(what, log, cut=killed)


def main():
    with compare.Place() as place:
        load(place, "redis-benchmark", "redis-server redis-benchmark", servers.redis,
             redis_benchmark, killed=True)
        load(place, "pgbench", "psql", servers.postgresql, pgbench, pgbench_errors)
        load(place, "mysqlslap", "mariadbd mysqlslap", servers.mariadb, mysqlslap)
        load(place, "nginx under wrk", "nginx wrk", nginx, wrk, wrk_errors)
        for mpm in ("prefork", "worker", "event"):
            load(place, f"Apache {mpm} under wrk", "apache2 wrk", apache(mpm), wrk, wrk_errors)
    compare.finish()


if __name__ == "__main__":
    main()
