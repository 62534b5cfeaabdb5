# SPDX-License-Identifier: MIT
# forksan(3) from Ruby: no-ops unless libforksan.so is preloaded.
#
#     require_relative 'forksan'
#     Forksan.label(socket.fileno, 'orders-db')
require 'fiddle'

module Forksan
  FUNCTIONS = {
    active: [[], Fiddle::TYPE_INT], ignore: [[Fiddle::TYPE_INT], Fiddle::TYPE_VOID],
    hand_over: [[Fiddle::TYPE_INT], Fiddle::TYPE_VOID],
    label: [[Fiddle::TYPE_INT, Fiddle::TYPE_VOIDP], Fiddle::TYPE_VOID],
    check: [[], Fiddle::TYPE_INT], findings: [[], Fiddle::TYPE_LONG]
  }.freeze

  FUNCTIONS.each do |name, (arguments, result)|
    address = begin
      Fiddle::Handle::DEFAULT["forksan_api_#{name}"]
    rescue Fiddle::DLError
      nil
    end
    function = address && Fiddle::Function.new(address, arguments, result)
    define_singleton_method(name) { |*values| function ? function.call(*values) : 0 }
  end
end
