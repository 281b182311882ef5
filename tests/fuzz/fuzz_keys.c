/* Key files: whatever an editor, a disk or a stranger made of one is read or refused with a sentence. */
#include "fuzz/gk_fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  int fd = memfd_create("keys", MFD_CLOEXEC);
  GK_FUZZ_HOLDS(fd >= 0 && fchmod(fd, 0600) == 0);
  GK_FUZZ_HOLDS(write(fd, text, length) == (ssize_t)length);
  gk_error_t *error = gk_keys_load(&keys, apr_psprintf(pool, "/proc/self/fd/%d", fd), pool);
  close(fd);
  if (error != NULL) {
    GK_FUZZ_HOLDS(gk_error_log_text(pool, error) != NULL);
    return;
  }
  static const char *const purposes[] = {"data", "index", "cookie", "slip", "seal", "packet", "reading", "spool", "export"};
  for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
    GK_FUZZ_HOLDS(gk_key_id(keys, purposes[i]) != NULL);
  gk_session_t session = {.account_id = 17, .generation = 2, .issued = 5, .seen = 6, .id = "0123456789abcdef0123456789abcdef"};
  gk_session_t opened;
  GK_FUZZ_HOLDS(gk_session_open(keys, gk_session_seal(keys, &session, pool), &opened, pool));
  const char *bytes = NULL;
  apr_size_t got = 0;
  gk_sealed_t sealed;
  GK_FUZZ_HOLDS(gk_seal(&sealed, keys, "fuzz", "text", 4, pool) == NULL);
  GK_FUZZ_HOLDS(gk_unseal(&bytes, &got, keys, "fuzz", &sealed, pool) == NULL && got == 4 && memcmp(bytes, "text", 4) == 0);
  GK_FUZZ_HOLDS(gk_slip_matches(keys, 17, 1, gk_slip_password(keys, 17, 1, pool)));
}
