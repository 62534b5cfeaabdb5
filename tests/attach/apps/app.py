# SPDX-License-Identifier: MIT
"""A connection that a child uses, twice: each call in a function of its own.  Before that,
get_acquainted() makes a finding on another connection, and the program waits for a line: who watches from
outside knows by then where the interpreter keeps its frames.  Each line "go" is answered by one more such
connection, another one ends it."""
import os
import socket
import sys


def open_it(port):
    return socket.create_connection(("127.0.0.1", port))  # MARK opened


def ask(connection):
    connection.sendall(b"PING\r\n")  # MARK asked
    connection.recv(64)


def start(connection):
    child = os.fork()  # MARK forked
    if child == 0:
        ask(connection)  # MARK used
        os._exit(0)
    os.waitpid(child, 0)


def get_acquainted(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        child = os.fork()
        if child != 0:
            os.waitpid(child, 0)
        connection.sendall(b"PING\r\n")
        connection.recv(64)
        if child == 0:
            os._exit(0)


def main(port):
    get_acquainted(port)
    while sys.stdin.readline() == "go\n":
        connection = open_it(port)
        ask(connection)
        start(connection)
        ask(connection)
        start(connection)


main(int(sys.argv[1]))
