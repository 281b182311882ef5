/* domain/document.h: the one candidate document, a flat set of named fields the season's pack defines.
 *
 * Values are strings; a field of type rows is an array of objects of strings. An empty field is absent, never
 * "". A document is immutable once handed out: changes make a new one. Text is well-formed UTF-8 by then.
 */
#ifndef GK_DOMAIN_DOCUMENT_H
#define GK_DOMAIN_DOCUMENT_H

#include <stdbool.h>
#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "domain/pack.h"

typedef struct gk_document_t gk_document_t;

/* An empty document, and one from stored JSON ({"name": "...", "resume": [{...}]}). Nulls and empty strings
 * are left out. Errors: MALFORMED when `json` isn't an object of strings and arrays of objects of strings:
 * stored data is checked for shape only, not against a pack, since packs change. */
gk_document_t *gk_document_new(apr_pool_t *pool);
gk_error_t *gk_document_from_json(gk_document_t **out, gk_json_t *json, apr_pool_t *pool);
gk_error_t *gk_document_parse(gk_document_t **out, const char *text, apr_pool_t *pool); /* NULL, "": empty */
/* The JSON behind it; shared, don't change. _text: sorted keys, the form that is stored and digested. */
gk_json_t *gk_document_json(const gk_document_t *document);
const char *gk_document_text(const gk_document_t *document, apr_pool_t *pool);

/* A scalar's value, or NULL when absent or rows. */
const char *gk_document_get(const gk_document_t *document, const char *field);
/* The rows of a rows field, or NULL. */
gk_json_t *gk_document_rows(const gk_document_t *document, const char *field);
/* A copy with one scalar set; NULL or "" removes it. No checks: for the core's own values and tests. */
gk_document_t *gk_document_with(const gk_document_t *document, const char *field, const char *value,
                                apr_pool_t *pool);

bool gk_document_equal(const gk_document_t *a, const gk_document_t *b);
/* const char *: ids of the fields that differ, sorted. NULL documents count as empty. */
apr_array_header_t *gk_document_changed(const gk_document_t *a, const gk_document_t *b, apr_pool_t *pool);

/* Applies `patch` ({"mobile": "138...", "phone": null}) to `base` (NULL: empty) by the rules of the pack's
 * fields: trims, folds width, normalises names and numbers, checks type, length, pattern and code table; null
 * or "" clears. A key that the pack doesn't have, or that `role` may not edit at `stage`, is a fault and
 * never ignored (ID-8), unless the value equals the present one, normalised: forms send back whole sections.
 * Nothing is applied when anything is wrong. `role` NULL skips the edit check (import of a superior's data,
 * tests). pointer_prefix: "/fields" or "". Required fields are not judged here.
 * Errors: INVALID with every fault as a violation; MALFORMED when patch isn't an object. */
gk_error_t *gk_document_apply(gk_document_t **out, const gk_document_t *base, gk_json_t *patch,
                              const gk_pack_t *pack, const char *role, const char *stage,
                              const char *pointer_prefix, apr_pool_t *pool);

/* The same for the fields of a part (appraisal, examination, ...). */
gk_error_t *gk_document_apply_part(gk_document_t **out, const gk_document_t *base, gk_json_t *patch,
                                   const gk_pack_t *pack, const gk_part_t *part, const char *role,
                                   const char *stage, const char *pointer_prefix, apr_pool_t *pool);

/* Checks and normalises one text for one field: *out in `pool`, NULL when empty. Faults go to *error at
 * `pointer`; false then. For imports and card readings. */
bool gk_field_normalise(const char **out, const gk_field_t *field, const gk_pack_t *pack, const char *text,
                        const char *pointer, gk_error_t **error, apr_pool_t *pool);

/* The derived fields of `document` on the day `as_of`, as a flat object of strings: what XPath 1.0 can't
 * compute or computes differently in browsers. Same arguments, same result. docs/derived.md says the same for
 * rule authors.
 *
 *   season, today (2013-11-05), today_number (20131105)      from pack and as_of
 *   FIELD_length       text fields: number of characters (code points)
 *   FIELD_number       date and month fields: digits 20080229, 200809; 长期 gives 99991231
 *   FIELD_count        rows fields: number of rows, "0" when empty
 *   FIELD_ATTRIBUTE    code fields: each extra attribute of the chosen row of the table (category_session)
 *   FIELD_starts_with_province    text fields with pattern address: 1 or 0
 *   FIELD_max_gap, _overlaps, _backwards, _unordered, _open, _first, _last_start
 *                      rows fields with month columns start and end: longest gap between neighbours in months,
 *                      pairs that overlap, rows that end before they start, neighbours out of order (newest or
 *                      oldest first are both orders), rows without an end, earliest and latest start (200809)
 *   birth_number, age  whole years on as_of (gk_identity_age)
 *   id_case            gk_identity_code of id_number for id_type; id_number_ok 1 or 0
 *   id_birth, id_sex, id_division, id_province         what the number says (absent when it says nothing)
 *   id_birth_matches, id_sex_matches     1 or 0; absent when either side is
 *   card_expired       1 or 0 from card_valid_to
 *   name_plain         1 when the name has only Han characters and ·
 *   current_pupil, rural       1 or 0 from the attributes session and household of the chosen category
 */
gk_json_t *gk_derive(const gk_document_t *document, const gk_pack_t *pack, gk_date_t as_of, apr_pool_t *pool);

#endif
