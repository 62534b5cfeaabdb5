# SPDX-License-Identifier: MIT
# One connection, made when the application is loaded, for all workers; GET /id/<n> as in web.py.
require_relative 'connection'

if defined?(PhusionPassenger)
  warn "master pid=#{Process.pid}"
  PhusionPassenger.on_event(:starting_worker_process) { warn "worker pid=#{Process.pid}" }
end

connection = Connection.new
connection.ask(1)
lock = Mutex.new

run lambda { |env|
  number = env['PATH_INFO'][/\d+/].to_i
  headers = { 'Content-Type' => 'text/plain', 'X-Pid' => Process.pid.to_s }
  begin
    answer = lock.synchronize { connection.ask(number) }
  rescue StandardError => e
    lock.synchronize { connection = Connection.new }
    warn "#{Process.pid}: #{e.class}: #{e.message}"
    next [500, headers, ["error\n"]]
  end
  [200, headers, [answer.to_s]]
}
