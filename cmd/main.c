#include "tlswhy/cmd.h"
#include "completions.h"

#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = { &read_command, &watch_command, &cert_command, &chain_command, &explain_command, &ctl_command, &compare_command, &probe_command,
                                                &proxy_command, &profiles_command, &lab_command };

static const char *command_name(size_t i) { return i < ARRAY_LEN(commands) ? commands[i]->name : NULL; }

static void help(FILE *to)
{
    fputs("tlswhy " TLSWHY_VERSION " - why did this TLS handshake fail?\n\n"
          "  tlswhy read capture.pcapng          say why handshakes in a saved capture failed\n"
          "  tcpdump -w - port 443 | tlswhy read -\n"
          "  tlswhy read --json *.pcap | jq      one object a line\n\n", to);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        fprintf(to, "  tlswhy %-8s %-19s %s\n", commands[i]->name, commands[i]->synopsis, commands[i]->summary);
    fputs("\n`tlswhy COMMAND --help` has the options. Exit status: 0 no failure found, 1 failure found, 2 trouble.\n", to);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return EXIT_TROUBLE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("tlswhy " TLSWHY_VERSION);
        return out_finish(EXIT_NONE_FOUND);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return out_finish(EXIT_NONE_FOUND);
    }
    if (strcmp(argv[1], "--completions") == 0)
        return completions(argv[2], commands, ARRAY_LEN(commands));
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i]->name, argv[1]) == 0)
            return commands[i]->run(argc - 1, argv + 1);
    }
    FILE *file = fopen(argv[1], "rb");
    if (file != NULL) {
        fclose(file);
        return trouble("'%s' is a file, not a command; to read it: tlswhy read %s", argv[1], argv[1]);
    }
    const char *near = nearest_word(argv[1], command_name);
    if (near != NULL)
        return trouble("there is no command '%s'; did you mean '%s'? (tlswhy --help lists them)", argv[1], near);
    return trouble("there is no command '%s'; tlswhy --help lists them", argv[1]);
}
