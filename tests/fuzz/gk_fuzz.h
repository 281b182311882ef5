/* tests/fuzz/gk_fuzz.h: what the fuzz targets share. A target is one function gk_fuzz_one; under --enable-fuzz libFuzzer
 * calls it (tests/fuzz/run), otherwise entry.c runs it over its corpus (tests/fuzz/corpus/NAME) as part of make check.
 * A crash found is fixed, and its input goes into the corpus under a name that says what it was. */
#ifndef GK_FUZZ_H
#define GK_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>

/* The target. `text` holds `length` bytes and a NUL behind them. */
void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that has to hold for every input. */
#define GK_FUZZ_HOLDS(condition)                                                     \
  do {                                                                               \
    if (!(condition)) {                                                              \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      abort();                                                                       \
    }                                                                                \
  } while (0)

#endif
