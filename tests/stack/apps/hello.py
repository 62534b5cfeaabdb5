# SPDX-License-Identifier: MIT
"""Another application beside, so that a host gives each an interpreter of its own."""


def application(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello\n"]


app = application
