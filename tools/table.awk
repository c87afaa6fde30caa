# table.awk - a table of dissect/names/ becomes rows of an X-macro file.
# Line 1 names the columns. A column name may end in a type: ":n" number as it is, ":s" text (default),
# ":-" left out of the C rows (sources, notes). The macro is the file's name in capitals, without a last "s".
# A column "name:u" gives two arguments: "name", and NAME as an identifier in capitals.
# Refuses wrong column counts, duplicate and unsorted ids (first column, when it is a number).
BEGIN { FS = "\t" }
function fail(why) { printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"; bad = 1; exit 1 }
function quoted(s) { gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); return "\"" s "\"" }
function number(s,   i, v, c) {
    if (s !~ /^0x/) return s + 0
    v = 0; s = tolower(substr(s, 3))
    for (i = 1; i <= length(s); i++) { c = index("0123456789abcdef", substr(s, i, 1)) - 1; v = v * 16 + c }
    return v
}
FNR == 1 {
    n = split($0, head, "\t")
    for (i = 1; i <= n; i++) { type[i] = "s"; if (split(head[i], part, ":") == 2) type[i] = part[2] }
    macro = FILENAME; sub(/^.*\//, "", macro); sub(/\.tsv$/, "", macro); sub(/s$/, "", macro); macro = toupper(macro)
    next
}
/^#/ || /^$/ { next }
{
    if (NF != n) fail("expected " n " columns, found " NF)
    if (type[1] == "n") {
        id = number($1)
        if (seen++ && id <= last) fail("id " $1 " is out of order or there twice")
        last = id
    }
    row = ""
    for (i = 1; i <= n; i++) {
        if (type[i] == "-") continue
        cell = type[i] == "n" || type[i] == "i" ? $i : quoted($i)
        if (type[i] == "u") { up = toupper($i); gsub(/[^A-Z0-9]/, "_", up); cell = cell ", " up }
        row = row (row == "" ? "" : ", ") cell
    }
    print macro "(" row ")"
}
END { exit bad }
