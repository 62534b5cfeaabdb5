#!/usr/bin/ruby
# SPDX-License-Identifier: MIT
# Ruby pg: the finalizer of the child's copy calls PQfinish(), which sends Terminate.
require 'pg'

$stdout.sync = true
connection = PG.connect(host: '127.0.0.1', port: ENV['APP_PORT'], user: 'postgres') # MARK opened
connection.exec('select 1')
child = fork # MARK forked
exit if child.nil?
Process.wait(child)
puts "child #{child}"
begin
  connection.exec('select 1')
rescue PG::Error => e
  puts "damage #{e.message.lines.first}"
end
