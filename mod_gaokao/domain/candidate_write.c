/* domain/candidate_write.c: putting a document into a record and writing the record with its audit row (candidate.h). */
#include "domain/candidate.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/account.h"
#include "domain/ports_candidate.h"
#include "domain/range.h"

static bool same(const char *a, const char *b)
{
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* ---- the document and the columns that repeat it --------------------------------------------------------- */

static const char *or_empty(const char *text) { return text != NULL ? text : ""; }

/* A paid fee stays paid; whether it is still the right amount depends on the subject. */
static void settle_fee(const gk_subject_t *subject, gk_candidate_t *c)
{
  if (strcmp(c->fee_state, "none") == 0 || subject == NULL)
    return;
  c->fee_state = subject->fee_fen == c->fee_fen ? "paid" : "due";
}

/* A stored index under the old key stays until gaokaoctl writes it again: the person is the same, and a save that changes
 * nothing of him shall write no index. */
static const char *index_to_store(const char *stored, gk_index_t now)
{
  return now.other != NULL && same(stored, now.other) ? stored : now.value;
}

gk_error_t *gk_candidate_set_document(gk_act_t *act, gk_candidate_t *c, gk_document_t *document)
{
  const gk_pack_t *pack = act->season->pack;
  const char *text = gk_document_text(document, act->pool);
  const char *subject = gk_document_get(document, "subject");
  const char *id_number = gk_document_get(document, "id_number");
  bool changed = !same(text, c->doc_text);
  c->document = document;
  c->doc_text = text;
  c->name = or_empty(gk_document_get(document, "name"));
  c->school = or_empty(gk_document_get(document, "school"));
  c->class_name = or_empty(gk_document_get(document, "class"));
  if (subject != NULL)
    c->subject = subject;
  const gk_subject_t *row = gk_pack_subject(pack, c->subject);
  c->art = row != NULL && row->art;
  c->id_indexes = gk_candidate_id_index(act, gk_document_get(document, "id_type"), id_number);
  c->tail_indexes = gk_candidate_tail_index(act, c->org_id, id_number);
  c->twin_indexes = gk_candidate_twin_index(act, c->name, gk_document_get(document, "birth"));
  c->id_index = index_to_store(c->id_index, c->id_indexes);
  c->tail_index = index_to_store(c->tail_index, c->tail_indexes);
  c->twin_index = index_to_store(c->twin_index, c->twin_indexes);
  c->pack_id = act->season->pack_id;
  settle_fee(row, c);
  if (changed) {
    c->proof_version = 0;
    if (same(c->state, "proofed"))
      c->state = "filling";
  }
  return NULL;
}

/* ---- audit ----------------------------------------------------------------------------------------------- */

typedef struct difference_t {
  gk_json_t *before, *after;
} difference_t;

static void differ_text(difference_t *d, const char *key, const char *before, const char *after)
{
  if (same(before, after))
    return;
  gk_json_set_str(d->before, key, before);
  gk_json_set_str(d->after, key, after);
}

static void differ_int(difference_t *d, const char *key, apr_int64_t before, apr_int64_t after)
{
  if (before == after)
    return;
  gk_json_set_int(d->before, key, before);
  gk_json_set_int(d->after, key, after);
}

static void differ_fields(difference_t *d, const gk_document_t *before, const gk_document_t *after, apr_pool_t *pool)
{
  apr_array_header_t *ids = gk_document_changed(before, after, pool);
  if (ids->nelts == 0)
    return;
  gk_json_t *old = gk_json_object(pool), *new = gk_json_object(pool);
  for (int i = 0; i < ids->nelts; i++) {
    const char *id = APR_ARRAY_IDX(ids, i, const char *);
    gk_json_t *was = before != NULL ? gk_json_get(gk_document_json(before), id) : NULL;
    gk_json_t *is = gk_json_get(gk_document_json(after), id);
    if (was != NULL)
      gk_json_set(old, id, was);
    if (is != NULL)
      gk_json_set(new, id, is);
  }
  gk_json_set(d->before, "fields", old);
  gk_json_set(d->after, "fields", new);
}

gk_error_t *gk_candidate_audit(gk_act_t *act, gk_candidate_t *after, gk_candidate_t *before, const char *action,
                               gk_json_t *more)
{
  static const gk_candidate_t nothing = {.state = NULL};
  difference_t d = {gk_json_object(act->pool), gk_json_object(act->pool)};
  const gk_candidate_t *old = before != NULL ? before : &nothing;
  gk_document_t *was = NULL, *is;
  if (before == NULL || !same(before->doc_text, after->doc_text)) {
    if (before != NULL)
      GK_TRY(gk_candidate_document(&was, before, act->pool));
    GK_TRY(gk_candidate_document(&is, after, act->pool));
    differ_fields(&d, was, is, act->pool);
  }
  differ_text(&d, "state", old->state, after->state);
  differ_text(&d, "number", old->number, after->number);
  differ_text(&d, "subject", old->subject, after->subject);
  differ_text(&d, "approval", old->approval, after->approval);
  differ_text(&d, "papers_state", old->papers_state, after->papers_state);
  differ_text(&d, "fee_state", old->fee_state, after->fee_state);
  differ_text(&d, "review_state", old->review_state, after->review_state);
  differ_int(&d, "fee_fen", old->fee_fen, after->fee_fen);
  differ_int(&d, "identified", old->identified, after->identified);
  differ_int(&d, "pledged", old->pledged != 0, after->pledged != 0);
  differ_int(&d, "proof_version", old->proof_version, after->proof_version);
  differ_int(&d, "confirmed_version", old->confirmed_version, after->confirmed_version);
  if (more != NULL)
    for (gk_json_iter_t it = gk_json_first(more); it.key != NULL; gk_json_next(&it))
      gk_json_set(d.after, it.key, it.value);
  return gk_audit(act, action, "candidate", after->id, after->version, after->org_path,
                  before != NULL ? d.before : NULL, d.after);
}

/* ---- writing --------------------------------------------------------------------------------------------- */

/* The number that `before` had stays taken. */
static gk_error_t *put_former(gk_act_t *act, const gk_candidate_t *before)
{
  gk_candidate_t copy = *before;
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, &copy, act->pool));
  return gk_store_candidate_former(act, before->id,
                                   gk_candidate_id_text(gk_document_get(document, "id_type"),
                                                        gk_document_get(document, "id_number"), act->pool));
}

gk_error_t *gk_candidate_write(gk_act_t *act, gk_candidate_t *after, const gk_candidate_t *before)
{
  bool changed, twins;
  GK_TRY(gk_act_begin(act));
  gk_error_t *error = gk_store_candidate_put(&changed, act, after, before);
  if (error != NULL && error->code == GK_E_CONSTRAINT && !same(after->id_index, before->id_index))
    return gk_error_plain(act->pool, GK_E_DUPLICATE); /* somebody was a moment faster */
  if (error != NULL)
    return error;
  if (!changed) {
    gk_candidate_t *now;
    GK_TRY(gk_store_candidate_get(&now, act, before->id));
    return gk_stale(act, now->version);
  }
  after->version = before->version + 1;
  if (before->id_index != NULL && after->id_index != NULL && !same(after->id_index, before->id_index))
    GK_TRY(put_former(act, before));
  if (after->twin_index != NULL && !same(after->twin_index, before->twin_index)) {
    GK_TRY(gk_store_candidate_twins(&twins, act, after->twin_indexes));
    after->twin = after->twin || twins;
  }
  if (!same(after->name, before->name) && after->number != NULL)
    GK_TRY(gk_account_follow_candidate(act, after->id, after->name, -1));
  return NULL;
}

gk_error_t *gk_candidate_put(gk_act_t *act, gk_candidate_t *after, gk_candidate_t *before, const char *action,
                             gk_json_t *more)
{
  GK_TRY(gk_candidate_write(act, after, before));
  return gk_candidate_audit(act, after, before, action, more);
}

/* Lock order with others: the record and its tally first, then the range (approval and creation alike). */
gk_error_t *gk_candidate_take_number(gk_act_t *act, gk_candidate_t *c)
{
  GK_TRY(gk_range_take(act, c->org_id, c->subject, &c->number, &c->range_id));
  GK_TRY(gk_store_candidate_admit(act, c));
  return gk_account_create_for_candidate(act, c->id, c->season_id, c->number, c->org_id, c->org_path, c->name, NULL);
}
