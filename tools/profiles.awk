# profiles.awk - the client profiles become rows PROFILE("id", "text") of an X-macro file, sorted by id.
# Usage: awk -f tools/profiles.awk dissect/clients/*.profile (the shell sorts them).
FNR == 1 {
    if (NR > 1) print ")"
    id = FILENAME; sub(/^.*\//, "", id); sub(/\.profile$/, "", id)
    printf "PROFILE(\"%s\",\n", id
}
{ gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\?\?/, "?\\?"); printf "    \"%s\\n\"\n", $0 }
END { if (NR > 0) print ")" }
