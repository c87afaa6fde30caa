#!/bin/sh
# check.sh BUILD - runs every test on what was built there. Called by `make check`.
#   CHECK_VERBOSE        show tests that passed, too
#   TORTURE_STEP         1: every allocation fails once, not every second
#   CHECK_PARTS          only these of the functions below, without the two long ones
#   CUT_STEP, SHUFFLES   thinner long tests (sanitizer builds): every CUT_STEP-th byte, SHUFFLES seeds a capture
#   TLSWHY_EXTRA         a folder of outside captures with its own checkers; without it those tests are skipped
# Each test prints lines that begin with PASS, FAIL or SKIP; the sums are the last line. Exit status 1 if any failed.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
logs=$build/check
mkdir -p "$logs"
rm -f "$logs"/*.log "$logs/times"
export LC_ALL=C TZ=UTC
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY

# Runs a command whose own exit status says it all.
whole() { # NAME COMMAND...
    name=$1
    shift
    "$@" >"$logs/$name.out" 2>&1
    status=$?
    if [ $status = 0 ]; then
        echo "PASS $name"
    else
        tail -20 "$logs/$name.out" | sed 's/^/    /'
        echo "FAIL $name: exit status $status, see $logs/$name.out"
    fi
}

needs() { # COMMAND NAME: says why a test is skipped
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "SKIP $2: $1 is not installed"
    return 1
}

units() {
    for t in "$build"/tests/unit/*_test; do
        [ -x "$t" ] && whole "unit-$(basename "$t" _test)" "$t"
    done
}

layers() {
    # shellcheck disable=SC2046
    whole layers awk -f tools/layers.awk $(find base dissect report cmd probe include -name '*.[ch]')
}

manual() { needs mandoc manual && whole manual sh tests/manual.sh "$build/tlswhy"; }

cases() { python3 tests/cases.py "$build/tlswhy" "$build/tests/rules_list" "$logs"/unit-*.out; }
schema() { python3 tests/schema.py "$build/tlswhy"; }
recipes() { python3 tests/recipes.py "$build/tlswhy"; }
readme() { python3 tests/readme.py "$build/tlswhy"; }
streams() { needs tshark streams && python3 tests/streams.py "$build/tlswhy"; }
annotate() { python3 tests/annotate.py "$build/tlswhy"; }
advice() { python3 tests/advice.py "$build/tlswhy"; }
random_streams() { python3 tests/streams_random.py "$build/tests/streams"; }
secrets() { python3 tests/secrets.py "$build/tlswhy"; }
cut() { whole cut "$build/tests/cut_test" pcaps "${CUT_STEP:-1}"; }
shuffle() { whole shuffle "$build/tests/shuffle_test" pcaps "${SHUFFLES:-1000}"; }
bad_input() { sh tests/bad_input.sh "$build/tlswhy"; }
cert() { sh tests/cert.sh "$build/tlswhy"; }
chains() { needs openssl chains && python3 tests/chains.py "$build/tlswhy"; }
install() { sh tests/install.sh "$build"; }
quiet() { python3 tests/quiet.py "$build/tlswhy"; }
fetches() { python3 tests/fetches.py "$build/tlswhy"; }
explain() { sh tests/explain.sh "$build/tlswhy"; python3 tests/ctl_url.py "$build/tlswhy"; }
html() { sh tests/html.sh "$build/tlswhy"; }
completions() { sh tests/completions.sh "$build/tlswhy"; }
compare() { python3 tests/compare.py "$build/tlswhy"; }
many() { needs openssl jobs && python3 tests/jobs.py "$build/tlswhy"; }
probe() { needs openssl probe && sh tests/probe.sh "$build/tlswhy"; }
flood() { python3 tests/flood.py "$build/tlswhy"; }
sweep() { needs openssl sweep && sh tests/sweep.sh "$build/tlswhy"; }
finish() { needs openssl finish && sh tests/finish.sh "$build/tlswhy"; }
proxy() { python3 tests/proxy.py "$build/tlswhy"; }
proxy_check() { needs openssl proxy_check && python3 tests/proxy_check.py "$build/tlswhy"; }
torture() { "$build/tests/torture" "${TORTURE_STEP:-2}"; }
faults() { python3 tests/faults.py "$build/tlswhy"; }
sandbox() { sh tests/sandbox.sh "$build"; }
watch() { python3 tests/watch.py "$build/tlswhy"; }
lab_cases() { python3 tests/lab_cases.py "$build/tlswhy"; }
hellos() { python3 tests/hellos.py "$build/tlswhy"; }
record() { needs openssl record && python3 tests/record.py "$build/tlswhy"; }
extra() { sh tests/extra.sh "$build/tlswhy"; }

show() { if [ -n "${CHECK_VERBOSE:-}" ]; then cat "$@"; else cat "$@" | grep -v '^PASS'; fi; }

timed() { # PART
    began=$(date +%s)
    $1 >"$logs/$1.log" 2>&1
    echo "$(($(date +%s) - began)) $1" >>"$logs/times"
}

# The two long ones share a processor with the rest.
[ -n "${CHECK_PARTS:-}" ] || timed cut &
all_parts="
units
layers
manual
cases
readme
recipes
schema
advice
streams
annotate
random_streams
secrets
bad_input
cert
chains
install
explain
fetches
quiet
completions
compare
html
probe
finish
many
flood
sweep
record
hellos
proxy
proxy_check
torture
faults
sandbox
watch
lab_cases
extra
"
for part in ${CHECK_PARTS:-$all_parts}; do
    timed "$part"
    show "$logs/$part.log"
done
if [ -z "${CHECK_PARTS:-}" ]; then
    timed shuffle
    wait
    show "$logs/shuffle.log" "$logs/cut.log"
fi
echo "seconds: $(sort -rn "$logs/times" | awk '$1 > 0 { printf "%s%s %s", n++ ? ", " : "", $2, $1 }')"

count() { cat "$logs"/*.log | grep -c "^$1 "; }
echo "$(count PASS) passed, $(count FAIL) failed, $(count SKIP) skipped"
[ "$(count FAIL)" = 0 ] && [ "$(count PASS)" != 0 ]
