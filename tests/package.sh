#!/bin/sh
# package.sh BUILD - what leaves this folder: make dist gives the same bytes twice; two builds of the Debian package, in folders of other
# names, at other times, with another umask, locale and time zone, give the same bytes; lintian finds nothing; its own test passes with what
# is in it; the root of a container (Dockerfile) runs.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
work=$(mkdir -p "$build/package" && cd "$build/package" && pwd) || exit 2
rm -rf "$work" && mkdir -p "$work"
failed=0
verdict() { # NAME STATUS [LOG]
    if [ "$2" = 0 ]; then echo "PASS package, $1"; else failed=1; [ -z "${3:-}" ] || tail -20 "$3"; echo "FAIL package, $1"; fi
}

version=$(sed -n 's/^VERSION := //p' Makefile)
dist() { (umask "$1"; TZ=$2 make -s --no-print-directory BUILD="$build" dist >"$work/dist.log" 2>&1 && cp "$build/tlswhy-$version.tar.gz" "$work/$3.tar.gz"); }
dist 022 UTC first && sleep 1 && dist 077 Asia/Tokyo second && cmp "$work/first.tar.gz" "$work/second.tar.gz"
verdict "make dist, the same bytes twice" $? "$work/dist.log"
[ "$(sed -n '1s/.*(\([0-9.]*\).*/\1/p' debian/changelog)" = "$version" ] && grep -q "^## $version" CHANGES.md
verdict "one version in Makefile, CHANGES.md and debian/changelog" $?

missing=
for tool in dpkg-buildpackage dh lintian; do
    command -v $tool >/dev/null 2>&1 || missing=$tool
done
if [ -n "$missing" ]; then
    echo "SKIP package, Debian's: $missing is not installed"
else
    deb() { # FOLDER UMASK ZONE LOCALE
        mkdir -p "$work/$1" && tar -x -z -C "$work/$1" -f "$work/first.tar.gz" || return 1
        (cd "$work/$1/tlswhy-$version" && umask "$2" &&
            env -u MAKEFLAGS -u MAKELEVEL TZ="$3" LC_ALL="$4" DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b >../log 2>&1)
    }
    deb here 022 UTC C
    verdict "dpkg-buildpackage" $? "$work/here/log"
    deb a/quite/different/folder 027 Asia/Tokyo C.UTF-8
    same=$?
    for package in "$work"/here/*.deb; do
        cmp "$package" "$work/a/quite/different/folder/$(basename "$package")" || same=1
    done
    verdict "Debian's, two folders, the same bytes" $same
    lintian --allow-root --pedantic --fail-on error,warning,info,pedantic "$work"/here/*.changes >"$work/lintian.log" 2>&1
    verdict "lintian" $? "$work/lintian.log"
    dpkg-deb -x "$work"/here/tlswhy_*.deb "$work/root"
    PATH=$work/root/usr/bin:$PATH EXAMPLES=$work/root/usr/share/doc/tlswhy/examples AUTOPKGTEST_TMP=$work sh debian/tests/examples >"$work/tests.log" 2>&1
    verdict "its own test" $? "$work/tests.log"
fi

tools/image.sh "$build" "$work/image" >"$work/image.log" 2>&1
verdict "the root of a container, $(du -sm "$work/image" | cut -f 1) MB" $? "$work/image.log"
if [ "$(id -u)" = 0 ]; then
    cp pcaps/missing-intermediate.pcap pcaps/roots.pem "$work/image/captures/"
    chroot --userspec=65534:65534 "$work/image" /usr/bin/tlswhy read --ca captures/roots.pem captures/missing-intermediate.pcap >"$work/image.log" 2>&1
    [ $? = 1 ] && grep -q cert-missing-intermediate "$work/image.log"
    verdict "tlswhy runs in it as nobody" $? "$work/image.log"
else
    echo "SKIP package, a container's root: chroot needs root"
fi
exit $failed
