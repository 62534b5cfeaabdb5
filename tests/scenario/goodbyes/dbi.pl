#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Perl DBI without AutoInactiveDestroy: the child's copy of the handle says goodbye when it exits.
# APP_DRIVER is mysql or MariaDB; APP_GUARD=1 sets AutoInactiveDestroy.
use strict;
use warnings;
use DBI;

$| = 1;
my %options = (RaiseError => 1, PrintError => 0, AutoInactiveDestroy => $ENV{APP_GUARD} // 0);
my $source = "dbi:$ENV{APP_DRIVER}:database=app;host=127.0.0.1;port=$ENV{APP_PORT}";
my $handle = DBI->connect($source, 'app', 'secret', \%options);    # MARK opened
$handle->selectrow_array('select 1');
my $child = fork() // die "fork: $!";                               # MARK forked
if ($child == 0) {
    exit 0;
}
waitpid $child, 0;
print "child $child\n";
eval { $handle->selectrow_array('select 1'); 1 } or print "damage $@";
