#!/bin/sh
# image.sh BUILD FOLDER - fills FOLDER with all that tlswhy needs to run, so that it can be the root of a container: the program, its
# libraries (libcurl's, too, which are loaded when a proxy or a fetch is asked for), the loader, the public CAs, and where there is a static
busybox, its shell and filters, so that pipes can be made in there.
set -eu
program=$1/tlswhy
root=$2
mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/captures" "$root/tmp"
chmod 1777 "$root/tmp"
cp "$program" "$root/usr/bin/tlswhy"
strip "$root/usr/bin/tlswhy"
curl=$(ldconfig -p | sed -n 's/.*libcurl\.so\.4 .*=> //p' | head -n 1)
for library in $(ldd "$program" ${curl:+"$curl"} | grep -o '/[^ :]*\.so[^ :]*' | sort -u) $curl; do
    mkdir -p "$root$(dirname "$library")"
    cp -Lu "$library" "$root$library"
done
[ ! -r /etc/ssl/certs/ca-certificates.crt ] || cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
if busybox=$(command -v busybox) && ! ldd "$busybox" >/dev/null 2>&1; then
    mkdir -p "$root/bin"
    cp "$busybox" "$root/bin/busybox"
    for name in sh awk cat grep sed sort uniq head tail wc xargs find gzip; do
        ln -sf busybox "$root/bin/$name"
    done
fi
