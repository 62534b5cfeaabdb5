# SPDX-License-Identifier: MIT
# A Rack application that connects when it is loaded: Puma in cluster mode with preload_app!, pg.

require 'pg'

module Shop
  def self.open_database
    place = { host: '127.0.0.1', port: ENV.fetch('DB_PORT'), user: ENV.fetch('DB_USER'),
              dbname: ENV.fetch('DB_NAME') }
    PG.connect(**place) # MARK opened
  end

  DATABASE = open_database
  LOCK = Mutex.new

  def self.count
    LOCK.synchronize do
      DATABASE.exec('select count(*) as n from t').first # MARK used
    end
  end
end

run ->(_env) { [200, { 'Content-Type' => 'text/plain' }, ["#{Process.pid} #{Shop.count}\n"]] }
