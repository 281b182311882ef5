/* tests/bench/seal.c: what sealing costs: microseconds a value of 64, 1,024 and 4,096 bytes, and of a record's key. */
#include <stdio.h>

#include <apr_general.h>

#include "unit/key_file.h"

enum { ROUNDS = 100000 };

static double since(apr_time_t start) { return (double)(apr_time_now() - start) / ROUNDS; }

int main(void)
{
  static const apr_size_t sizes[] = {64, 1024, 4096};
  static char text[4096];
  apr_pool_t *pool, *each;
  gk_sealed_t sealed, wrapped;
  gk_record_key_t *key = NULL;
  const char *back;
  gk_error_t *error = NULL;
  apr_initialize();
  apr_pool_create(&pool, NULL);
  apr_pool_create(&each, pool);
  gk_keys_t *keys = gk_test_keys(GK_TEST_DATA_KEY, pool);
  if (keys == NULL)
    return 1;
  memset(text, 'a', sizeof text);
  error = gk_record_key_make(&key, &wrapped, keys, "record_key", pool);
  for (size_t s = 0; error == NULL && s < sizeof sizes / sizeof *sizes; s++) {
    apr_time_t start = apr_time_now();
    for (int i = 0; error == NULL && i < ROUNDS; i++) {
      apr_pool_clear(each);
      error = gk_record_seal(&sealed, key, "candidate.doc.1", text, sizes[s], each);
    }
    double seal = since(start);
    if (error == NULL)
      error = gk_record_seal(&sealed, key, "candidate.doc.1", text, sizes[s], pool);
    start = apr_time_now();
    for (int i = 0; error == NULL && i < ROUNDS; i++) {
      apr_pool_clear(each);
      error = gk_record_unseal(&back, NULL, key, "candidate.doc.1", &sealed, each);
    }
    printf("%4d bytes: seal %.2f us, unseal %.2f us\n", (int)sizes[s], seal, since(start));
  }
  apr_time_t start = apr_time_now();
  for (int i = 0; error == NULL && i < ROUNDS; i++) {
    apr_pool_clear(each);
    error = gk_record_key_open(&key, keys, "record_key", &wrapped, each);
  }
  printf("record key: open %.2f us\n", since(start));
  if (error != NULL)
    printf("%s\n", gk_error_log_text(pool, error));
  return error != NULL;
}
