# SPDX-License-Identifier: MIT
# forksan(3) from Perl, by FFI::Platypus: no-ops unless libforksan.so is preloaded.
#
#     use Forksan;
#     Forksan::label(fileno($socket), 'orders-db');
package Forksan;
use strict;
use warnings;
use FFI::Platypus 1.00;

my $ffi = FFI::Platypus->new(api => 1, lib => [undef]);
my %functions = (
	active => [[], 'int'], ignore => [['int'], 'void'], hand_over => [['int'], 'void'],
	label => [['int', 'string'], 'void'], check => [[], 'int'], findings => [[], 'long'],
);

for my $name (keys %functions) {
	no strict 'refs';
	my $function = $ffi->find_symbol("forksan_api_$name")
		? $ffi->function("forksan_api_$name", @{ $functions{$name} }) : undef;
	*{"Forksan::$name"} = sub { return $function ? $function->call(@_) // 0 : 0 };
}

1;
