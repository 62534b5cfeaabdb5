# SPDX-License-Identifier: MIT
# What shop_unicorn.ru serves; beside it because Unicorn counts the lines of a .ru file from 2.

require 'mysql2'

class Repository
  def self.open_database
    place = { host: '127.0.0.1', port: ENV.fetch('DB_PORT').to_i, database: ENV.fetch('DB_NAME'),
              username: ENV.fetch('DB_USER'), password: ENV.fetch('DB_PASSWORD') }
    Mysql2::Client.new(place) # MARK opened
  end

  def initialize
    @database = Repository.open_database
  end

  def count
    @database.query('select count(*) as n from t').first # MARK used
  end
end
