#!/bin/sh
# deps.sh build|check|ci - installs the Debian packages that are missing: to build, to test, to test everything.
# deps.sh list-build|list-check|list-ci - only names them.
set -eu
build="gcc libc6-dev make libmbedtls-dev libpcap-dev libseccomp-dev zlib1g-dev libc-ares-dev libidn2-dev libjansson-dev"
check="$build libcunit1-dev python3"
ci="$check valgrind clang-14 clang-format-14 libclang-rt-14-dev tshark mandoc chromium squid-openssl tinyproxy mitmproxy microsocks
    openssl gnutls-bin libcurl4 iproute2 strace time python3-jsonschema python3-yaml jq parallel zsh fish debhelper lintian busybox-static"
case ${1:-build} in
build) want=$build ;;
check) want=$check ;;
ci) want=$ci ;;
list-build) echo "$build"; exit 0 ;;
list-check) echo "$check"; exit 0 ;;
list-ci) echo "$ci"; exit 0 ;;
*) echo "usage: deps.sh [list-]build|check|ci" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is no Debian or Ubuntu. Please install: a C compiler, make, and the development files of Mbed TLS, libpcap,"
    echo "libseccomp, zlib, c-ares, libidn2 and Jansson; for make check also CUnit and Python 3."
    exit 0
fi
missing=
for package in $want; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "Please install as root: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi
echo "installing:$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
{ $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } >"$log" 2>&1 ||
    { tail -20 "$log" >&2; echo "could not install:$missing" >&2; exit 1; }
