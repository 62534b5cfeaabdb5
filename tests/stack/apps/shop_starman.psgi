# SPDX-License-Identifier: MIT
# A PSGI application that connects when it is loaded: Starman with --preload-app, DBD::MariaDB.
use strict;
use warnings;

package Repository {
    use DBI;

    sub new {
        my ($class) = @_;
        return bless { database => open_database() }, $class;
    }

    sub open_database {
        my $dsn = "DBI:MariaDB:database=$ENV{DB_NAME};host=127.0.0.1;port=$ENV{DB_PORT}";
        my @who = ($ENV{DB_USER}, $ENV{DB_PASSWORD});
        return DBI->connect($dsn, @who, { RaiseError => 1 }); # MARK opened
    }

    sub count {
        my ($self) = @_;
        my @row = $self->{database}->selectrow_array('select count(*) from t'); # MARK used
        return $row[0];
    }
}

my $repository = Repository->new;

sub {
    return [200, ['Content-Type' => 'text/plain'], ["$$ " . $repository->count . "\n"]];
};
