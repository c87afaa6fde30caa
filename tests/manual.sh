#!/bin/sh
# manual.sh TLSWHY - the manual is well formed, and names every option that the commands' --help names.
program=$1
cd "$(dirname "$0")/.." || exit 2
wrong=0
mandoc -T lint -W warning doc/tlswhy.1 | grep . && wrong=1
for command in $("$program" --help | sed -n 's/^  tlswhy \([a-z]*\)  .*/\1/p'); do
    grep -q "^.Cm $command" doc/tlswhy.1 || { echo "the manual lacks the command $command"; wrong=1; }
    for option in $("$program" "$command" --help | sed -n 's/^ .*--\([a-z][a-z-]*\)[ ,].*/\1/p'); do
        grep -qE "Fl -$option( |$)" doc/tlswhy.1 || { echo "the manual lacks --$option of $command"; wrong=1; }
    done
done
exit $wrong
