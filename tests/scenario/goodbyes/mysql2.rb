#!/usr/bin/ruby
# SPDX-License-Identifier: MIT
# Ruby mysql2: the finalizer of the child's copy says goodbye when the child exits.
require 'mysql2'

$stdout.sync = true
client = Mysql2::Client.new( # MARK opened
  host: '127.0.0.1', port: ENV['APP_PORT'].to_i, username: 'app', password: 'secret', database: 'app'
)
client.query('select 1')
child = fork # MARK forked
exit if child.nil?
Process.wait(child)
puts "child #{child}"
begin
  client.query('select 1')
rescue Mysql2::Error => e
  puts "damage #{e.message}"
end
