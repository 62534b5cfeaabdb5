# SPDX-License-Identifier: MIT
# A connection that a child uses, twice: each call in a function of its own.  Before that,
# get_acquainted() makes a finding on another connection, and the program waits for a line: who watches from
# outside knows by then where the interpreter keeps its frames.  Each line "go" is answered by one more such
# connection, another one ends it.
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

def get_acquainted(port)
  connection = TCPSocket.new('127.0.0.1', port)
  child = fork
  Process.wait(child) if child
  connection.write("PING\r\n")
  connection.recv(64)
  exit!(0) unless child
  connection.close
end

def main(port)
  get_acquainted(port)
  while $stdin.gets == "go\n"
    connection = open_it(port)
    ask(connection)
    start(connection)
    ask(connection)
    start(connection)
  end
end

main(ARGV[0].to_i)
