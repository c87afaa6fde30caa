/* completions.c - what shells complete, made from the tables of options that the commands parse by. */
#include "completions.h"

#include <stdio.h>
#include <string.h>

/* What an option's value is, as far as a shell can help: told by the word that --help shows for it. */
enum value_kind { VALUE_NONE, VALUE_FILE, VALUE_FOLDER, VALUE_PROFILE, VALUE_CAUSE, VALUE_WHEN, VALUE_OTHER };

static enum value_kind kind_of(const struct option_row *r)
{
    static const struct { const char *word; enum value_kind kind; } words[] = {
        { "PROFILE", VALUE_PROFILE }, { "CAUSE", VALUE_CAUSE }, { "WHEN", VALUE_WHEN }, { "DIR", VALUE_FOLDER }
    };
    if (r->value == NULL)
        return VALUE_NONE;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strncmp(r->value, words[i].word, strlen(words[i].word)) == 0)
            return words[i].kind;
    return strstr(r->value, "FILE") != NULL || strstr(r->value, ".pem") != NULL || strstr(r->value, ".pcapng") != NULL ? VALUE_FILE : VALUE_OTHER;
}

/* Help in single quotes, its first clause. */
static void quoted(struct text *t, const char *s, const char *also)
{
    for (size_t n = strcspn(s, ";("); n > 0 && *s != '\0'; n--, s++) {
        if (*s == '\'')
            text_add(t, "'\\''");
        else if (strchr(also, *s) != NULL)
            text_printf(t, "\\%c", *s);
        else
            text_char(t, *s);
    }
    while (t->n > 0 && t->s[t->n - 1] == ' ')
        t->s[--t->n] = '\0';
}

/* ------------------------------------------------------------------------------------ bash */

static void bash_values(struct text *t, const struct command *c)
{
    static const char *const answer[] = {
        [VALUE_FILE] = "COMPREPLY=($(compgen -f -- \"$cur\"))", [VALUE_FOLDER] = "COMPREPLY=($(compgen -d -- \"$cur\"))",
        [VALUE_PROFILE] = "COMPREPLY=($(compgen -W \"$(tlswhy profiles 2>/dev/null | awk '{ print $1 }')\" -- \"$cur\"))",
        [VALUE_CAUSE] = "COMPREPLY=($(compgen -W \"ok $(tlswhy explain 2>/dev/null | awk '{ print $1 }')\" -- \"$cur\"))",
        [VALUE_WHEN] = "COMPREPLY=($(compgen -W 'auto always never' -- \"$cur\"))", [VALUE_OTHER] = "COMPREPLY=()"
    };
    for (enum value_kind k = VALUE_FILE; k <= VALUE_OTHER; k++) {
        const char *before = "            ";
        for (const struct option_row *r = c->options; r->id != 0; r++) {
            if (kind_of(r) != k)
                continue;
            text_printf(t, "%s--%s", before, r->name);
            before = " | ";
        }
        if (before[1] == '|')
            text_printf(t, ") %s; return ;;\n", answer[k]);
    }
}

static void bash(struct text *t, const struct command *const *all, size_t n)
{
    text_add(t, "# bash completion of tlswhy; made from its tables of options\n_tlswhy() {\n    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                "    if [ \"$COMP_CWORD\" = 1 ]; then\n        COMPREPLY=($(compgen -W '");
    for (size_t i = 0; i < n; i++)
        text_printf(t, "%s ", all[i]->name);
    text_add(t, "--help --version' -- \"$cur\"))\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; i < n; i++) {
        text_printf(t, "    %s)\n        case $prev in\n", all[i]->name);
        bash_values(t, all[i]);
        text_add(t, "        esac\n        [[ $cur == -* ]] && COMPREPLY=($(compgen -W '");
        for (const struct option_row *r = all[i]->options; r->id != 0; r++)
            text_printf(t, "--%s ", r->name);
        text_add(t, "' -- \"$cur\")) || COMPREPLY=($(compgen -f -- \"$cur\"))\n        ;;\n");
    }
    text_add(t, "    esac\n}\ncomplete -o filenames -F _tlswhy tlswhy\n");
}

/* ------------------------------------------------------------------------------------ zsh */

static void zsh_option(struct text *t, const struct option_row *r)
{
    static const char *const action[] = {
        [VALUE_FILE] = ":file:_files", [VALUE_FOLDER] = ":folder:_files -/", [VALUE_PROFILE] = ":profile:_tlswhy_profiles", [VALUE_CAUSE] = ":cause:_tlswhy_causes",
        [VALUE_WHEN] = ":when:(auto always never)", [VALUE_OTHER] = ":value: "
    };
    enum value_kind k = kind_of(r);
    text_printf(t, "            '--%s[", r->name);
    quoted(t, r->help, "[]:");
    text_printf(t, "]%s' \\\n", k != VALUE_NONE ? action[k] : "");
}

static void zsh(struct text *t, const struct command *const *all, size_t n)
{
    text_add(t, "#compdef tlswhy\n# zsh completion of tlswhy; made from its tables of options\n"
                "_tlswhy_profiles() { compadd -- ${(f)\"$(tlswhy profiles 2>/dev/null | awk '{ print $1 }')\"} }\n"
                "_tlswhy_causes() { compadd -- ok ${(f)\"$(tlswhy explain 2>/dev/null | awk '{ print $1 }')\"} }\n"
                "_tlswhy() {\n    local -a commands=(\n");
    for (size_t i = 0; i < n; i++) {
        text_printf(t, "        '%s:", all[i]->name);
        quoted(t, all[i]->summary, ":");
        text_add(t, "'\n");
    }
    text_add(t, "    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n        return\n    fi\n    local command=$words[2]\n"
                "    shift words\n    (( CURRENT-- ))\n    case $command in\n");
    for (size_t i = 0; i < n; i++) {
        text_printf(t, "    %s)\n        _arguments \\\n", all[i]->name);
        for (const struct option_row *r = all[i]->options; r->id != 0; r++)
            zsh_option(t, r);
        text_add(t, "            '*:file:_files'\n        ;;\n");
    }
    text_add(t, "    esac\n}\n_tlswhy \"$@\"\n");
}

/* ------------------------------------------------------------------------------------ fish */

static void fish(struct text *t, const struct command *const *all, size_t n)
{
    static const char *const action[] = { [VALUE_NONE] = "", [VALUE_FILE] = " -r -F", [VALUE_FOLDER] = " -x -a '(__fish_complete_directories)'",
                                          [VALUE_PROFILE] = " -x -a \"(tlswhy profiles 2>/dev/null | string match -r '^\\S+')\"",
                                          [VALUE_CAUSE] = " -x -a \"ok (tlswhy explain 2>/dev/null | string match -r '^\\S+')\"",
                                          [VALUE_WHEN] = " -x -a 'auto always never'", [VALUE_OTHER] = " -x" };
    text_add(t, "# fish completion of tlswhy; made from its tables of options\n");
    for (size_t i = 0; i < n; i++) {
        text_printf(t, "complete -c tlswhy -n __fish_use_subcommand -f -a %s -d '", all[i]->name);
        quoted(t, all[i]->summary, "");
        text_add(t, "'\n");
        for (const struct option_row *r = all[i]->options; r->id != 0; r++) {
            text_printf(t, "complete -c tlswhy -n '__fish_seen_subcommand_from %s' -l %s%s -d '", all[i]->name, r->name, action[kind_of(r)]);
            quoted(t, r->help, "");
            text_add(t, "'\n");
        }
    }
}

int completions(const char *shell, const struct command *const *all, size_t n)
{
    static const struct { const char *name; void (*make)(struct text *, const struct command *const *, size_t); } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };
    struct text t = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
        if (shell == NULL || strcmp(shell, shells[i].name) != 0)
            continue;
        shells[i].make(&t, all, n);
        out_flush(&t);
        text_free(&t);
        return out_finish(EXIT_NONE_FOUND);
    }
    return trouble("--completions takes bash, zsh or fish");
}
