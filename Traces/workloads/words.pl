# Counts made-up words: hashes, strings and lists that grow.
use strict;
use warnings;

my $state = 12345;
sub random { $state = ($state * 1103515245 + 12345) % 2147483648; return $state % $_[0]; }

my %count;
for (1 .. 60_000) {
    my $word = join '', map { chr(97 + random(6)) } 1 .. 3 + random(5);
    $count{$word}++;
}
my @common = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $text = join ' ', map { $_ x 3 } @common;
printf "%d words, %d characters\n", scalar(@common), length $text;
