# SPDX-License-Identifier: MIT
# As example.c, from Ruby.
require 'socket'
require_relative '../forksan'

CONNECTION = TCPSocket.new('127.0.0.1', ENV.fetch('APP_PORT').to_i)
FD = CONNECTION.fileno
$stdout.sync = true

def ping
  CONNECTION.write("PING\r\n")
  raise unless CONNECTION.read(7) == "+PONG\r\n"
end

def in_child
  Process.wait(fork do
    yield
    exit!(0)
  end)
end

ping
Forksan.label(FD, 'orders-db')
puts "active #{Forksan.active}", "open #{Forksan.check}"
in_child do
  Forksan.hand_over(FD)
  ping
  Forksan.hand_over(FD)
end
ping
in_child do
  Forksan.ignore(FD)
  ping
end
puts "findings #{Forksan.findings}"
in_child { ping }
ping
puts "findings #{Forksan.findings}"
