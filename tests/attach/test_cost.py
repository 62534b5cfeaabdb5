#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a process that is not watched pays for each of its calls: the programs, as the kernel runs them, are executed
here up to their first way out, and their instructions counted.  Before Linux 7.0 nobody pays for the witness of
calls that are passed over."""

import json
import os
import re
import shutil
import subprocess

import attaching
import toolkit
from toolkit import check, finish

attaching.need()
BPFTOOL = shutil.which("bpftool", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
if not BPFTOOL:
    toolkit.skip("bpftool is missing")

MOST = 32  # executed instructions; a call of a helper counts as one
AF_UNIX, AF_INET, IPPROTO_TCP, TCP_SYN_RECV, TCP_ESTABLISHED = 1, 2, 6, 3, 1
# Program; what its socket's family or protocol is, the one field of 16 bits that it looks at; its arguments.
WAYS = {
    "a TCP send": ("on_send", AF_INET, [14, 0]),
    "a TCP receive": ("on_recv", AF_INET, [14, 0]),
    "a send on a unix socket": ("on_send", AF_UNIX, [14, 0]),
    "a receive on a unix socket": ("on_recv", AF_UNIX, [14, 0]),
    "a change of a TCP connection's state": ("on_state", IPPROTO_TCP, [TCP_SYN_RECV, TCP_ESTABLISHED]),
}
HAS_WITNESS = int(os.uname().release.split(".", maxsplit=1)[0]) >= 7
if HAS_WITNESS:
    WAYS["the second program of each such change"] = ("after_state", IPPROTO_TCP, [TCP_SYN_RECV, TCP_ESTABLISHED])
    WAYS["the second program of each send"] = ("after_send", AF_INET, [14, 0])
    WAYS["the second program of each receive"] = ("after_recv", AF_INET, [14, 0])
SOCKET, STACK, OTHER = 1 << 48, 2 << 48, 3 << 48  # addresses
BITS = {0x00: 32, 0x08: 16, 0x10: 8, 0x18: 64}
COMPARE = {0x1: lambda a, b: a == b, 0x2: lambda a, b: a > b, 0x3: lambda a, b: a >= b, 0x4: lambda a, b: a & b != 0,
           0x5: lambda a, b: a != b, 0xa: lambda a, b: a < b, 0xb: lambda a, b: a <= b}
COMPUTE = {0x0: lambda a, b: a + b, 0x1: lambda a, b: a - b, 0x4: lambda a, b: a | b, 0x5: lambda a, b: a & b,
           0x6: lambda a, b: a << b, 0x7: lambda a, b: a >> b, 0xa: lambda a, b: a ^ b, 0xb: lambda a, b: b}


def held_by(watcher, kind):
    """The numbers of its BPF programs (`prog`) or maps (`map`), by name."""
    held = set()
    for number in os.listdir(f"/proc/{watcher}/fdinfo"):
        with open(f"/proc/{watcher}/fdinfo/{number}", encoding="ascii") as info:
            held.update(re.findall(rf"^{kind}_id:\s*(\d+)", info.read(), re.MULTILINE))
    named = {}
    for number in held:
        shown = subprocess.run([BPFTOOL, "-j", kind, "show", "id", number], capture_output=True, text=True, check=True)
        named[json.loads(shown.stdout)["name"]] = number
    return named


def dump_of(number):
    return subprocess.run([BPFTOOL, "prog", "dump", "xlated", "id", number, "opcodes"], capture_output=True, text=True,
                          check=True).stdout


def instructions_of(name):
    """The bytes of that program of the watcher's, by instruction number."""
    if name not in programs:
        toolkit.skip(f"no program {name}: this kernel runs those of kernels before 6.3")
    return {int(index): bytes.fromhex(code.replace(" ", ""))
            for index, code in re.findall(r"^\s*(\d+): \(.*\n\s+((?:[0-9a-f]{2} ?)+)$", dump_of(programs[name]), re.MULTILINE)}


def count(code, field, arguments):
    """How many are executed when no storage is found: neither the process nor the connection is watched."""
    # pylint: disable=too-many-locals
    register = [0] * 11
    register[1], register[10] = OTHER, STACK
    memory = {OTHER + 8 * i: value for i, value in enumerate([SOCKET, *arguments])}
    at = executed = 0
    while True:
        operation, registers = code[at][0], code[at][1]
        to, source = registers & 15, registers >> 4
        offset = int.from_bytes(code[at][2:4], "little", signed=True)
        immediate = int.from_bytes(code[at][4:8], "little", signed=True)
        kind, executed = operation & 7, executed + 1
        operand = register[source] if operation & 8 else immediate
        if operation == 0x95:
            return executed
        if operation == 0x18:  # an address, in two
            register[to] = OTHER + (1 << 32)
            at += 1
        elif operation == 0x85:  # a helper: the task, and no storage
            register[0] = 0
        elif kind == 1 and register[source] == SOCKET and BITS[operation & 0x18] == 16:
            register[to] = field
        elif kind == 1:
            register[to] = memory.get(register[source] + offset, 0) & ((1 << BITS[operation & 0x18]) - 1)
        elif kind in (2, 3):
            memory[register[to] + offset] = register[source] if kind == 3 else immediate
        elif kind in (4, 7):
            mask = (1 << (32 if kind == 4 else 64)) - 1
            register[to] = COMPUTE[operation >> 4](register[to] & mask, operand & mask) & mask
        elif operation in (0x05, 0x06):
            at += offset if operation == 0x05 else immediate
        else:
            mask = (1 << (32 if kind == 6 else 64)) - 1
            if COMPARE[operation >> 4](register[to] & mask, operand & mask):
                at += offset
        at += 1


other = subprocess.Popen(["/bin/sleep", "1000"])  # pylint: disable=consider-using-with
attached = attaching.Attached("--tree", str(other.pid))
try:
    attached.wait_until_watching()
    found = attaching.watcher_of(attached.process)
    programs = held_by(found, "prog")
    for way, (program, value, given) in WAYS.items():
        executed_ = count(instructions_of(program), value, given)
        print(f"{way}: {executed_} instructions")
        check(3 < executed_ <= MOST, f"{way}: at most {MOST} instructions", executed_)
    at_work = f"map[id:{held_by(found, 'map')['working']}]"
    says = {name for name, number in programs.items() if at_work in dump_of(number)}
    witnesses = {name for name in programs if name.startswith("after_")}
    check(bool(witnesses) == HAS_WITNESS, "there are second programs from Linux 7.0 on", programs)
    check(says == ({"on_send", "on_recv", "on_state"} if HAS_WITNESS else set()) | witnesses,
          "who says where it works, says so to a second program", says)
finally:
    attached.leave()
    other.kill()
    other.wait()
finish()
