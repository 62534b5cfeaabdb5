# SPDX-License-Identifier: MIT
# As asleep.py.
use strict;
use warnings;
use IO::Socket::INET;

$| = 1;
my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die;
my $connection = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $listener->sockport) or die;

sub reading {
	my $bytes;
	sysread($connection, $bytes, 1);    # @1 reading
}

sub order {
	reading() for 1;    # @2 order
}

if (fork() == 0) {
	order();    # @3 (main)
	exit;
}
print "$$\n";
sleep;
