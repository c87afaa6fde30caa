# text.awk - a text file as a C string literal, a line each: for what the program carries word for word.
{ gsub(/\\/, "&&"); gsub(/"/, "\\\""); printf "\"%s\\n\"\n", $0 }
