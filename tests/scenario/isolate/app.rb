# SPDX-License-Identifier: MIT
# The contract is in app.py.  APP_DRIVER: mysql2, pg, redis, bunny.
require_relative 'connection'

def work(connection)
  counts = { right: 0, wrong: 0, empty: 0, error: 0 }
  50.times do
    number = rand(1..99)
    expected = DRIVER == 'bunny' ? number % 5 + 1 : number
    begin
      answer = connection.ask(number)
    rescue StandardError => e
      counts[:error] += 1
      warn "#{Process.pid}: #{e.class}: #{e.message}"
      connection = Connection.new
      next
    end
    counts[answer.nil? ? :empty : answer == expected ? :right : :wrong] += 1
  end
  $stdout.write("#{counts.map { |name, count| "#{name} #{count}" }.join(' ')}\n")
  $stdout.flush
end

connection = Connection.new
connection.ask(1)
go, start = IO.pipe
pids = Array.new(2) do
  fork do
    start.close
    go.read
    work(connection)
  end
end
start.close
work(connection)
pids.each { |pid| Process.wait(pid) }
