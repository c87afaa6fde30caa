#!/bin/sh
# install.sh BUILD - make install into a scratch folder gives a program that runs from there, with its manual; make uninstall
# takes all of it away again.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

say() { # NAME CONDITION...
    name=$1
    shift
    if "$@" >/dev/null 2>&1; then echo "PASS install, $name"; else echo "FAIL install, $name"; fi
}
quiet_make() { make --no-print-directory BUILD="$build" DESTDIR="$root" PREFIX=/usr "$@" >"$root.log" 2>&1; }
verdict() { "$root/usr/bin/tlswhy" read pcaps/version-client-too-old.pcap; [ $? = 1 ]; }
unit() { # its program is where the program is, and it is shut in as far as a watch can be
    file="$root/usr/lib/systemd/system/tlswhy-watch@.service"
    grep -q '^ExecStart=/usr/bin/tlswhy watch %i ' "$file" || return 1
    command -v systemd-analyze >/dev/null 2>&1 || return 0
    exposure=$(systemd-analyze security --offline=true "$file" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    [ -n "$exposure" ] && awk -v x="$exposure" 'BEGIN { exit x > 1.5 }'
}
nothing_left() { [ -z "$(find "$root" -type f)" ]; }

say "make install" quiet_make install
say "the program runs" verdict
say "the manual is there" test -s "$root/usr/share/man/man1/tlswhy.1"
say "the unit of a permanent watch, exposed by 1.5 at most" unit
say "--version" "$root/usr/bin/tlswhy" --version
say "make uninstall" quiet_make uninstall
say "nothing is left" nothing_left
rm -f "$root.log"
