/* tests/bench/idcard.c: microseconds to decode a text block, by layout. Goal: 20. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "block.h"

enum { ROUNDS = 200000 };

int main(void)
{
  static const char *const samples[] = {"resident", "resident_rare_glyph_full_address", "hmt_permit", "foreigner_2017",
                                        "foreigner_2023"};
  const char *top = getenv("top_srcdir");
  apr_pool_t *pool, *each;
  apr_initialize();
  apr_pool_create(&pool, NULL);
  apr_pool_create(&each, pool);
  for (size_t s = 0; s < sizeof(samples) / sizeof(samples[0]); s++) {
    apr_file_t *file;
    unsigned char bytes[IDCARD_BLOCK_BYTES];
    apr_size_t length = sizeof(bytes);
    if (apr_file_open(&file, apr_pstrcat(pool, top != NULL ? top : ".", "/tests/fuzz/corpus/idcard/", samples[s], NULL),
                      APR_READ, 0, pool) != APR_SUCCESS || apr_file_read_full(file, bytes, length, &length) != APR_SUCCESS)
      return 1;
    apr_time_t start = apr_time_now();
    for (int i = 0; i < ROUNDS; i++) {
      idcard_block_t block;
      apr_pool_clear(each);
      if (idcard_block_read(&block, bytes, 20131105, each) != NULL)
        return 1;
    }
    printf("%-36s %.2f us\n", samples[s], (double)(apr_time_now() - start) / ROUNDS);
  }
  apr_terminate();
  return 0;
}
