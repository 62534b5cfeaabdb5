#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""usage: wire_seeds.py TARGET DIRECTORY

Makes the corpus of a fuzz target of the wire (TARGET: evidence, or wire_ and mysql, postgresql,
redis, memcached, frames, identify or tls) in DIRECTORY: the conversations in tests/unit/recorded and,
for protocols of which none was recorded, first messages written from their documents.
"""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
PROTOCOLS_H = os.path.join(TESTS, "..", "include", "forksan", "protocols.h")

# Fuzzing is for structure: a conversation is not followed to its end, however long.
MAX_BYTES = 4000

# What clients send first, by the name of the protocol; see the heads of shim/wire/*.c.
WRITTEN = {
    "MongoDB": [b"\x1c\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0\0\7\0\0\0hi\0",
                b"\x28\0\0\0\1\0\0\0\0\0\0\0\xd4\7\0\0\4\0\0\0a.$\0\0\0\0\0\1\0\0\0\5\0\0\0\0"],
    "TDS": [b"\x12\1\0\x2f\0\0\0\0\0\0\x1a\0\6" + bytes(34), b"\1\1\0\x0a\0\0\1\0zz",
            b"\6\1\0\x08\0\0\1\0"],
    "Cassandra CQL": [b"\4\0\0\0\1\0\0\0\x16\0\1\0\x0bCQL_VERSION\0\0053.0.0",
                      b"\5\0\0\0\7\0\0\0\x0d\0\0\0\6select\0\1\0"],
    "Neo4j Bolt": [b"\x60\x60\xb0\x17\0\0\4\5\0\2\4\4\0\0\1\4\0\0\0\3", b"\0\3\xb1\1\xa0\0\0",
                   b"\0\2\xb0\2\0\0"],
    "Kafka": [b"\0\0\0\x0a\0\x12\0\0\0\0\0\1\xff\xff", b"\0\0\0\x0a\0\1\0\0\0\0\0\2\xff\xff"],
    "RabbitMQ stream": [b"\0\0\0\x0c\0\x11\0\1\0\0\0\1\0\0\0\0",
                        b"\0\0\0\x0e\0\x16\0\1\0\0\0\2\0\1\0\2OK"],
    "multiprocessing": [b"\0\0\0\3abc", b"\xff\xff\xff\xff\0\0\0\0\0\0\0\2de"],
    "HTTP/2": [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\4\0\0\0\0\0",
               b"\0\0\1\1\4\0\0\0\1z", b"\0\0\x08\7\0\0\0\0\0" b"01234567"],
    "MySQL X": [b"\1\0\0\0\1", b"\5\0\0\0\x0c\x08\1\x10\1"],
    "Oracle TNS": [b"\0\x3a\0\0\1\0\0\0\1\x38\1\x2c\0\0\x20\0\x7f\xff" + bytes(40)],
    "ClickHouse": [b"\0\x0aClickHouse\x17\x0b\xd6\xa9\3", b"\1"],
    "STOMP": [b"CONNECT\naccept-version:1.2\n\n\0", b"DISCONNECT\n\n\0"],
    "SMTP": [b"EHLO a\r\n", b"QUIT\r\n"],
    "TLS": [b"\x16\3\1\0\6\1\0\0\2\3\3", b"\x14\3\3\0\1\1", b"\x17\3\3\0\5hello",
            b"\x15\3\3\0\2\1\0", b"\x17\3\3\0\x13" + bytes(19)],
}


def protocol_names():
    """Returns the protocols' names in the order of enum protocol."""
    with open(PROTOCOLS_H, encoding="ascii") as f:
        return re.findall(r'X\(PROTOCOL_\w+, "([^"]+)", CLASS_', f.read())


def read_recording(path):
    """Returns the protocol's name and [(server speaks, bytes)]."""
    protocol, chunks = None, []
    with open(path, encoding="ascii") as f:
        for line in f:
            if line.startswith("protocol "):
                protocol = line.split(None, 1)[1].strip()
            elif line[0] in "CS":
                chunks.append((line[0] == "S", bytes.fromhex(line[2:])))
    return protocol, chunks


def conversations():
    """Yields (name, protocol's name, [(server speaks, bytes)])."""
    directory = os.path.join(TESTS, "unit", "recorded")
    for name in sorted(os.listdir(directory)):
        if name.endswith(".conv"):
            yield (name[:-len(".conv")], *read_recording(os.path.join(directory, name)))
    for protocol, messages in WRITTEN.items():
        name = "written_" + re.sub(r"\W", "_", protocol)
        yield name, protocol, [(False, message) for message in messages]


def pieces(chunks, most):
    for server, data in chunks:
        for at in range(0, len(data), most):
            yield server, data[at:at + most]


def conversation(chunks):
    """What fuzz_wire.h reads."""
    out = b"\0"  # from the first byte
    for server, piece in pieces(chunks, 127):
        if len(out) + len(piece) < MAX_BYTES:
            out += bytes([len(piece) << 1 | server]) + piece
    return out


def wire_of(wanted):
    def make(_name, protocol, chunks):
        return conversation(chunks) if protocol == wanted else None
    return make


def wire_frames(name, protocol, chunks):
    number = bytes([protocol_names().index(protocol)])
    if protocol in ("PostgreSQL", "Redis", "memcached") or (
            protocol == "MySQL" and name != "mysql_compressed"):
        return None
    if protocol in ("NATS", "STOMP", "beanstalkd", "SMTP", "HTTP"):  # texts
        return number + b"".join(data for server, data in chunks if not server)[:MAX_BYTES]
    return number + conversation(chunks)


def wire_identify(_name, _protocol, chunks):
    client = b"".join(data for server, data in chunks if not server)[:32]
    return bytes([len(client)]) + client + b"".join(d for server, d in chunks if server)[:32]


def wire_tls(name, _protocol, chunks):
    """The client's records alone: a hello may stand behind a request for TLS.  The server's are in
    tests/unit/test_wire_tls.c."""
    if not name.endswith(("_tls", "_TLS")):
        return None
    records = [data for server, data in chunks if not server and data[0] == 0x16]
    return b"\0" + b"".join(records)[:MAX_BYTES]


def evidence(name, protocol, chunks):
    """What fuzz_evidence.c reads: every second exchange is another process's."""
    out, who, spoke = bytes([0, protocol_names().index(protocol)]), 0, True
    for server, piece in pieces(chunks, 255):
        if spoke and not server:
            who ^= 1
        spoke = server
        if len(out) + len(piece) < MAX_BYTES:
            out += bytes([who | server << 2, len(piece)]) + piece
    return out


MAKERS = {
    "wire_mysql": wire_of("MySQL"),
    "wire_postgresql": wire_of("PostgreSQL"),
    "wire_redis": wire_of("Redis"),
    "wire_memcached": wire_of("memcached"),
    "wire_frames": wire_frames,
    "wire_identify": wire_identify,
    "wire_tls": wire_tls,
    "evidence": evidence,
}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in MAKERS:
        sys.exit(__doc__.split("\n", 1)[0])
    target, directory = arguments
    os.makedirs(directory, exist_ok=True)
    for name, protocol, chunks in conversations():
        seed = MAKERS[target](name, protocol, chunks)
        if seed is not None:
            with open(os.path.join(directory, name), "wb") as f:
                f.write(seed)


if __name__ == "__main__":
    main(sys.argv[1:])
