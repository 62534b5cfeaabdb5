# SPDX-License-Identifier: MIT
# A Rack application that connects when it is loaded: Unicorn with preload_app, mysql2.

require_relative 'shop_unicorn'

repository = Repository.new
run ->(_env) { [200, { 'Content-Type' => 'text/plain' }, ["#{Process.pid} #{repository.count}\n"]] }
