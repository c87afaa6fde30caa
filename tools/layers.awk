# layers.awk - who may include whom. Run over all sources: awk -f tools/layers.awk FILE...
# Arrows point down:  cmd -> all    probe -> dissect base    report -> base and the observation    dissect -> base    base -> libc
# Prints each include that goes another way and exits 1; each foreign library has the files that may know it.
function set(table, words, value,   list, i, n) {
    n = split(words, list, " ")
    for (i = 1; i <= n; i++)
        table[list[i]] = value
}
BEGIN {
    set(of, "base.h reader.h text.h json.h", "base")
    set(of, "report.h why.h plan.h split.h peers.h trust.h explain.h rootlist.h fetched.h compare.h ladder.h html.h sweep_page.h sweep_changes.h proxy_check.h", "report")
    set(of, "cmd.h", "cmd")
    # every other header is dissect's; what of it report/ may look at: the observation, certificates, names
    set(seen, "handshake.h wire.h x509.h names.h fetch.h hosts.h ctl.h profile.h sweep.h pac.h", 1)
    may["pcap"] = "dissect/filter_pcap.c dissect/live_pcap.c"
    may["mbedtls"] = may["psa"] = "dissect/crypto_mbedtls.c dissect/keys_mbedtls.c dissect/identity_mbedtls.c probe/inside_mbedtls.c probe/serve_pki.c probe/serve_tls.c"
    may["zlib"] = "dissect/"
    may["curl"] = "probe/"
    may["CUnit"] = "tests/"
    may["jansson"] = "cmd/compare_sweeps.c tests/"
}
function bad(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; wrong = 1 }
function folder(path) { sub(/\/.*/, "", path); return path }
function header_of(h) { return h in of ? of[h] : "dissect" }
function allowed(from, h,   to) {
    to = header_of(h)
    if (from == "cmd" || from == "tests")
        return 1
    if (from == "base")
        return to == "base"
    if (from == "report")
        return to == "report" || (to == "base" && h != "reader.h") || h in seen
    if (from == "dissect" || from == "probe")
        return to == "base" || to == "dissect"
    return 0
}
/^[ \t]*#[ \t]*include[ \t]*"tlswhy\// {
    from = folder(FILENAME)
    h = $0
    sub(/.*"tlswhy\//, "", h)
    sub(/".*/, "", h)
    if (from == "include") {
        split(FILENAME, part, "/")
        from = header_of(part[3])
    }
    if (!allowed(from, h))
        bad(from "/ may not include " h)
}
/^[ \t]*#[ \t]*include[ \t]*"\.\.\// { bad("includes go by tlswhy/NAME.h or stay in their folder") }
/^[ \t]*#[ \t]*include[ \t]*</ {
    lib = $0
    sub(/.*</, "", lib)
    sub(/[\/.>].*/, "", lib)
    if (!(lib in may))
        next
    n = split(may[lib], file, " ")
    for (i = 1; i <= n; i++)
        if (index(FILENAME, file[i]) == 1)
            next
    bad("<" lib "> is known to " may[lib] " only")
}
END { exit wrong }
