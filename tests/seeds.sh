#!/bin/sh
# seeds.sh FUZZ_TARGET - the folders that it begins with: its own of tests/fuzz/seeds, and what else is of that kind.
cd "$(dirname "$0")/.." || exit 2
[ -d "tests/fuzz/seeds/$1" ] && echo "tests/fuzz/seeds/$1"
case $1 in
fuzz_capture | fuzz_flows) echo pcaps ;;
fuzz_cab | fuzz_ctl) echo tests/wire/lists ;;
esac
exit 0
