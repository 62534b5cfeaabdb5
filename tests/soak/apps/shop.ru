# SPDX-License-Identifier: MIT
# The same shop in Ruby; see shop.py.
require 'mysql2'
require 'pg'
require 'redis'

module Shop
  def self.connect
    [Mysql2::Client.new(host: '127.0.0.1', port: ENV.fetch('MYSQL_PORT').to_i, username: 'app', password: 'secret',
                        database: 'app', read_timeout: 2),
     PG.connect(host: '127.0.0.1', port: ENV.fetch('PG_PORT'), user: 'postgres', dbname: 'postgres'),
     Redis.new(host: '127.0.0.1', port: ENV.fetch('REDIS_PORT').to_i, timeout: 2, inherit_socket: true)
          .tap(&:ping)]
  end

  DIRTY = ENV['SOAK_DIRTY'] == '1'
  LOCK = Mutex.new
  MINE = DIRTY ? { 0 => connect } : {}

  def self.serve
    LOCK.synchronize do
      database, store, cache = (MINE[DIRTY ? 0 : Process.pid] ||= connect)
      database.query('select name from t where id = 7').to_a
      store.exec('select name from t where id = 7').to_a
      cache.ping
      200
    rescue StandardError
      500
    end
  end
end

run ->(_env) { [Shop.serve, { 'Content-Type' => 'text/plain' }, [Process.pid.to_s]] }
