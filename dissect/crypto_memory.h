/* crypto_memory.h - out of memory is no answer about a signature or a key: it ends the program, as everywhere. */
#ifndef DISSECT_CRYPTO_MEMORY_H
#define DISSECT_CRYPTO_MEMORY_H

#include "tlswhy/base.h"

/* Passes an error code of mbedTLS on, unless it is that. Codes are a high part, a low part, or the sum of both (mbedtls/error.h);
 * the numbers are the same in 2.28 and 3.6. */
static inline int checked(int code)
{
    enum { LOW = 0x7f, MPI_ALLOC = 0x10, ASN1_ALLOC = 0x6a, PK_ALLOC = 0x3f80, ECP_ALLOC = 0x4d80, MD_ALLOC = 0x5180, CIPHER_ALLOC = 0x6180 };
    int low = -code & LOW, high = -code & ~LOW;
    if (code < 0 && (low == MPI_ALLOC || low == ASN1_ALLOC || high == PK_ALLOC || high == ECP_ALLOC || high == MD_ALLOC || high == CIPHER_ALLOC))
        mem_fail();
    return code;
}

#endif
