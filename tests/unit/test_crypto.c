/* Keys, digests, slips, one-time codes, session cookies and the password queue. */
#include "unit/gk_test.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "crypto/crypto.h"
#include "crypto/internal.h"

#define NOON ((apr_time_t)1383310800 * GK_SECOND)

static const char *folder(apr_pool_t *pool)
{
  char *name = apr_pstrdup(pool, "/tmp/gk-crypto-XXXXXX");
  return mkdtemp(name);
}

static void write_file(const char *path, const char *text, int mode)
{
  FILE *file = fopen(path, "w");
  fputs(text, file);
  fclose(file);
  chmod(path, (mode_t)mode);
}

static gk_keys_t *keys_of(apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  const char *dir = folder(pool), *path = apr_pstrcat(pool, dir, "/keys", NULL);
  gk_error_t *error = gk_keys_create(path, NOON, pool);
  if (error == NULL)
    error = gk_keys_load(&keys, path, pool);
  if (error != NULL)
    printf("# %s\n", gk_error_log_text(pool, error));
  unlink(path);
  rmdir(dir);
  return keys;
}

/* Fixed keys, so that derived values can be pinned. */
#define K32 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define ZERO32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define FIXED                                                        \
  "# comment\n"                                                      \
  "data1 data aes-256-gcm 2013-11-01T00:00:00Z active " K32 "\n"     \
  "index1 index hmac-sha-256 2013-11-01T00:00:00Z active " K32 "\n"  \
  "cookie1 cookie hmac-sha-256 2013-11-01T00:00:00Z active " K32 "\n" \
  "slip1 slip hmac-sha-256 2013-11-01T00:00:00Z active " K32 " # the first\n" REST
#define REST                                                         \
  "seal1 seal ed25519 2013-11-01T00:00:00Z active " K32 "\n"          \
  "packet1 packet x25519 2013-11-01T00:00:00Z active " K32 "\n"       \
  "reading1 reading x25519 2013-11-01T00:00:00Z active " K32 "\n"     \
  "spool1 spool aes-256-gcm 2013-11-01T00:00:00Z active " K32 "\n"    \
  "export1 export ecdsa-p256 2013-11-01T00:00:00Z active " K32 "\n"

static gk_error_t *load_text(gk_keys_t **keys, const char *text, int mode, apr_pool_t *pool)
{
  const char *dir = folder(pool), *path = apr_pstrcat(pool, dir, "/keys", NULL);
  write_file(path, text, mode);
  gk_error_t *error = gk_keys_load(keys, path, pool);
  unlink(path);
  rmdir(dir);
  return error;
}

static void key_files_are_made_once_and_read_back(apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  struct stat info;
  const char *dir = folder(pool), *path = apr_pstrcat(pool, dir, "/keys", NULL);
  GK_TEST_ERROR(gk_keys_load(&keys, path, pool), GK_E_CONFIG);
  GK_TEST_OK(gk_keys_create(path, NOON, pool));
  GK_TEST_INT(stat(path, &info), 0);
  GK_TEST_INT(info.st_mode & 0777, 0600);
  GK_TEST_ERROR(gk_keys_create(path, NOON, pool), GK_E_CONFIG);
  GK_TEST_OK(gk_keys_load(&keys, path, pool));
  GK_TEST_STR(gk_key_id(keys, "slip"), "slip1");
  GK_TEST_STR(gk_key_id(keys, "nothing"), NULL);
  unlink(path);
  rmdir(dir);
}

static void bad_key_files_are_refused(apr_pool_t *pool)
{
  static const struct {
    const char *what, *text;
    int mode;
  } rows[] = {
      {"readable by all", FIXED, 0644},
      {"empty", "", 0600},
      {"five words", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z old\n", 0600},
      {"seven words", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z old " K32 " more\n", 0600},
      {"two active", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z active " K32 "\n", 0600},
      {"id twice", FIXED "data1 data aes-256-gcm 2013-11-01T00:00:00Z old " K32 "\n", 0600},
      {"id with a dot", FIXED "a.b data aes-256-gcm 2013-11-01T00:00:00Z old " K32 "\n", 0600},
      {"purpose", FIXED "x door aes-256-gcm 2013-11-01T00:00:00Z old " K32 "\n", 0600},
      {"algorithm", FIXED "x data rot13 2013-11-01T00:00:00Z old " K32 "\n", 0600},
      {"state", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z sleepy " K32 "\n", 0600},
      {"time", FIXED "x data aes-256-gcm yesterday old " K32 "\n", 0600},
      {"gone with its key", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z gone " K32 "\n", 0600},
      {"a key left out", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z old -\n", 0600},
      {"short key", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z old AAEC\n", 0600},
      {"no base64", FIXED "x data aes-256-gcm 2013-11-01T00:00:00Z old ****\n", 0600},
      {"truncated", "data1 data aes-256-gcm 2013-11-01T00:00:00Z active " K32 "\n", 0600},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    gk_keys_t *keys = NULL;
    GK_TEST_CASE("%s", rows[i].what);
    GK_TEST_ERROR(load_text(&keys, rows[i].text, rows[i].mode, pool), GK_E_CONFIG);
    GK_TEST(keys == NULL);
  }
}

static char *slurp(const char *path, apr_pool_t *pool)
{
  char *text = apr_pcalloc(pool, 65536);
  FILE *file = fopen(path, "r");
  if (file == NULL || fread(text, 1, 65535, file) == 0)
    return NULL;
  fclose(file);
  return text;
}

static const char *state_of(const char *path, const char *id, apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  if (gk_keys_load(&keys, path, pool) != NULL)
    return "does not load";
  for (int i = 0; i < gk_keys_count(keys); i++) {
    gk_key_info_t key;
    gk_keys_info(&key, keys, i, pool);
    if (strcmp(key.id, id) == 0)
      return key.state;
  }
  return "missing";
}

/* new, active, old, gone; a gone key is out of the file, one for seals leaves its public half. */
static void keys_are_added_made_active_and_taken_out(apr_pool_t *pool)
{
  struct stat info;
  const char *id, *dir = folder(pool), *path = apr_pstrcat(pool, dir, "/keys", NULL);
  unsigned char signature[GK_SIGNATURE_BYTES];
  gk_keys_t *keys;
  GK_TEST_OK(gk_keys_create(path, NOON, pool));
  chmod(path, 0640);
  GK_TEST_OK(gk_keys_load(&keys, path, pool));
  GK_TEST_OK(gk_key_sign(signature, &id, keys, "seal", "head", 4, pool));
  GK_TEST_OK(gk_keys_add(&id, path, "data", false, NOON, pool));
  GK_TEST_STR(id, "data2");
  GK_TEST_STR(state_of(path, "data2", pool), "new");
  GK_TEST_ERROR(gk_keys_add(&id, path, "data", false, NOON, pool), GK_E_WRONG_STATE);
  GK_TEST_ERROR(gk_keys_add(&id, path, "door", false, NOON, pool), GK_E_CONFIG);
  GK_TEST_ERROR(gk_keys_activate(path, "slip", "data2", pool), GK_E_WRONG_STATE);
  GK_TEST_ERROR(gk_keys_activate(path, "data", "data1", pool), GK_E_WRONG_STATE);
  GK_TEST_OK(gk_keys_activate(path, "data", "data2", pool));
  GK_TEST_STR(state_of(path, "data1", pool), "old");
  GK_TEST_STR(state_of(path, "data2", pool), "active");
  GK_TEST_ERROR(gk_keys_retire(path, "data", "data2", pool), GK_E_WRONG_STATE);
  GK_TEST_OK(gk_keys_retire(path, "data", "data1", pool));
  GK_TEST_STR(state_of(path, "data1", pool), "gone");
  GK_TEST(strstr(slurp(path, pool), "data1 data aes-256-gcm 2013-11-01T13:00:00Z gone -") != NULL);
  GK_TEST_OK(gk_keys_add(&id, path, "seal", false, NOON, pool));
  GK_TEST_OK(gk_keys_activate(path, "seal", "seal2", pool));
  GK_TEST_OK(gk_keys_retire(path, "seal", "seal1", pool));
  GK_TEST_OK(gk_keys_load(&keys, path, pool));
  GK_TEST(gk_key_verify(keys, "seal", "seal1", signature, "head", 4));
  GK_TEST_INT(stat(path, &info), 0);
  GK_TEST_INT(info.st_mode & 0777, 0640);
  unlink(path);
  rmdir(dir);
}

/* DI-9: a file cut off anywhere is refused, or nothing of it is missing. */
static void every_cut_key_file_is_refused(apr_pool_t *pool)
{
  gk_keys_t *keys;
  const char *id, *dir = folder(pool), *path = apr_pstrcat(pool, dir, "/keys", NULL);
  int loaded = 0, short_ones = 0;
  GK_TEST_OK(gk_keys_create(path, NOON, pool));
  GK_TEST_OK(gk_keys_add(&id, path, "data", false, NOON, pool));
  GK_TEST_OK(gk_keys_activate(path, "data", id, pool));
  GK_TEST_OK(gk_keys_add(&id, path, "index", false, NOON, pool));
  GK_TEST_OK(gk_keys_add(&id, path, "export", false, NOON, pool));
  GK_TEST_OK(gk_keys_activate(path, "export", id, pool));
  const char *text = slurp(path, pool);
  unlink(path);
  rmdir(dir);
  apr_pool_t *round;
  apr_pool_create(&round, pool);
  for (apr_size_t n = 0; n <= strlen(text); n++) {
    apr_pool_clear(round);
    if (load_text(&keys, apr_pstrmemdup(round, text, n), 0600, round) == NULL) {
      loaded++;
      short_ones += gk_keys_count(keys) != 12;
    }
  }
  GK_TEST_INT(short_ones, 0);
  GK_TEST_INT(loaded, 2); /* whole, and whole but for the last line's end */
}

static void check_values_tell_keys_apart(apr_pool_t *pool)
{
  gk_keys_t *keys, *other;
  gk_key_info_t a, b;
  GK_TEST_OK(load_text(&keys, FIXED, 0600, pool));
  GK_TEST_OK(load_text(&other, FIXED, 0600, pool));
  gk_keys_info(&a, keys, 0, pool);
  gk_keys_info(&b, other, 0, pool);
  GK_TEST_STR(a.check, b.check);
  GK_TEST_INT(strlen(a.check), 16);
  gk_keys_info(&b, keys, 1, pool); /* the same bytes under another name */
  GK_TEST(strcmp(a.check, b.check) != 0);
  gk_keys_info(&b, keys_of(pool), 0, pool);
  GK_TEST_STR(b.id, "data1");
  GK_TEST(strcmp(a.check, b.check) != 0);
}

static void keys_for_seals_sign(apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  unsigned char signature[GK_SIGNATURE_BYTES], public[GK_PUBLIC_BYTES];
  const char *id = NULL;
  GK_TEST_OK(load_text(&keys, FIXED "seal0 seal ed25519 2013-11-01T00:00:00Z old " ZERO32 "\n", 0600, pool));
  GK_TEST_OK(gk_key_public(public, keys, "seal", "seal1", pool));
  /* the key of RFC 8032 is another; this one is what OpenSSL derives from bytes 0 to 31 */
  GK_TEST_STR(gk_text_hex(pool, public, sizeof(public)),
              "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8");
  GK_TEST_OK(gk_key_sign(signature, &id, keys, "seal", "head", 4, pool));
  GK_TEST_STR(id, "seal1");
  GK_TEST(gk_key_verify(keys, "seal", "seal1", signature, "head", 4));
  GK_TEST(!gk_key_verify(keys, "seal", "seal1", signature, "heaD", 4));
  GK_TEST(!gk_key_verify(keys, "seal", "seal0", signature, "head", 4));
  GK_TEST(!gk_key_verify(keys, "seal", "seal9", signature, "head", 4));
  GK_TEST(!gk_key_verify(keys, "data", "data1", signature, "head", 4));
  GK_TEST_ERROR(gk_key_sign(signature, &id, keys, "cookie", "head", 4, pool), GK_E_CONFIG);
  signature[0] ^= 1;
  GK_TEST(!gk_key_verify(keys, "seal", "seal1", signature, "head", 4));
}

/* The examples of GB/T 32905-2016 and GB/T 32907-2016. */
static void chinese_standards_give_their_examples(apr_pool_t *pool)
{
  static const unsigned char key[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                        0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
  unsigned char out[32], zero[16] = {0};
  gk_crypto__sm3(out, "abc", 3);
  GK_TEST_STR(gk_text_hex(pool, out, 32), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
  gk_crypto__sm3(out, "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd", 64);
  GK_TEST_STR(gk_text_hex(pool, out, 32), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
  /* zeros in counter mode show what the block cipher makes of the counter */
  gk_crypto__sm4_ctr(out, key, key, zero, sizeof(zero));
  GK_TEST_STR(gk_text_hex(pool, out, 16), "681edf34d206965e86b3e94f536e4246");
}

/* Keys of both kinds in one file: what one wrote stays readable when the other is active. */
static void values_of_both_ciphers_are_read(apr_pool_t *pool)
{
  static const char sm[] = "data2 data sm4-ctr-hmac-sm3 2013-12-01T00:00:00Z active " ZERO32 "\n";
  gk_keys_t *keys, *both;
  gk_sealed_t aes, two;
  gk_record_key_t *record;
  const char *text;
  char *old = apr_pstrdup(pool, FIXED);
  memcpy(strstr(old, "active"), "old   ", 6);
  GK_TEST_OK(load_text(&keys, FIXED, 0600, pool));
  GK_TEST_OK(load_text(&both, apr_pstrcat(pool, old, sm, NULL), 0600, pool));
  GK_TEST_OK(gk_seal(&aes, keys, "place", "marker text", 11, pool));
  GK_TEST_OK(gk_seal(&two, both, "place", "marker text", 11, pool));
  GK_TEST_INT(aes.bytes[1], 1);
  GK_TEST_INT(two.bytes[1], 2);
  GK_TEST_STR(two.key_id, "data2");
  GK_TEST_OK(gk_unseal(&text, NULL, both, "place", &aes, pool));
  GK_TEST_STR(text, "marker text");
  GK_TEST_OK(gk_unseal(&text, NULL, both, "place", &two, pool));
  GK_TEST_STR(text, "marker text");
  GK_TEST_ERROR(gk_unseal(&text, NULL, both, "other place", &two, pool), GK_E_SEALED);
  GK_TEST_ERROR(gk_unseal(&text, NULL, keys, "place", &two, pool), GK_E_CONFIG);
  for (apr_size_t i = 0; i < two.length; i++) {
    unsigned char *bytes = apr_pmemdup(pool, two.bytes, two.length);
    gk_sealed_t changed = {"data2", bytes, two.length};
    bytes[i] ^= 1;
    GK_TEST(gk_unseal(&text, NULL, both, "place", &changed, pool) != NULL);
  }
  gk_sealed_t wrapped, value;
  GK_TEST_OK(gk_record_key_make(&record, &wrapped, both, "key", pool));
  GK_TEST_OK(gk_record_seal(&value, record, "place", "marker text", 11, pool));
  GK_TEST_INT(value.bytes[1], 2);
  GK_TEST_OK(gk_record_unseal(&text, NULL, record, "place", &value, pool));
  GK_TEST_STR(text, "marker text");
}

static void digests_and_indexes(apr_pool_t *pool)
{
  gk_keys_t *keys = NULL;
  GK_TEST_OK(load_text(&keys, FIXED, 0600, pool));
  GK_TEST_STR(gk_sha256_hex(pool, "abc", 3),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  gk_sha256_t *digest = gk_sha256_start(pool);
  gk_sha256_add(digest, "a", 1);
  gk_sha256_add(digest, "bc", 2);
  GK_TEST_STR(gk_sha256_end(digest, pool),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const char *a = gk_blind_index(keys, "1.candidate.id_number", "430102199501010018", pool);
  GK_TEST_STR(a, gk_blind_index(keys, "1.candidate.id_number", "430102199501010018", pool));
  GK_TEST_INT(strlen(a), 64);
  GK_TEST(strcmp(a, gk_blind_index(keys, "2.candidate.id_number", "430102199501010018", pool)) != 0);
  GK_TEST_STR(gk_blind_index(keys, "x", NULL, pool), NULL);
  GK_TEST_INT(strlen(gk_random_hex(pool, 16)), 32);
  GK_TEST(strcmp(gk_random_hex(pool, 16), gk_random_hex(pool, 16)) != 0);
  GK_TEST(gk_same_text("ab", "ab") && !gk_same_text("ab", "abc") && !gk_same_text(NULL, NULL));
}

static void slips_are_repeatable_and_forgiving(apr_pool_t *pool)
{
  gk_keys_t *keys = NULL, *rotated = NULL;
  GK_TEST_OK(load_text(&keys, FIXED, 0600, pool));
  const char *slip = gk_slip_password(keys, 7, 1, pool);
  GK_TEST_INT(strlen(slip), 10);
  GK_TEST_INT(strspn(slip, "23456789abcdefghjkmnpqrstuvwxyz"), 10);
  GK_TEST_STR(slip, gk_slip_password(keys, 7, 1, pool));
  GK_TEST(strcmp(slip, gk_slip_password(keys, 7, 2, pool)) != 0);
  GK_TEST(strcmp(slip, gk_slip_password(keys, 8, 1, pool)) != 0);
  GK_TEST(gk_slip_matches(keys, 7, 1, slip));
  char spaced[32];
  apr_snprintf(spaced, sizeof(spaced), " %.5s-%c%s", slip, slip[5] >= 'a' ? slip[5] - 32 : slip[5], slip + 6);
  GK_TEST(gk_slip_matches(keys, 7, 1, spaced));
  GK_TEST(!gk_slip_matches(keys, 7, 2, slip));
  GK_TEST(!gk_slip_matches(keys, 7, 1, apr_pstrcat(pool, slip, "2", NULL)));
  GK_TEST(!gk_slip_matches(keys, 7, 1, ""));
  GK_TEST(!gk_slip_matches(keys, 7, 1, NULL));
  /* After rotation printed slips still work, new ones differ. */
  GK_TEST_OK(load_text(
      &rotated,
      "data1 data aes-256-gcm 2013-11-01T00:00:00Z active " K32 "\n"
      "index1 index hmac-sha-256 2013-11-01T00:00:00Z active " K32 "\n"
      "cookie1 cookie hmac-sha-256 2013-11-01T00:00:00Z active " K32 "\n"
      "slip1 slip hmac-sha-256 2013-11-01T00:00:00Z old " K32 "\n"
      "slip2 slip hmac-sha-256 2013-12-01T00:00:00Z active AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n" REST,
      0600, pool));
  GK_TEST(gk_slip_matches(rotated, 7, 1, slip));
  GK_TEST(strcmp(slip, gk_slip_password(rotated, 7, 1, pool)) != 0);
}

static void one_time_codes_follow_rfc_6238(apr_pool_t *pool)
{
  /* The RFC's secret "12345678901234567890"; its 8 digit codes end in these 6. */
  const char *secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  static const struct {
    apr_int64_t second;
    const char *code;
  } rows[] = {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"},
              {2000000000, "279037"}, {20000000000, "353130"}};
  apr_int64_t step = 0;
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    GK_TEST_CASE("%" APR_INT64_T_FMT, rows[i].second);
    GK_TEST_STR(gk_totp_code(secret, rows[i].second * GK_SECOND, pool), rows[i].code);
    GK_TEST(gk_totp_matches(secret, rows[i].code, rows[i].second * GK_SECOND, &step));
    GK_TEST_INT(step, rows[i].second / 30);
    GK_TEST(gk_totp_matches(secret, rows[i].code, (rows[i].second + 30) * GK_SECOND, &step));
    GK_TEST(!gk_totp_matches(secret, rows[i].code, (rows[i].second + 90) * GK_SECOND, &step));
  }
  GK_TEST(!gk_totp_matches(secret, "28708", 59 * GK_SECOND, &step));
  GK_TEST(!gk_totp_matches(secret, "2870822", 59 * GK_SECOND, &step));
  GK_TEST(!gk_totp_matches("GEZDGNB", "287082", 59 * GK_SECOND, &step));
  const char *fresh = gk_totp_secret(pool);
  GK_TEST_INT(strlen(fresh), 32);
  GK_TEST(gk_totp_matches(fresh, gk_totp_code(fresh, NOON, pool), NOON, &step));
}

static void cookies_open_only_as_sealed(apr_pool_t *pool)
{
  gk_keys_t *keys = keys_of(pool), *others = keys_of(pool);
  gk_session_t session = {42, 3, NOON, NOON + GK_SECOND, "00112233445566778899aabbccddeeff"}, seen;
  GK_TEST(keys != NULL && others != NULL);
  const char *cookie = gk_session_seal(keys, &session, pool);
  GK_TEST(strlen(cookie) <= 300);
  GK_TEST(gk_session_open(keys, cookie, &seen, pool));
  GK_TEST_INT(seen.account_id, 42);
  GK_TEST_INT(seen.generation, 3);
  GK_TEST_INT(seen.issued, NOON);
  GK_TEST_INT(seen.seen, NOON + GK_SECOND);
  GK_TEST_STR(seen.id, session.id);
  GK_TEST(!gk_session_open(others, cookie, &seen, pool));
  GK_TEST(!gk_session_open(keys, NULL, &seen, pool));
  GK_TEST(!gk_session_open(keys, "", &seen, pool));
  /* Each changed, removed or added character. */
  for (size_t i = 0; i <= strlen(cookie); i++) {
    char *bad = apr_pstrdup(pool, cookie);
    GK_TEST_CASE("character %d", (int)i);
    if (bad[i] != '\0') {
      bad[i] = bad[i] == '0' ? '1' : '0';
      GK_TEST(!gk_session_open(keys, bad, &seen, pool));
      GK_TEST(!gk_session_open(keys, apr_pstrcat(pool, apr_pstrndup(pool, cookie, i), cookie + i + 1, NULL),
                               &seen, pool));
    }
    GK_TEST(!gk_session_open(keys, apr_pstrcat(pool, apr_pstrndup(pool, cookie, i), "0", cookie + i, NULL),
                             &seen, pool));
  }
  const char *token = gk_session_csrf(keys, session.id, pool);
  GK_TEST(gk_session_csrf_matches(keys, session.id, token, pool));
  GK_TEST(!gk_session_csrf_matches(others, session.id, token, pool));
  GK_TEST(!gk_session_csrf_matches(keys, "00112233445566778899aabbccddeef0", token, pool));
  GK_TEST(!gk_session_csrf_matches(keys, session.id, NULL, pool));
}

static void passwords_verify(apr_pool_t *pool)
{
  const char *hash = NULL;
  bool right = false;
  GK_TEST_OK(gk_password_hash(&hash, "correct horse 电池", NULL, pool));
  GK_TEST(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
  GK_TEST_OK(gk_password_verify(&right, hash, "correct horse 电池", NULL, pool));
  GK_TEST(right);
  GK_TEST_OK(gk_password_verify(&right, hash, "correct horse 电流", NULL, pool));
  GK_TEST(!right);
  GK_TEST(!gk_password_outdated(hash));
  GK_TEST(gk_password_outdated(
      "$argon2id$v=19$m=8192,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  GK_TEST_OK(gk_password_dummy("anything", NULL, pool));
}

/* A flood of 160 from one address fills the queue; people of another address come to it late and still all
 * get in. */
typedef struct caller_t {
  pthread_t thread;
  apr_pool_t *pool;
  const char *address;
  gk_error_t *error;
} caller_t;

static void *call(void *data)
{
  caller_t *caller = data;
  caller->error = gk_password_dummy("x", caller->address, caller->pool);
  return NULL;
}

static void a_flood_does_not_shut_out_others(apr_pool_t *pool)
{
  enum { FLOOD = 160, SCHOOL = 12 };
  static caller_t callers[FLOOD + SCHOOL];
  int sent_away = 0;
  /* Nobody waits more than 3 s, and hashing stands behind everything else: no more of a school than a busy machine can
   * serve in that time. */
  apr_time_t start = apr_time_now();
  GK_TEST_OK(gk_password_dummy("x", "203.0.113.1", pool));
  apr_time_t one = apr_time_now() - start;
  int school = one > 0 && APR_USEC_PER_SEC / (2 * one) < SCHOOL ? (int)(APR_USEC_PER_SEC / (2 * one)) : SCHOOL;
  for (int i = 0; i < FLOOD + school; i++) {
    callers[i].address = i < FLOOD ? "192.0.2.1" : "198.51.100.7";
    apr_pool_create(&callers[i].pool, NULL);
    if (i == FLOOD)
      usleep(50000);
    GK_TEST_INT(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
  }
  for (int i = 0; i < FLOOD + school; i++)
    pthread_join(callers[i].thread, NULL);
  for (int i = 0; i < FLOOD; i++)
    if (callers[i].error != NULL) {
      GK_TEST_INT(callers[i].error->code, GK_E_BUSY);
      GK_TEST_INT(callers[i].error->retry_after_us, 2 * GK_SECOND);
      sent_away++;
    }
  GK_TEST(sent_away > 0);
  for (int i = FLOOD; i < FLOOD + school; i++) {
    GK_TEST_CASE("school %d", i);
    GK_TEST_OK(callers[i].error);
  }
  for (int i = 0; i < FLOOD + school; i++)
    apr_pool_destroy(callers[i].pool);
  (void)pool;
}

int main(void)
{
  gk_test_begin("crypto");
  GK_TEST_RUN(key_files_are_made_once_and_read_back);
  GK_TEST_RUN(bad_key_files_are_refused);
  GK_TEST_RUN(keys_are_added_made_active_and_taken_out);
  GK_TEST_RUN(every_cut_key_file_is_refused);
  GK_TEST_RUN(check_values_tell_keys_apart);
  GK_TEST_RUN(keys_for_seals_sign);
  GK_TEST_RUN(chinese_standards_give_their_examples);
  GK_TEST_RUN(values_of_both_ciphers_are_read);
  GK_TEST_RUN(digests_and_indexes);
  GK_TEST_RUN(slips_are_repeatable_and_forgiving);
  GK_TEST_RUN(one_time_codes_follow_rfc_6238);
  GK_TEST_RUN(cookies_open_only_as_sealed);
  GK_TEST_RUN(passwords_verify);
  GK_TEST_RUN(a_flood_does_not_shut_out_others);
  return gk_test_end();
}
