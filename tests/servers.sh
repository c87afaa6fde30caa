# servers.sh - sourced by the tests that probe servers of their own: the program under test in $program, a folder in $work that
# goes with the test, and $servers, the process ids to end then.
program=$1
work=$(mktemp -d)
servers=
cleanup() {
    for id in $servers; do
        kill "$id" 2>/dev/null
    done
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

listening() { # PORT: waits until it takes a connection
    python3 - "$1" <<'PY'
import socket, sys, time
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        break
    except OSError:
        time.sleep(0.05)
PY
}
