/* tests/gateway/samples.h: the reader's replies of samples.csv (made-up people), by name. */
#ifndef GK_TEST_GATEWAY_SAMPLES_H
#define GK_TEST_GATEWAY_SAMPLES_H

#include "base/text.h"
#include "unit/gk_test.h"

#define SAMPLE_BYTES 4096
typedef struct sample_t {
  char name[64], note[120];
  unsigned char bytes[SAMPLE_BYTES];
  size_t length;
} sample_t;

/* Number of samples read into `samples`, which has room for `room`. */
static inline int samples_read(sample_t *samples, int room, apr_pool_t *pool)
{
  const char *top = getenv("top_srcdir");
  char line[2 * SAMPLE_BYTES + 300];
  int count = 0;
  FILE *file = fopen(apr_pstrcat(pool, top != NULL ? top : ".", "/tests/gateway/samples.csv", NULL), "r");
  if (file == NULL || fgets(line, sizeof(line), file) == NULL)
    return 0;
  while (count < room && fgets(line, sizeof(line), file) != NULL) {
    sample_t *sample = &samples[count];
    char *state, *name = apr_strtok(line, ",\n", &state), *length = apr_strtok(NULL, ",\n", &state);
    char *hex = apr_strtok(NULL, ",\n", &state), *note = apr_strtok(NULL, "\n", &state);
    apr_size_t bytes;
    if (hex == NULL || length == NULL)
      continue;
    const unsigned char *data = gk_text_unhex(pool, hex, &bytes);
    if (data == NULL || bytes > SAMPLE_BYTES || bytes != (apr_size_t)atoi(length))
      continue;
    apr_cpystrn(sample->name, name, sizeof(sample->name));
    apr_cpystrn(sample->note, note != NULL ? note : "", sizeof(sample->note));
    memcpy(sample->bytes, data, bytes);
    sample->length = bytes;
    count++;
  }
  fclose(file);
  return count;
}

static inline const sample_t *sample(const sample_t *samples, int count, const char *name)
{
  for (int i = 0; i < count; i++)
    if (strcmp(samples[i].name, name) == 0)
      return &samples[i];
  return NULL;
}

#endif
