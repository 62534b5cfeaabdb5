# SPDX-License-Identifier: MIT
# A connection by the driver that APP_DRIVER names: mysql2, pg, redis, bunny.
DRIVER = ENV.fetch('APP_DRIVER')
require DRIVER
HOST = ENV.fetch('APP_HOST')
PORT = ENV.fetch('APP_PORT').to_i

# The same question for all drivers: what stands under this number?
class Connection
  def initialize
    @handle = send(DRIVER)
  end

  def ask(number)
    case DRIVER
    when 'mysql2'
      row = @handle.query("select id from t where id = #{number}").first
      row && row['id']
    when 'pg'
      row = @handle.exec_params('select id from t where id = $1', [number]).first
      row && row['id'].to_i
    when 'redis'
      @handle.get("k#{number}")&.to_i
    when 'bunny'
      @handle.queue_declare("q#{number % 5 + 1}", passive: true).queue[1..].to_i
    end
  end

  private

  def mysql2
    Mysql2::Client.new(host: HOST, port: PORT, username: ENV['APP_USER'], password: ENV['APP_PASSWORD'],
                       database: ENV['APP_DATABASE'])
  end

  def pg
    PG.connect(host: HOST, port: PORT, user: ENV['APP_USER'], dbname: ENV['APP_DATABASE'], sslmode: 'disable')
  end

  # inherit_socket: without it the driver raises in a child, whatever else happens.
  def redis
    redis = Redis.new(host: HOST, port: PORT, inherit_socket: true, reconnect_attempts: 0, timeout: 10)
    redis.mset(*(1..1000).flat_map { |number| ["k#{number}", number] })
    redis
  end

  def bunny
    session = Bunny.new(host: HOST, port: PORT, heartbeat: 0, threaded: false, automatically_recover: false,
                        continuation_timeout: 5000)
    session.start
    channel = session.create_channel
    (1..5).each { |number| channel.queue("q#{number}") }
    channel
  end
end
