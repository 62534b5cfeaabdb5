# SPDX-License-Identifier: MIT
preload_app true
worker_processes 2
before_fork { |server, _worker| server.logger.info("master pid=#{Process.pid}") }
after_fork { |server, worker| server.logger.info("worker=#{worker.nr} spawned pid=#{Process.pid}") }
