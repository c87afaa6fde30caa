/* lists.h - what users write for a hello's lists: names or numbers, commas between; and other names that they may mistype. */
#ifndef TLSWHY_LISTS_H
#define TLSWHY_LISTS_H

#include "tlswhy/handshake.h"

/* "TLS_RSA_WITH_AES_128_CBC_SHA,c02f,0x1301"; "none" is an empty list that is there not at all (v NULL). False: trouble was said. */
bool list_suites(const char *option, const char *text, struct arena *a, struct u32s *out);
bool list_groups(const char *option, const char *text, struct arena *a, struct u16s *out);
bool list_sigalgs(const char *option, const char *text, struct arena *a, struct u16s *out);
bool list_words(const char *option, const char *text, struct arena *a, struct byte_list *out);
/* "1.2", "1.0-1.2", "ssl3-", "-1.1"; low = high = 0x0002 for "ssl2". */
bool version_range(const char *option, const char *text, uint16_t *low, uint16_t *high);
/* Is there such a cause? False: trouble was said, with what was perhaps meant. */
bool cause_named(const char *option, const char *code);

#endif
