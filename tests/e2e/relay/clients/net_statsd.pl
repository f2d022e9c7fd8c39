# Makes the calls on stdin by Perl's Net::Statsd: OPTIONS, in JSON, with `packed` for several values of a gauge in a datagram.
use strict;
use warnings;
use JSON::PP;

BEGIN { *CORE::GLOBAL::rand = sub { 0 } } # every sampled call is sent, with its rate
use Net::Statsd;

my $options = decode_json($ARGV[0]);
$Net::Statsd::HOST = $options->{host};
$Net::Statsd::PORT = $options->{port};
my %methods = (
    c => sub { Net::Statsd::update_stats(@_) },
    ms => sub { Net::Statsd::timing(@_) },
    g => sub { Net::Statsd::gauge($_[0], $_[1]) },
);
my @gauges;
for (@{ decode_json(join '', <STDIN>) }) {
    my ($kind, $name, $value, $rate) = @$_;
    if ($kind eq 'g' && $options->{packed}) {
        push @gauges, $name, $value;
    } else {
        $methods{$kind}->($name, $value, $rate);
    }
}
Net::Statsd::gauge(@gauges) if @gauges;
