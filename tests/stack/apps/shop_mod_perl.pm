# SPDX-License-Identifier: MIT
# An Apache handler whose module connects when the server starts: mod_perl, DBI and DBD::Pg.
package shop_mod_perl;

use strict;
use warnings;
use Apache2::Const -compile => 'OK';
use Apache2::RequestIO  ();
use Apache2::RequestRec ();
use DBI;

sub open_database {
    my $dsn = "DBI:Pg:dbname=$ENV{DB_NAME};host=127.0.0.1;port=$ENV{DB_PORT}";
    return DBI->connect($dsn, $ENV{DB_USER}, '', { RaiseError => 1 }); # MARK opened
}

my $database = open_database();

sub count {
    my @row = $database->selectrow_array('select count(*) from t'); # MARK used
    return $row[0];
}

sub handler {
    my ($r) = @_;
    $r->content_type('text/plain');
    $r->print("$$ " . count() . "\n");
    return Apache2::Const::OK;
}

1;
