#!/bin/sh
# completions.sh TLSWHY - what shells complete: each script loads in its shell, and bash's answers are those of the tables.
set -u
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ln -s "$program" "$dir/tlswhy"
PATH=$dir:$PATH
export PATH
said() { [ "$2" = 0 ] && echo "PASS completions $1" || echo "FAIL completions $1"; }

for shell in bash zsh fish; do
    "$program" --completions $shell >"$dir/$shell"
    said "$shell, made" $?
    if command -v $shell >/dev/null 2>&1; then
        $shell -n "$dir/$shell" 2>"$dir/err"
        said "$shell, reads it" "$([ $? = 0 ] && [ ! -s "$dir/err" ]; echo $?)"
    else
        echo "SKIP completions $shell, reads it: $shell is not installed"
    fi
done
"$program" --completions tcsh >"$dir/out" 2>"$dir/err"
said "another shell is trouble" "$([ $? = 2 ] && [ "$(wc -l <"$dir/err")" = 1 ]; echo $?)"

command -v bash >/dev/null 2>&1 || exit 0
answers() { # WORD...: the last is to be completed
    bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tlswhy; printf "%s\n" "${COMPREPLY[@]}"' bash "$dir/bash" "$@"
}
said "commands" "$(answers tlswhy re | grep -qx read; echo $?)"
said "options" "$(answers tlswhy read --key | grep -qx -- --keylog; echo $?)"
said "profiles" "$(answers tlswhy probe --as winsrv2008s | grep -qx winsrv2008sp2; echo $?)"
said "causes" "$(answers tlswhy probe --expect cert-exp | grep -qx cert-expired; echo $?)"
said "words" "$(answers tlswhy read --color al | grep -qx always; echo $?)"
said "files" "$(cd "$dir" && answers tlswhy read fis | grep -qx fish; echo $?)"
# every option of every command
for command in $("$program" --help | sed -n 's/^  tlswhy \([a-z]*\) .*/\1/p' | sort -u); do
    "$program" "$command" --help 2>/dev/null | grep -oE '^ +(-., |    )--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort >"$dir/help"
    answers tlswhy "$command" -- | sort >"$dir/have"
    cmp -s "$dir/help" "$dir/have" || echo "FAIL completions options of $command: $(diff "$dir/help" "$dir/have" | head -3 | tr '\n' ' ')"
done
exit 0
