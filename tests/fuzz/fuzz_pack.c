/* Policy packs, rule expressions and entries from strangers. An input that begins with '<' is a pack, loaded
 * without the schema so that the loader alone has to stand it; "?..." is an expression for the smallest pack; else
 * an entry (JSON) for it: what is stored has to be taken again as it is. */
#include "fuzz/gk_fuzz.h"

#include "domain/document.h"
#include "domain/pack.h"

#define BOTH " zh=\"x\" en=\"x\""
#define FIELD(id, type) "<field id=\"" id "\" section=\"s\" source=\"card\" edit=\"point:any\" type=\"" type "\"" BOTH
#define WINDOW(action) \
  "<window action=\"" action "\" opens_day=\"0\" opens=\"08:00\" closes_day=\"1\" closes=\"08:00\"" BOTH "/>"

static const char small[] =
    "<pack id=\"p\" version=\"1\" season=\"2025\" start=\"2024-11-01\"><title" BOTH "/>"
    "<sections><section id=\"s\"" BOTH "/></sections>"
    "<subjects><subject code=\"1\" track=\"general\" fee_fen=\"0\"" BOTH "/></subjects><fields>"
    FIELD("name", "text") " pattern=\"name\" normalise=\"name\"/>" FIELD("sex", "code") " table=\"sex\"/>"
    FIELD("nation", "code") " table=\"sex\"/>" FIELD("birth", "date") "/>" FIELD("id_type", "code") " table=\"sex\"/>"
    FIELD("id_number", "text") " normalise=\"id\"/>" FIELD("subject", "code") " table=\"subject\"/>"
    FIELD("exam_type", "code") " table=\"sex\"/>" FIELD("category", "code") " table=\"sex\"/>"
    FIELD("mobile", "text") " pattern=\"mobile\"/>" FIELD("school", "text") " multiline=\"yes\"/>" FIELD("class", "text") "/>"
    FIELD("address", "text") " pattern=\"address\"/>" FIELD("year", "number") " min=\"-5\" max=\"3000\" decimals=\"2\"/>"
    FIELD("flag", "flag") "/>" FIELD("phone", "text") " pattern=\"phone\"/>" FIELD("upper", "text") " normalise=\"upper\"/>"
    FIELD("resume", "rows") "><column id=\"start\" type=\"month\"" BOTH "/><column id=\"end\" type=\"month\"" BOTH "/></field>"
    "</fields><numbers serial_first=\"1\" serial_last=\"9999\"><registration format=\"{county:4}{serial:4}\"/>"
    "<candidate format=\"{serial:4}\"/></numbers><windows>" WINDOW("read") WINDOW("print_card") WINDOW("review")
    WINDOW("fill") WINDOW("proof") WINDOW("confirm") WINDOW("other_info") WINDOW("submit_art") WINDOW("submit_all")
    "</windows><tables><table id=\"sex\"" BOTH "><row code=\"1\" zh=\"a\" en=\"b\" session=\"current\"/></table></tables></pack>";

static const gk_pack_t *small_pack(void)
{
  static gk_pack_t *pack;
  static apr_pool_t *pool;
  if (pack == NULL) {
    apr_pool_t *scratch;
    apr_pool_create(&pool, NULL);
    apr_pool_create(&scratch, pool);
    GK_FUZZ_HOLDS(gk_pack_load(&pack, small, sizeof small - 1, NULL, pool, scratch) == NULL);
    apr_pool_destroy(scratch); /* nothing of the pack may live in it */
  }
  return pack;
}

static void try_entry(const char *text, apr_size_t length, apr_pool_t *pool)
{
  const gk_pack_t *pack = small_pack();
  gk_json_t *patch = NULL;
  gk_document_t *first = NULL, *again = NULL;
  if (gk_json_parse(&patch, text, length, pool) != NULL)
    return;
  if (gk_document_apply(&first, NULL, patch, pack, "point", "filling", "", pool) != NULL)
    return;
  GK_FUZZ_HOLDS(gk_document_apply(&again, NULL, gk_document_json(first), pack, "point", "filling", "", pool) == NULL);
  GK_FUZZ_HOLDS(gk_document_equal(first, again));
  GK_FUZZ_HOLDS(gk_document_parse(&again, gk_document_text(first, pool), pool) == NULL);
  GK_FUZZ_HOLDS(gk_document_equal(first, again));
  GK_FUZZ_HOLDS(gk_derive(first, pack, pack->start, pool) != NULL);
}

void gk_fuzz_one(const char *text, apr_size_t length, apr_pool_t *pool)
{
  gk_pack_t *pack = NULL;
  if (length == 0 || strlen(text) != length)
    return;
  if (text[0] == '<') {
    if (gk_pack_load(&pack, text, length, NULL, pool, pool) == NULL) {
      GK_FUZZ_HOLDS(gk_pack_form_json(pack, "candidate", "filling", pool) != NULL);
      GK_FUZZ_HOLDS(gk_pack_rules_json(pack, 0, pool) != NULL);
      GK_FUZZ_HOLDS(gk_derive(gk_document_new(pool), pack, pack->start, pool) != NULL);
    }
  } else if (text[0] == '?') {
    gk_pack_check_xpath(small_pack(), text + 1, pool);
    gk_pack_xpath_names(small_pack(), text + 1, pool);
  } else
    try_entry(text, length, pool);
}
