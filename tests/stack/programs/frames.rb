# SPDX-License-Identifier: MIT
# Connects from many kinds of Ruby code.  Before each connect it prints, as JSON, the frames that Ruby
# itself sees there, innermost first, functions written in C left out.

require 'json'
require 'socket'

C_FUNCTIONS = %w[each map sort_by times new require eval instance_eval tap resume call join
                 block_given? initialize instance_exec public_send loop next synchronize kill].freeze

def connect(what)
  here = caller_locations(0).reject { |l| C_FUNCTIONS.include?(l.base_label) }
  frames = here.map { |l| [l.base_label, l.absolute_path || l.path, l.lineno] }
  frames[0][2] = __LINE__ + 6
  puts JSON.generate([what, frames])
  $stdout.flush
  s = Socket.new(:INET, :STREAM)
  begin
    # port 9, discard: nobody listens
    s.connect(Addrinfo.tcp('127.0.0.1', 9))
  rescue SystemCallError
    nil
  ensure
    s.close
  end
end

def recursive(n, what)
  if n.zero?
    connect(what)
  else
    recursive(n - 1, what)
  end
end

class Thing
  def method
    connect('method')
  end

  def self.singleton
    connect('singleton method')
  end

  define_method(:defined) { connect('define_method') }

  def method_missing(name, *)
    name == :missing ? connect('method_missing') : super
  end

  def respond_to_missing?(*)
    true
  end
end

class Größe
  def übergroß
    connect('names that are not ASCII')
  end
end

recursive(0, 'function')
recursive(20, 'recursion')
Thing.new.method
Thing.singleton
Thing.new.defined
Thing.new.missing
Größe.new.übergroß
[1].each { |_| [2].map { connect('blocks') } }
-> { connect('lambda') }.call
Fiber.new { connect('fiber') }.resume
Enumerator.new { |y| y << connect('enumerator') }.next
Thread.new { recursive(3, 'thread') }.join
eval("connect('eval')", binding, __FILE__, 42)
eval("def from_eval\n\n  connect('method from eval')\nend\nfrom_eval", binding, '(eval)', 1)
Signal.trap('USR1') { connect('signal handler') }
Process.kill('USR1', Process.pid)
begin
  raise 'x'
rescue RuntimeError
  connect('rescue')
ensure
  connect('ensure')
end
# With the GVL taken by another thread: what is read is this thread's own.
busy = Thread.new { loop { 1 + 1 } }
sleep 0.05
recursive(4, 'beside a busy thread')
busy.kill
at_exit { connect('at_exit') }
