/* refusal.h - did the client walk away from the server's certificate, and how does it show? Shared by the families
 * about certificates. */
#ifndef TLSWHY_REFUSAL_H
#define TLSWHY_REFUSAL_H

#include "say.h"

struct refusal refusal_of(const struct handshake *h);

/* Is this a number that refusing a certificate gives? */
bool about_certificate(int alert);
/* The chain's certificates that have to be verified, as seen: on the judge's path up to below the anchor, else those
 * sent that are not their own issuer. NULL at the end. */
const struct cert *below_anchor(const struct handshake *h, size_t i);

/* Could this chain's faults be the reason? Then the certificate family speaks. */
bool chain_at_fault(const struct handshake *h);
/* certificate.c: finds went->fault, by went->refusal. */
void find_fault(const struct handshake *h, struct course *went);

/* Is it a time and a client for which SHA-1 in a chain is refused? (browsers since 2017) */
bool sha1_is_refused(const struct handshake *h);

/* Reasons why an unknown root may be somebody else's doing; the families that own them say more. */
const struct fetch *
failed_list_fetch(const struct case_file *c);      /* fetched.c: the client asked for the root list and got none that serves */
bool looks_intercepted(const struct case_file *c); /* interception.c */

#endif
