/* Rules as people change them: conditions and the XPath they stand for, and changes of a pack's text. An input that begins with
 * '?' is a test; '{' or '[' are conditions (JSON), there and back; '!' are changes (JSON) of a pack that stands here: what they
 * don't name stays byte for byte. '<' is a unit's rules, joined behind those of the pack. */
#include "fuzz/gk_fuzz.h"

#include "base/xml.h"
#include "domain/conditions.h"
#include "domain/pack_local.h"

static const char pack_text[] =
    "<pack id=\"p\" version=\"1\"><bases><basis id=\"a.b\" zh=\"x\" en=\"x\"/></bases>"
    "<rules><!-- <rule id=\"no\"/> -->\n"
    "    <rule id=\"one\" severity=\"error\" stages=\"fill\" basis=\"a.b\" fields=\"name\">"
    "<title zh=\"x\" en=\"x\"/><test>name</test>"
    "<message zh=\"x\" en=\"x\"/><hint zh=\"x\" en=\"x\"/><case expect=\"pass\" name=\"&lt;\"/></rule>\n"
    "    <rule id='two' severity='warn' stages='fill' basis='a.b' fields='name'><title zh='&gt;' en='x'/><test>not(name)</test>"
    "<message zh='x' en='x'/><hint zh='x' en='x'/><case expect='fail' name='1'/></rule>\n"
    "  </rules></pack>";

/* A test's conditions say the same: written out and read again they are the same conditions. */
static void there_and_back(const gk_json_t *conditions, apr_pool_t *pool)
{
  const char *test = NULL, *again = NULL;
  if (gk_conditions_test(&test, conditions, "", pool) != NULL)
    return;
  gk_json_t *back = gk_conditions_of(test, pool);
  if (back == NULL) /* only where nothing is left to say: a list in a list */
    return;
  GK_FUZZ_HOLDS(gk_conditions_test(&again, back, "", pool) == NULL);
  gk_json_t *twice = gk_conditions_of(again, pool);
  GK_FUZZ_HOLDS(twice != NULL && gk_json_equal(back, twice));
}

static void change(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *changes = NULL;
  const char *out = NULL;
  if (gk_json_parse(&changes, text, length, pool) != NULL || !gk_json_is_object(changes))
    return;
  gk_local_changes(changes, "430102", pool);
  if (gk_pack_edit(&out, pack_text, changes, 1, "", NULL, pool) != NULL)
    return;
  /* A rule that is not named stays as its author wrote it. */
  GK_FUZZ_HOLDS(strstr(text, "two") != NULL || strstr(out, "<rule id='two' severity='warn' stages='fill'") != NULL);
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_json_t *json = NULL;
  gk_xml_t *xml;
  if (length == 0 || strlen(text) != length)
    return;
  if (text[0] == '?') {
    gk_json_t *conditions = gk_conditions_of(text + 1, pool);
    if (conditions != NULL)
      there_and_back(conditions, pool);
  } else if (text[0] == '{' || text[0] == '[') {
    if (gk_json_parse(&json, text, length, pool) == NULL)
      there_and_back(json, pool);
  } else if (text[0] == '!') {
    change(text + 1, length - 1, pool);
  } else if (text[0] == '<' && gk_xml_parse(&xml, text, length, pool) == NULL) {
    GK_FUZZ_HOLDS(strstr(gk_pack_join(pack_text, text, pool), "<rule id='two' severity='warn' stages='fill'") != NULL);
  }
}
