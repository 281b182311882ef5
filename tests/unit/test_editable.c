/* Who may write what (ID-8): every field of both packs with every role at every stage. What the pack's text does not give is
 * refused by pointer and nothing is taken over; what is no field of the pack is unknown, whatever the server calls it. The
 * oracle reads the pack's text by itself. */
#include "gk_test.h"

#include <apr_file_io.h>
#include "domain/document.h"

static const char *const roles[] = {"candidate", "point",   "reviewer", "county", "city",
                                    "province",  "auditor", "export",   "device", "reading"};
static const char *const stages[] = {"entry",   "waiting",  "allocated", "identified", "card_printed", "reviewed",
                                     "filling", "proofed",  "confirmed", "submitted",  "accepted",     "withdrawn"};
/* Columns and members of the server. */
static const char *const server_names[] = {
    "id",           "role",      "org",         "org_id",     "org_path",      "state",        "stage",           "generation",
    "version",      "number",    "season_id",   "range_id",   "pack_id",       "candidate_number", "fee_fen",     "fee_state",
    "review_state", "identified", "approval",   "id_index",   "twin_flag",     "proof_version",    "confirmed_version",
    "papers_state", "created_at", "updated_at", "key_id",     "doc",           "pledged_us",       "account_id",  "password",
    "__proto__",    "constructor", "",          "Name",       "name ",         "fields"};

static char *read_pack(apr_pool_t *pool, const char *name)
{
  apr_file_t *file = NULL;
  apr_finfo_t info;
  apr_size_t length = 0;
  const char *top = getenv("top_srcdir");
  const char *path = apr_pstrcat(pool, top != NULL ? top : ".", "/conf/packs/", name, NULL);
  if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool) != APR_SUCCESS ||
      apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
    printf("Bail out! no file %s\n", path);
    exit(99);
  }
  char *bytes = apr_pcalloc(pool, (apr_size_t)info.size + 1);
  apr_file_read_full(file, bytes, (apr_size_t)info.size, &length);
  apr_file_close(file);
  return bytes;
}

/* Whether `word` stands in a list parted by commas. */
static bool among(const char *list, apr_size_t length, const char *word)
{
  apr_size_t n = strlen(word);
  for (const char *p = list; p < list + length;) {
    const char *end = memchr(p, ',', (apr_size_t)(list + length - p));
    apr_size_t size = (apr_size_t)((end != NULL ? end : list + length) - p);
    if (size == n && memcmp(p, word, n) == 0)
      return true;
    p += size + 1;
  }
  return false;
}

/* What the attribute edit="role,role:stage,stage role:any" of <field id="..."> says. */
static bool granted(const char *text, const char *field, const char *role, const char *stage, apr_pool_t *pool)
{
  const char *at = strstr(text, apr_psprintf(pool, "<field id=\"%s\"", field));
  const char *end = at != NULL ? strchr(at, '>') : NULL, *edit = at != NULL ? strstr(at, " edit=\"") : NULL;
  if (edit == NULL || edit > end)
    return false;
  edit += strlen(" edit=\"");
  const char *close = strchr(edit, '"');
  for (const char *p = edit; p < close;) {
    apr_size_t size = strcspn(p, " \n\"");
    const char *colon = memchr(p, ':', size);
    const char *when = colon + 1;
    apr_size_t left = size - (apr_size_t)(when - p);
    if (among(p, (apr_size_t)(colon - p), role) && (among(when, left, "any") || among(when, left, stage)))
      return true;
    p += size;
    p += strspn(p, " \n");
  }
  return false;
}

static const gk_violation_t *only_violation(gk_error_t *error)
{
  return error != NULL && error->violations != NULL && error->violations->nelts == 1
             ? &APR_ARRAY_IDX(error->violations, 0, gk_violation_t)
             : NULL;
}

static int tried;

static void one(const gk_pack_t *pack, const gk_part_t *part, const char *text, const char *field,
                const char *role, const char *stage, apr_pool_t *pool)
{
  static const char *const out_untouched = "untouched";
  gk_document_t *out = (gk_document_t *)out_untouched, *base = gk_document_with(gk_document_new(pool), "y", "2", pool);
  gk_json_t *patch = gk_json_object(pool);
  gk_json_set_str(patch, field, "1");
  gk_error_t *error =
      part != NULL ? gk_document_apply_part(&out, base, patch, pack, part, role, stage, "/fields", pool)
                   : gk_document_apply(&out, base, patch, pack, role, stage, "/fields", pool);
  const gk_violation_t *violation = only_violation(error);
  bool refused = violation != NULL && strcmp(violation->code, "not-editable") == 0;
  GK_TEST_CASE("%s by %s while %s", field, role, stage);
  GK_TEST_INT(refused, !granted(text, field, role, stage, pool));
  if (refused) {
    GK_TEST_STR(violation->pointer, apr_pstrcat(pool, "/fields/", field, NULL));
    GK_TEST(out == (gk_document_t *)out_untouched);
    GK_TEST(violation->zh[0] != '\0' && violation->en[0] != '\0');
  }
  tried++;
}

static void with_fields(const gk_pack_t *pack, const gk_part_t *part, const apr_array_header_t *fields,
                        const char *text, apr_pool_t *pool)
{
  apr_pool_t *iterpool;
  apr_pool_create(&iterpool, pool);
  for (int f = 0; f < fields->nelts; f++)
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++)
      for (size_t s = 0; s < sizeof stages / sizeof stages[0]; s++) {
        apr_pool_clear(iterpool);
        one(pack, part, text, ((const gk_field_t *)fields->elts)[f].id, roles[r], stages[s], iterpool);
      }
}

static void every_field(const char *name, apr_pool_t *pool)
{
  gk_pack_t *pack = NULL;
  char *text = read_pack(pool, name);
  GK_TEST_OK(gk_pack_load(&pack, text, strlen(text), NULL, pool, pool));
  tried = 0;
  with_fields(pack, NULL, pack->fields, text, pool);
  for (int p = 0; p < pack->parts->nelts; p++) {
    const gk_part_t *part = &((const gk_part_t *)pack->parts->elts)[p];
    with_fields(pack, part, part->fields, strstr(text, apr_psprintf(pool, "<part id=\"%s\"", part->id)), pool);
  }
  GK_TEST(tried > 100 * 10 * 12);
  for (size_t i = 0; i < sizeof server_names / sizeof server_names[0]; i++)
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
      gk_document_t *out = NULL;
      gk_json_t *patch = gk_json_object(pool);
      gk_json_set_str(patch, server_names[i], "1");
      const gk_violation_t *violation =
          only_violation(gk_document_apply(&out, NULL, patch, pack, roles[r], "filling", "/fields", pool));
      GK_TEST_CASE("'%s' by %s", server_names[i], roles[r]);
      GK_TEST(violation != NULL && out == NULL);
      GK_TEST_STR(violation != NULL ? violation->code : NULL, "unknown-field");
      GK_TEST_STR(violation != NULL ? violation->pointer : NULL, apr_pstrcat(pool, "/fields/", server_names[i], NULL));
    }
}

static void pack_of_2014(apr_pool_t *pool) { every_field("hunan-2014.xml", pool); }
static void pack_of_2025(apr_pool_t *pool) { every_field("hunan-2025.xml", pool); }

int main(void)
{
  gk_test_begin("editable");
  GK_TEST_RUN(pack_of_2014);
  GK_TEST_RUN(pack_of_2025);
  return gk_test_end();
}
