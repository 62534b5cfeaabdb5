#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Common commands do the same with and without the shim: exit status, output, messages."""

import os

import compare

TEXT = "".join(f"{(i * 7919) % 1000:04d} line {i} of the text\n" for i in range(2000))

PERL = r"""
use strict; use IO::Socket::INET; use IO::Handle;
my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1") or die;
my $pid = fork // die;
if (!$pid) {
    my $peer = $listener->accept; my $line = <$peer>; print $peer "you said: $line"; exit 3;
}
my $client = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $listener->sockport);
print $client "hello\n"; print scalar <$client>; waitpid $pid, 0; print $? >> 8, "\n";
open(my $pipe, "-|", "echo from a pipe") or die; print <$pipe>;
print `echo backticks`; system("exit 4;"); print $? >> 8, "\n";
"""

PYTHON = r"""
import os, signal, socket, subprocess, sys, threading, multiprocessing, tempfile
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 5"], capture_output=True))
print(subprocess.check_output(["tr", "a-z", "A-Z"], input=b"close_fds", close_fds=True))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(abs, range(-5, 5)))
one, two = socket.socketpair()
thread = threading.Thread(target=lambda: two.sendall(two.recv(100)[::-1]))
thread.start(); one.sendall(b"stressed"); print(one.recv(100)); thread.join()
pid = os.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", "kill -TERM $$"])
print(os.waitpid(pid, 0)[1])
print(os.posix_spawn("/bin/true", ["true"], {}) > 0, os.wait()[1])
print(sorted(os.listdir("/proc/self/fd")))
print(len(os.urandom(10)), os.pipe2(os.O_CLOEXEC))
sys.exit(7)
"""

BASH = r"""
set -o pipefail
echo pipe | tr a-z A-Z | sed 's/P/Q/'
(exit 3); echo $?
coproc CAT { cat; }; echo through coproc >&"${CAT[1]}"; read -r line <&"${CAT[0]}"; echo "$line"
fd=${CAT[1]}; exec {fd}>&-; wait "$CAT_PID"; echo "coproc $?"
diff <(seq 1 5) <(seq 2 6); echo "diff $?"
cat <<< "here string"
trap 'echo trapped' USR1; kill -USR1 $$
for i in 1 2 3 4 5 6 7 8; do (sleep 0.0$i; exit "$i") & done; wait; echo "waited $?"
exec 9>&1; echo to nine >&9; exec 9>&-; echo to nine >&9
exec 3<>/dev/null 4<&3; ls /proc/self/fd
ulimit -n; nohup echo nohup 2>&1
false | true; echo "pipefail $?"
kill -9 $$
"""

RUBY = r"""
require "socket"
a, b = UNIXSocket.pair
pid = fork { a.close; b.write(b.readpartial(10).reverse); exit! 6 }
b.close; a.write("drawer"); puts a.read; Process.wait pid; puts $?.exitstatus
puts IO.popen("cat", "r+") { |io| io.write "popen"; io.close_write; io.read }
puts `echo backticks`; Thread.new { puts "thread" }.join; system("exit 2"); puts $?.exitstatus
puts spawn("true").positive?; Process.wait
"""

NODE = r"""
const net = require("net"), child = require("child_process");
const server = net.createServer(c => c.on("data", d => c.end("echo " + d))).listen(0, () => {
  const c = net.connect(server.address().port, "127.0.0.1", () => c.write("node"));
  c.on("data", d => console.log(String(d))).on("close", () => {
    server.close();
    console.log(String(child.execSync("echo child")));
    console.log(child.spawnSync("sh", ["-c", "exit 3"]).status);
    const t = new (require("worker_threads").Worker)("process.exit(4)", {eval: true});
    t.on("exit", code => { console.log("worker", code); process.exitCode = 9; });
  });
});
"""

PHP = r"""
$pair = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
fwrite($pair[0], "pair\n"); echo fgets($pair[1]);
echo shell_exec("echo shell"); exec("exit 3", $out, $status); echo $status, "\n";
$p = proc_open(["tr", "a-z", "A-Z"], [["pipe", "r"], ["pipe", "w"]], $pipes);
fwrite($pipes[0], "proc"); fclose($pipes[0]); echo stream_get_contents($pipes[1]), "\n";
echo proc_close($p), "\n"; foreach (glob("/proc/self/fd/*") as $fd) echo basename($fd), " ";
exit(8);
"""

MAKEFILE = "all: a b c\n\t@cat a b c\n%:\n\t@sleep 0.02; echo made $@ >$@; cat $@\n"
HELLO = '#include <stdio.h>\nint main(void) { return puts("hello") < 0; }\n'


# Their last process is killed, or goes on without us.
CUT = ("env -i", "bash", "socat")


def write(name, text):
    def prepare(directory):
        with open(os.path.join(directory, name), "w", encoding="ascii") as out:
            out.write(text)
    return prepare


def shell(text):
    return ["sh", "-c", text]


def main():
    text = write("text", TEXT)
    makefile = write("Makefile", MAKEFILE)
    hello = write("hello.c", HELLO)
    cases = (
        ("ls", ["ls", "-la", "/usr/lib/gcc"], None),
        ("ls fails", ["ls", "/nonexistent"], None),
        ("cat", ["cat", "text", "-"], text),
        ("sort in parallel", ["sort", "--parallel=4", "-S", "50K", "-r", "text"], text),
        ("grep", ["grep", "-c", "9 of", "text"], text),
        ("grep finds nothing", ["grep", "nothing", "text"], text),
        ("find", ["find", "/usr/share/perl5", "-name", "*.pm", "-exec", "wc", "-c", "{}", "+"],
         None),
        ("tar and gzip", shell("tar czf a.tgz text && tar tzf a.tgz && gzip -dc a.tgz | wc -c"),
         text),
        ("xz with threads", shell("xz -T2 -k text && xz -dc text.xz | cksum"), text),
        ("zstd with threads", shell("zstd -q -T2 text && zstd -dcq text.zst | cksum"), text),
        ("awk", ["awk", '{ s += $1; "echo " NR | getline x } END { print s, x }', "text"],
         write("text", TEXT[:2000])),
        ("sed", ["sed", "-i", "-e", "s/line/LINE/w out", "text"], text),
        ("split and cksum", shell("split -n 5 --filter='cksum' text"), text),
        ("xargs", shell("seq 1 60 | xargs -P 4 -n 3 echo | sort")),
        ("dd, tee, head, tail",
         shell("dd if=/dev/zero bs=4k count=100 status=none | tee z | head -c 7 | od -c; "
               "tail -n 2 text"), text),
        ("yes stopped by SIGPIPE", ["bash", "-o", "pipefail", "-c", "yes | head -1; echo $?"]),
        ("timeout", ["timeout", "0.2", "sleep", "5"]),
        ("env -i", ["env", "-i", "/bin/sh", "-c", "env; echo $LD_PRELOAD"]),
        ("setsid and nohup", shell("setsid -w sh -c 'exit 5'; echo $?; nohup true; echo $?")),
        ("a core is not dumped", ["bash", "-c", "ulimit -c 0; sh -c 'kill -SEGV $$'; echo $?"]),
        ("bash", ["bash", "-c", BASH]),
        ("dash", ["dash", "-c", BASH.replace("set -o pipefail", "").split("coproc")[0]]),
        ("perl", ["/usr/bin/perl", "-e", PERL]),
        ("python", ["/usr/bin/python3", "-c", PYTHON]),
        ("ruby", ["/usr/bin/ruby", "-e", RUBY]),
        ("node", ["/usr/bin/node", "-e", NODE]),
        ("php", ["/usr/bin/php", "-r", PHP]),
        ("make -j", ["sh", "-c", "make -j3 | sort"], makefile),
        ("gcc", shell("gcc -O2 -pipe -o hello hello.c && ./hello"), hello),
        ("gcc -flto with workers", shell("gcc -flto=2 -O1 -o hello hello.c && ./hello"), hello),
        ("git", shell("git init -q . && git -c user.name=n -c user.email=e@x commit -q "
                      "--allow-empty -m m && git log --format=%s && git gc -q && git fsck")),
        ("openssl speed of digests", shell("openssl dgst -sha256 text; openssl rand -hex 4 | wc -c"),
         text),
        ("gdb", ["gdb", "-nx", "-batch", "-ex", "run", "-ex", "info inferiors", "/bin/true"]),
        ("strace -f", shell("strace -f -o trace -e trace=execve sh -c 'true; /bin/true'; "
                            "grep -c exited trace")),
        ("script with #!", shell("printf '#!/bin/sh\\necho $0 $1; exit 3\\n' >s; chmod +x s; ./s x")),
        ("sqlite3", ["sqlite3", "db", "create table t(i); insert into t values (1), (2); "
                     "select sum(i) from t;"]),
        ("jq", ["jq", "-n", "[range(5)] | add"]),
        ("bc", shell("echo '2^100' | bc")),
        ("getent", ["getent", "passwd", "root", "nobody"]),
        ("logger without a daemon", ["logger", "-s", "to nobody"]),
        ("rsync over a pipe", shell("mkdir a b; echo x >a/f; rsync -a -e 'sh -c \"shift; exec "
                                    "\\$@\" --' --rsync-path=rsync a/ h:b/ 2>&1 | wc -l; "
                                    "rsync -a a/ b/ && cat b/f")),
        ("socat", shell("echo to socat | socat - SYSTEM:'tr a-z A-Z'")),
    )
    forget = (
        r"0x[0-9a-f]+|\(process \d+\)|process \d+|\[Inferior .*",  # gdb
        r"\[\d+\]|(?<=line )\d+(?=: )|^.*nohup: .*$",
        r"\d+ \w+ +\d+ \d\d:\d\d",  # ls -l
        r"\b(?:Nov|Dec|Jan)\b.*\d\d:\d\d:\d\d.*? to nobody|(?<=bash: line )\d+|"
        r"(?<=\[)\d+(?=\])|<13>.*",
        r"^.*(?:Killed|Segmentation fault).*$",
    )
    with compare.Place() as place:
        for what, argv, *prepare in cases:
            place.same(what, argv, prepare=prepare[0] if prepare else None, forget=forget,
                       cut=what in CUT)
    compare.finish()


if __name__ == "__main__":
    main()
