#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A stack that one process took is named by `forksan report` from the log that another wrote, also
where it leads through a library that only the first has loaded; a library that was replaced gives no
names."""

import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import probe  # noqa: E402

SOURCE = os.path.join(probe.PROGRAMS, "elsewhere.c")


class NamedElsewhere(hosts.HostTest):
    def build(self, output, *arguments):
        path = os.path.join(self.directory, output)
        subprocess.run([os.environ.get("CC", "cc"), "-O1", "-g", "-D_GNU_SOURCE",
                        "-Wl,--build-id", "-o", path, SOURCE, *arguments, "-ldl"], check=True)
        return path

    def library_frames(self, library, meanwhile=lambda: None):
        """The frames of the other's use that lie in the library.  meanwhile() is called when it has
        been loaded and used, before the second child starts."""
        program = self.build("elsewhere")
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()

            def answer():
                """A Redis that knows PING: from the parent, the library, the second child."""
                connection, _ = listener.accept()
                with connection:
                    for who in ("parent", "library", "second"):
                        connection.recv(64)
                        if who == "library":
                            meanwhile()
                        connection.sendall(b"+PONG\r\n")

            server = threading.Thread(target=answer)
            server.start()
            subprocess.run([program, str(listener.getsockname()[1]), library], check=True,
                           env=self.environment(), timeout=30)
            server.join()
        self.log.validate()
        finding = [finding for finding in self.reported() if finding["kind"] == "shared-use"][-1]
        return [frame for frame in finding["stacks"]["other_use"]
                if frame.get("module") == library]

    def reported(self):
        """The findings with the names that the log could not have."""
        return [kind["example"] for bug in self.log.report()["bugs"] for kind in bug["kinds"]]

    def test_a_library_that_only_the_other_has_loaded(self):
        library = self.build("library.so", "-shared", "-fPIC", "-DLIBRARY")
        frames = self.library_frames(library)
        self.assertEqual(["use_inside_library", "use_from_library"],
                         [frame["function"] for frame in frames])
        with open(library, "rb") as file:
            self.assertIn(bytes.fromhex(frames[0]["build_id"]), file.read())

    def test_a_library_that_was_replaced(self):
        library = self.build("library.so", "-shared", "-fPIC", "-DLIBRARY")
        # the same code at the same addresses, under another build-id
        fresh = self.build("fresh.so", "-shared", "-fPIC", "-DLIBRARY",
                           "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567")
        frames = self.library_frames(library, lambda: os.rename(fresh, library))
        # The file's names are not asked for.  What is exported was named by the process that had the old
        # library mapped, when it wrote the stack's record.
        self.assertEqual([None, "use_from_library"], [frame.get("function") for frame in frames])


if __name__ == "__main__":
    hosts.main()
