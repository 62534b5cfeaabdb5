# SPDX-License-Identifier: MIT
"""Imported by Python while it starts, when this directory is in PYTHONPATH."""

import socket


def connect_at_start():
    socket.socket().connect_ex(("127.0.0.1", 9))


connect_at_start()
