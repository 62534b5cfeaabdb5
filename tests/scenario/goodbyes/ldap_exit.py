# SPDX-License-Identifier: MIT
"""libldap has no guard: a forked child that merely exits unbinds the parent's session, from the
destructor of the connection it never used.  APP_GUARD=1 leaves with os._exit(), which runs no
destructor."""

import os
import sys

import ldap


def search():
    return directory.search_s("", ldap.SCOPE_BASE, "(objectClass=*)", ["namingContexts"])


directory = ldap.initialize(f"ldap://127.0.0.1:{os.environ['APP_PORT']}")
directory.simple_bind_s("cn=admin,dc=example", "secret")  # MARK opened
search()
child = os.fork()  # MARK forked
if child == 0:
    if os.environ.get("APP_GUARD"):
        os._exit(0)
    sys.exit(0)
os.waitpid(child, 0)
print("child", child, flush=True)
try:
    search()
except ldap.LDAPError as error:
    print("damage", error)
