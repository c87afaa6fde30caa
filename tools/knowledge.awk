# knowledge.awk - a table of report/knowledge/ becomes rows of an X-macro file: ROW("cell", "cell", ...).
# Line 1 names the columns. "-" is an empty cell. A column named "often" is a number, all others are text.
# Refuses wrong column counts, empty cells, and causes that the list of causes (first file) does not have.
BEGIN { FS = "\t" }
function fail(why) { printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"; bad = 1; exit 1 }
function quoted(s) { gsub(/\\/, "&&", s); gsub(/"/, "\\\"", s); gsub(/\?\?/, "?\\?", s); return "\"" s "\"" }
NR == FNR { known[$1] = 1; next }
FNR == 1 {
    n = NF
    for (i = 1; i <= n; i++) head[i] = $i
    next
}
/^#/ || /^$/ { next }
{
    if (NF != n) fail("expected " n " columns, found " NF)
    row = ""
    for (i = 1; i <= n; i++) {
        if ($i == "") fail("column " head[i] " is empty; write - for nothing")
        if (head[i] == "often" && $i !~ /^[0-3]$/) fail("often is 0 to 3")
        cell = $i == "-" ? "" : $i
        if (head[i] == "causes" || head[i] == "cause") {
            m = split(cell, word, " ")
            for (k = 1; k <= m; k++) {
                sub(/!$/, "", word[k])
                if (!(word[k] in known)) fail("no such cause: " word[k])
            }
        }
        row = row (i > 1 ? ", " : "") (head[i] == "often" ? cell : quoted(cell))
    }
    print "ROW(" row ")"
}
END { exit bad }
