# SPDX-License-Identifier: MIT
# As example.c, from Perl.
use strict;
use warnings;
use FindBin;
use IO::Socket::INET;
use POSIX ();
use lib "$FindBin::Bin/..";
use Forksan;

$| = 1;
my $connection = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $ENV{APP_PORT}) or die;
my $fd = fileno $connection;

sub ping {
	syswrite $connection, "PING\r\n";
	my $answer = '';
	while (length $answer < 7) {
		sysread $connection, $answer, 7 - length $answer, length $answer or die;
	}
}

sub in_child {
	my ($action) = @_;
	my $pid = fork;
	if ($pid == 0) {
		$action->();
		POSIX::_exit(0);
	}
	waitpid $pid, 0;
}

ping();
Forksan::label($fd, 'orders-db');
print 'active ', Forksan::active(), "\nopen ", Forksan::check(), "\n";
in_child(sub { Forksan::hand_over($fd); ping(); Forksan::hand_over($fd) });
ping();
in_child(sub { Forksan::ignore($fd); ping() });
print 'findings ', Forksan::findings(), "\n";
in_child(\&ping);
ping();
print 'findings ', Forksan::findings(), "\n";
