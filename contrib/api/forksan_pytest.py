# SPDX-License-Identifier: MIT
"""A pytest plugin: a test fails when forksan has counted a violation during it.

    LD_PRELOAD=.../libforksan.so pytest -p forksan_pytest
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import forksan  # noqa: E402


@pytest.fixture(autouse=True)
def no_violation():
    before = forksan.findings()
    yield
    new = forksan.findings() - before
    if new:
        pytest.fail(f"forksan has counted {new} violation{'s' * (new > 1)}: a connection is shared over a fork, "
                    "and forksan's report says where", pytrace=False)
