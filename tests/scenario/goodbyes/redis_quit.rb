# SPDX-License-Identifier: MIT
# Ruby redis: an at_exit handler that was registered before the fork says QUIT in the child, too.
# APP_GUARD=1 keeps the driver's guard, which raises in a child before anything is sent.
require 'redis'

redis = Redis.new(host: '127.0.0.1', port: ENV.fetch('APP_PORT').to_i, reconnect_attempts: 0,
                  inherit_socket: ENV['APP_GUARD'].nil?)
redis.set('name', 'value') # MARK opened
at_exit do
  begin
    redis.quit # MARK quit
  rescue Redis::BaseConnectionError
    # Of the parent: the session has gone.  Of a guarded child: it may not speak.
  end
end
child = fork # MARK forked
exit 0 if child.nil?
Process.wait child
puts "child #{child}"
begin
  raise 'another value' unless redis.get('name') == 'value'
rescue Redis::BaseConnectionError => e
  puts "damage #{e.message}"
end
