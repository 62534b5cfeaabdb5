# SPDX-License-Identifier: MIT
# The contract is in app.py.  APP_DRIVER: mysql, MariaDB, Pg.
use strict;
use warnings;
use DBI;
use POSIX ();

$| = 1;

sub connect_anew {
	my ($host, $port, $database) = @ENV{qw(APP_HOST APP_PORT APP_DATABASE)};
	my $name = $ENV{APP_DRIVER} eq 'Pg' ? 'dbname' : 'database';
	return DBI->connect("dbi:$ENV{APP_DRIVER}:$name=$database;host=$host;port=$port", $ENV{APP_USER},
		$ENV{APP_PASSWORD}, { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

sub ask {
	my ($connection, $number) = @_;
	my ($answer) = $connection->selectrow_array("select id from t where id = $number");
	return $answer;
}

sub work {
	my ($connection) = @_;
	my %counts = map { $_ => 0 } qw(right wrong empty error);
	for (1 .. 50) {
		my $number = 1 + int rand 99;
		my $answer = eval { ask($connection, $number) };
		if ($@) {
			$counts{error}++;
			print STDERR "$$: $@";
			$connection = connect_anew();
			next;
		}
		$counts{ !defined $answer ? 'empty' : $answer == $number ? 'right' : 'wrong' }++;
	}
	print join(' ', map { "$_ $counts{$_}" } qw(right wrong empty error)), "\n";
	return $connection;
}

my $connection = connect_anew();
ask($connection, 1);
pipe(my $go, my $begin) or die;
my @pids;
for (1 .. 2) {
	my $pid = fork;
	if ($pid == 0) {
		close $begin;
		srand;
		<$go>;
		work($connection);
		exit 0;
	}
	push @pids, $pid;
}
close $begin;
$connection = work($connection);
waitpid $_, 0 for @pids;
