# SPDX-License-Identifier: MIT
# A connection that a child uses, twice: each call in a function of its own.  Waits at
# the end for a line: what its memory tells is read a moment after the calls.
require 'socket'

def open_it(port)
  TCPSocket.new('127.0.0.1', port) # MARK opened
end

def ask(connection)
  connection.write("PING\r\n") # MARK asked
  connection.recv(64)
end

def start(connection)
  Process.wait(
    fork { # MARK forked
      [1].each { ask(connection) } # MARK used
      exit!(0)
    }
  )
end

def main(port)
  connection = open_it(port)
  ask(connection)
  start(connection)
  ask(connection)
  start(connection)
  $stdin.gets
end

main(ARGV[0].to_i)
