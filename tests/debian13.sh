#!/bin/sh
# debian13.sh BUILD - builds and tests on Debian 13, which has Mbed TLS 3.6 and a newer gcc: that release's packages are fetched by apt and
# unpacked below BUILD/debian13 (some 100 MB the first time; they are kept), the program is built in there with warnings as errors, and
# the tests run that need no more than Python. Nothing of this system is changed. Root, or a system that lets users have namespaces.
# Offline, or without apt: SKIP.
set -u
cd "$(dirname "$0")/.." || exit 2
folder=$(mkdir -p "$1/debian13" && cd "$1/debian13" && pwd) || exit 2
root=$folder/root
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
keys=/usr/share/keyrings/debian-archive-keyring.gpg
packages="$(tools/deps.sh list-check) dash bash coreutils gzip mawk sed grep findutils diffutils base-files openssl libcurl4t64"
parts="units cases readme advice secrets bad_input cert chains explain fetches completions compare probe sweep record hellos many faults lab_cases"

skip() { echo "SKIP debian13: $1"; exit 0; }
for tool in apt-get dpkg-deb unshare chroot; do
    command -v $tool >/dev/null 2>&1 || skip "$tool is not installed"
done
[ -r $keys ] || skip "debian-archive-keyring is not installed"

# A world of its own for apt: no package is installed there, so that all of them are fetched.
fetch() {
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/archives/partial" "$folder/apt/etc"
    : >"$folder/apt/status"
    echo "deb [signed-by=$keys] $mirror trixie main" >"$folder/apt/sources"
    # shellcheck disable=SC2086
    for what in "update" "install --download-only -y --no-install-recommends $packages"; do
        timeout 300 apt-get -q -o Dir::State="$folder/apt" -o Dir::State::status="$folder/apt/status" -o Dir::State::lists="$folder/apt/lists" \
            -o Dir::Cache="$folder/apt" -o Dir::Cache::archives="$folder/apt/archives" -o Dir::Etc="$folder/apt/etc" \
            -o Dir::Etc::sourcelist="$folder/apt/sources" -o APT::Sandbox::User=root -o Acquire::Retries=2 -o APT::Update::Error-Mode=any $what || return 1
    done
}

# Unpacked, not installed: no script of a package runs. What those would have made is made here.
unpack() {
    rm -rf "$root" && mkdir -p "$root" || return 1
    for folder_link in bin sbin lib lib64; do
        mkdir -p "$root/usr/$folder_link" && ln -s "usr/$folder_link" "$root/$folder_link" || return 1
    done
    for package in "$folder"/apt/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$root" --keep-directory-symlink --no-same-owner || return 1
    done
    ln -sf mawk "$root/usr/bin/awk" && ln -sf gcc "$root/usr/bin/cc" && mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root/src" "$root/build" && echo "$packages" >"$folder/unpacked"
}

if [ "$packages" != "$(cat "$folder/unpacked" 2>/dev/null)" ]; then
    fetch >"$folder/fetch.log" 2>&1 || skip "its packages could not be fetched from $mirror, see $folder/fetch.log"
    unpack >"$folder/unpack.log" 2>&1 || { tail -5 "$folder/unpack.log"; echo "FAIL debian13, unpacking"; exit 1; }
    rm -rf "$folder/apt/archives"
fi

rm -rf "$root/src" && mkdir "$root/src" && tar -c --exclude=./build --exclude=./.git --exclude="./${1#./}" . | tar -x -C "$root/src" || exit 2
as_root=
[ "$(id -u)" = 0 ] || as_root=--map-root-user
unshare $as_root --mount true 2>/dev/null || skip "neither root nor namespaces here"
# The network is a loopback of its own; with the mounts it is gone when the shell ends.
unshare $as_root --mount --net --pid --fork sh -c '
    mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" || exit 4
    ip link set lo up 2>/dev/null
    exec chroot "$1" sh -c "
        export PATH=/usr/sbin:/usr/bin CHECK_VERBOSE=1 CHECK_PARTS=\"$2\"
        cd /src || exit 2
        make -j$(nproc) BUILD=/build WERROR=-Werror all units /build/tests/rules_list >/build/make.log 2>&1 || { grep -A3 -E \"error:|Error [0-9]\" /build/make.log; exit 3; }
        sh tests/check.sh /build"
' sh "$root" "$parts" >"$folder/check.log" 2>&1
status=$?
sed -n 's/^\(PASS\|FAIL\|SKIP\) /\1 debian13, /p' "$folder/check.log"
case $status in
0) echo "PASS debian13, $(ls "$root"/usr/lib/*/libmbedtls.so.* | sed -n '$s/.*libmbedtls\.so\.//p') of Mbed TLS, every warning an error" ;;
3) cat "$folder/check.log"; echo "FAIL debian13, build" ;;
4) skip "nothing may be mounted here" ;;
1) ;;
*) tail -5 "$folder/check.log"; echo "FAIL debian13: exit status $status" ;;
esac
[ $status = 0 ]
