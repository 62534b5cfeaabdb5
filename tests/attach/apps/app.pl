# SPDX-License-Identifier: MIT
# A connection that a child uses, twice: each call in a function of its own.  Before that,
# get_acquainted() makes a finding on another connection, and the program waits for a line: who watches from
# outside knows by then where the interpreter keeps its frames.  Each line "go" is answered by one more such
# connection, another one ends it.
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

sub get_acquainted {
    my $port = shift;
    my $connection = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
    my $child = fork;
    waitpid $child, 0 if $child;
    syswrite($connection, "PING\r\n");
    sysread($connection, my $answer, 64);
    POSIX::_exit(0) if !$child;
    return;
}

get_acquainted($ARGV[0]);
while (<STDIN> eq "go\n") {
    my $connection = open_it($ARGV[0]);
    ask($connection);
    start($connection);
    ask($connection);
    start($connection);
}
