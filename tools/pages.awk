# pages.awk - the closed list of causes and their pages become rows of an X-macro file:
#     CAUSE("code", "category", "side", "brief", "meaning", "proof", "page", ITEMS(fix..., NULL),
#           ITEMS(whom each of them is for...), ITEMS(settle..., NULL))
# A page is pages/CODE.md beside the list. Its list items under "## Fix" and "## Settle" become the items. {winxp* win7-ie8}
# in an item of Fix: it is for clients of these profiles; the words are taken out of the text.
BEGIN { FS = "\t" }
function fail(why) { printf "%s:%d: %s\n", FILENAME, FNR, why > "/dev/stderr"; bad = 1; exit 1 }
function quoted(s) { gsub(/\\/, "&&", s); gsub(/"/, "\\\"", s); gsub(/\n/, "\\n", s); gsub(/\?\?/, "?\\?", s); return "\"" s "\"" }
# Reads the page of a cause into page, fix and settle.
function read_page(file,    line, section, item) {
    page = fix = fix_for = settle = whom = ""
    while ((getline line < file) > 0) {
        if (match(line, / ?\{[^}]*\}/)) {
            next_whom = substr(line, RSTART, RLENGTH)
            gsub(/[ ]*[{}]/, "", next_whom)
            line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
        }
        page = page line "\n"
        if (line ~ /^(- |[0-9]+\. |## |$)/) {
            add(section, item)
            item = ""
            whom = next_whom
            next_whom = ""
        }
        if (line ~ /^## /) section = substr(line, 4)
        else if (sub(/^(- |[0-9]+\. )/, "", line)) item = line
        else if (item != "" && sub(/^ +/, "", line)) item = item " " line
    }
    add(section, item)
    close(file)
}
function add(section, item) {
    gsub(/`|\*\*/, "", item)
    if (item != "" && section == "Fix") {
        fix = fix quoted(item) ", "
        fix_for = fix_for quoted(whom) ", "
    }
    if (item != "" && section == "Settle") settle = settle quoted(item) ", "
}
FNR == 1 { if ($0 != "code\tcategory\tside\tbrief\tmeaning\tproof") fail("other columns than expected"); next }
{
    if (NF != 6) fail("expected 6 columns, found " NF)
    if ($1 in seen) fail($1 " is there twice")
    seen[$1] = 1
    file = FILENAME
    sub(/[^\/]*$/, "pages/" $1 ".md", file)
    read_page(file)
    row = ""
    for (i = 1; i <= 6; i++) row = row quoted($i) ", "
    print "CAUSE(" row quoted(page) ", ITEMS(" fix "NULL), ITEMS(" fix_for "NULL), ITEMS(" settle "NULL))"
}
END { exit bad }
