# SPDX-License-Identifier: MIT
# For spec_helper.rb: an example fails when forksan has counted a violation during it.
require_relative 'forksan'

RSpec.configure do |config|
  config.around do |example|
    before = Forksan.findings
    example.run
    violations = Forksan.findings - before
    raise "forksan has counted #{violations} violations: a connection is shared over a fork" if violations.positive?
  end
end
