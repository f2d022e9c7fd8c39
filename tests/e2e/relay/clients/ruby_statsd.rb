# Makes the calls on stdin by Debian's ruby-statsd: OPTIONS, in JSON, with `packed` for batches.
require 'json'
require 'statsd'

# Every sampled call is sent, with its rate.
class Statsd
  def rand
    0
  end
end

METHODS = { 'c' => :count, 'g' => :gauge, 'ms' => :timing, 's' => :set }.freeze

def make(calls, client)
  calls.each { |kind, name, value, rate| client.send(METHODS.fetch(kind), name, value, rate) }
end

options = JSON.parse(ARGV[0])
client = Statsd.new(options['host'], options['port'])
calls = JSON.parse($stdin.read)
options['packed'] ? client.batch { |batch| make(calls, batch) } : make(calls, client)
