# SPDX-License-Identifier: MIT
# Connects from many kinds of Perl code.  Before each connect it prints the frames that caller() sees
# there, innermost first: one line "# what", then "function<tab>file<tab>line".
use strict;
use warnings;
use utf8;
use Socket;
use Config;
$| = 1;
binmode(STDOUT, ':utf8');

sub name {
    my ($name) = @_;
    $name =~ s/.*:://;
    return $name;
}

# caller(i) has the place that called frame i, and the name of frame i.
sub see {
    my ($what, $line) = @_;
    my @frames = (['connect_to', __FILE__, $line]);
    my $i = 1;
    while (my @c = caller($i)) {
        push @frames, [undef, $c[1], $c[2]];
        $frames[-2][0] = name($c[3]);
        $i++;
    }
    $frames[-1][0] = '(main)';
    print "# $what\n", map { join("\t", @$_) . "\n" } @frames;
}

sub connect_to {
    my ($what) = @_;
    socket(my $s, PF_INET, SOCK_STREAM, 0) or die;
    see($what, __LINE__ + 1);
    connect($s, pack_sockaddr_in(9, INADDR_LOOPBACK)); # discard: nobody listens
}

sub recursive {
    my ($n, $what) = @_;
    return recursive($n - 1, $what) if $n > 0;
    connect_to($what);
}

package Thing {
    sub new { return bless {}, shift }
    sub method { main::connect_to('method') }
    sub AUTOLOAD { our $AUTOLOAD; main::connect_to('AUTOLOAD') if $AUTOLOAD =~ /missing/ }
    sub DESTROY { main::connect_to('DESTROY') }
    sub TIESCALAR { return bless [], shift }
    sub FETCH { main::connect_to('tied'); return 1 }
}

recursive(0, 'function');
recursive(20, 'recursion');
{
    my $thing = Thing->new;
    $thing->method;
    $thing->missing;
}
my $anonymous = sub { connect_to('anonymous') };
$anonymous->();
eval { connect_to('eval block'); };
eval "connect_to('eval string')";
my @sorted = sort { connect_to('sort block'); $a <=> $b } (2, 1);
my @mapped = map { connect_to('map block') } (1);
for my $i (1) { while (1) { connect_to('loops'); last } }
tie my $tied, 'Thing';
my $fetched = "$tied";
untie $tied;
local $SIG{USR1} = sub { connect_to('signal handler') };
kill 'USR1', $$;
local $SIG{__WARN__} = sub { connect_to('warn handler') };
warn "x";
'abc' =~ /b(?{ connect_to('code in a regular expression') })/;
my $größe = sub { connect_to('name that is not ASCII') };
{ no strict 'refs'; *{'main::größe'} = $größe; }
größe();
BEGIN { connect_to('BEGIN') }
if ($Config{useithreads}) {
    require threads;
    threads->create(sub { recursive(3, 'thread') })->join;
}
END { connect_to('END') }
