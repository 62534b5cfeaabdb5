# SPDX-License-Identifier: MIT
"""gunicorn configuration: as dispose.py, and the old pool is really gone.

A SQLAlchemy pool and its connections refer to each other, so dispose(close=False) alone leaves the
inherited descriptor open until Python's next full collection.
"""

import gc


def post_fork(_server, _worker):
    import pool
    pool.engine.dispose(close=False)
    gc.collect()
