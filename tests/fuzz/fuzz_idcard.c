/* Text blocks of ID cards as a reader may give them: whatever the bytes, a block is refused in both languages or gives text. */
#include "fuzz/gk_fuzz.h"

#include "base/text.h"
#include "block.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  /* Exactly a block: reads beyond it are seen. */
  unsigned char *bytes = calloc(1, IDCARD_BLOCK_BYTES);
  memcpy(bytes, text, length < IDCARD_BLOCK_BYTES ? length : IDCARD_BLOCK_BYTES);
  idcard_block_t block = {.layout = NULL};
  const idcard_fault_t *fault = idcard_block_read(&block, bytes, 20131105, pool);
  if (fault != NULL) {
    GK_FUZZ_HOLDS(block.layout == NULL && fault->code != NULL && fault->field != NULL);
    GK_FUZZ_HOLDS(gk_utf8_valid(fault->zh, strlen(fault->zh)) && gk_utf8_valid(fault->en, strlen(fault->en)));
  } else {
    GK_FUZZ_HOLDS(block.n_fields >= 6 && block.n_fields <= IDCARD_FIELDS);
    for (apr_uint32_t i = 0; i < block.n_fields; i++) {
      GK_FUZZ_HOLDS(gk_utf8_valid(block.fields[i].value, strlen(block.fields[i].value)));
      GK_FUZZ_HOLDS(block.fields[i].value[0] != '\0');
      for (const char *c = block.fields[i].value; *c != '\0'; c++)
        GK_FUZZ_HOLDS((unsigned char)*c >= 0x20);
    }
  }
  free(bytes);
}
