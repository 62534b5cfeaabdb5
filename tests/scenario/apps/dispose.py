# SPDX-License-Identifier: MIT
"""gunicorn configuration: SQLAlchemy's documented remedy for an engine made before the fork."""


def post_fork(_server, _worker):
    import pool
    pool.engine.dispose(close=False)
