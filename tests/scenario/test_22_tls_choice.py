#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that offers several protocols inside TLS speaks the one that the server chooses: up to TLS
1.2 the choice stands in the clear, and a finding names it; TLS 1.3 hides it."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import scenario
import servers

# Two children use their parent's session, one after the other.
CLIENT = """
import os, socket, ssl, sys
port, authority, offer = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")
context = ssl.create_default_context(cafile=authority)
context.set_alpn_protocols(offer)
session = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
print(session.version(), session.selected_alpn_protocol())
sys.stdout.flush()
for _ in range(2):
    if os.fork() == 0:
        try:
            session.sendall(b"abc\\n")
            session.recv(100)
        except OSError:
            pass
        os._exit(0)
    os.wait()
os._exit(0)
"""


class TlsChoice(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.tls = self.stack.enter_context(servers.certificates())

    def check(self, options, offer, spoken, protocol, kind):
        """`spoken`: version and choice as the client was told."""
        with servers.reversing(self.tls, *options) as server:
            log = self.new_log()
            client = subprocess.run(["/usr/bin/python3", "-c", CLIENT, str(server.port),
                                     self.tls.authority, offer], check=True, timeout=60,
                                    env=forksan_log.forksan_env(log.path), text=True,
                                    stdout=subprocess.PIPE)
        self.assertEqual(spoken, client.stdout.strip())
        log.wait_for_summary()
        log.validate()
        shared = log.findings(kind="shared-use")
        self.assertEqual(1, len(shared), log.kinds)
        connection = shared[0]["connection"]
        self.assertEqual((protocol, kind, "localhost"),
                         (connection["protocol"], connection["class"], connection["server_name"]))

    def test_tls_1_2_names_the_choice(self):
        both = "h2,http/1.1"
        self.check(["-tls1_2", "-alpn", "h2"], both, "TLSv1.2 h2", "HTTP/2", "http")
        self.check(["-tls1_2", "-alpn", "http/1.1"], both, "TLSv1.2 http/1.1", "HTTP", "http")
        self.check(["-tls1_2"], both, "TLSv1.2 None", "HTTP", "http")
        self.check(["-tls1_2", "-alpn", "mqtt"], "h2,mqtt", "TLSv1.2 mqtt", "MQTT", "broker")
        self.check(["-tls1_2", "-alpn", "own"], both + ",own", "TLSv1.2 own", "TLS", "tls")

    def test_tls_1_3_hides_the_choice(self):
        self.check(["-tls1_3", "-alpn", "h2"], "h2,http/1.1", "TLSv1.3 h2", "HTTPS", "http")
        self.check(["-tls1_3", "-alpn", "mqtt"], "h2,mqtt", "TLSv1.3 mqtt", "TLS", "tls")


if __name__ == "__main__":
    scenario.main()
