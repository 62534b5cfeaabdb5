# SPDX-License-Identifier: MIT
# A connection that a child uses, twice: each call in a function of its own.  Waits at
# the end for a line: what its memory tells is read a moment after the calls.
use strict;
use warnings;
use IO::Socket::INET;
use POSIX ();

sub open_it {
    my $port = shift;
    return IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");    # MARK opened
}

sub ask {
    my $connection = shift;
    syswrite($connection, "PING\r\n");                              # MARK asked
    sysread($connection, my $answer, 64);
    return;
}

sub start {
    my $connection = shift;
    my $child = fork;                                               # MARK forked
    if ($child == 0) {
        eval { ask($connection) };                                  # MARK used
        POSIX::_exit(0);
    }
    waitpid $child, 0;
    return;
}

my $connection = open_it($ARGV[0]);
ask($connection);
start($connection);
ask($connection);
start($connection);
<STDIN>;
