/* domain/paper.c: see paper.h. */
#include "domain/paper.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "domain/calendar.h"
#include "domain/ports_candidate.h"

/* ---- whom a batch is for --------------------------------------------------------------------------------- */

int gk_paper_order(const char *a, const char *b)
{
  while (*a != '\0' && *b != '\0') {
    if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
      char *end_a, *end_b;
      unsigned long n = strtoul(a, &end_a, 10), m = strtoul(b, &end_b, 10);
      if (n != m)
        return n < m ? -1 : 1;
      a = end_a;
      b = end_b;
    } else if (*a != *b) {
      return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
    } else {
      a++;
      b++;
    }
  }
  return (*a != '\0') - (*b != '\0');
}

static int by_class(const void *a, const void *b)
{
  const gk_paper_person_t *left = a, *right = b;
  int order = strcmp(left->org_code, right->org_code);
  if (order == 0)
    order = gk_paper_order(left->class_name, right->class_name);
  return order != 0 ? order : strcmp(left->number, right->number);
}

static gk_error_t *by_ids(apr_array_header_t **people, gk_act_t *act, gk_json_t *ids)
{
  *people = apr_array_make(act->pool, (int)gk_json_size(ids), sizeof(gk_paper_person_t));
  for (apr_size_t i = 0; i < gk_json_size(ids); i++) {
    apr_int64_t id = gk_json_int_value(gk_json_at(ids, i));
    bool found;
    gk_paper_person_t person;
    GK_TRY(gk_store_paper_person(&found, &person, act, id));
    if (!found)
      return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有编号为 %" APR_INT64_T_FMT " 的考生，请重新选择",
                      "There is no candidate %" APR_INT64_T_FMT " in your unit: choose again", id);
    APR_ARRAY_PUSH(*people, gk_paper_person_t) = person;
  }
  return NULL;
}

gk_error_t *gk_paper_people(apr_array_header_t **people, gk_act_t *act, const gk_paper_filter_t *filter)
{
  gk_error_t *error = NULL;
  GK_TRY(gk_act_season(act));
  if (gk_json_size(filter->ids) > GK_PAPERS_MAX) {
    gk_violation(&error, act->pool, "/args/ids", "too-many", "一次最多打印%d人，请分几次打印",
                 "At most %d people at a time: print in several goes", GK_PAPERS_MAX);
    return error;
  }
  if (gk_json_size(filter->ids) > 0)
    GK_TRY(by_ids(people, act, filter->ids));
  else
    GK_TRY(gk_store_paper_people(people, act, filter, GK_PAPERS_MAX + 1));
  if ((*people)->nelts > GK_PAPERS_MAX)
    gk_violation(&error, act->pool, "/args", "too-many", "一次最多打印%d人，请按班级或缩小号段打印",
                 "At most %d people at a time: print by class, or narrow the numbers", GK_PAPERS_MAX);
  else if ((*people)->nelts == 0)
    gk_violation(&error, act->pool, "/args", "nobody", "没有符合条件的考生，请检查班级或号段",
                 "Nobody fits: look at the class or the numbers");
  if (error != NULL)
    return error;
  qsort((*people)->elts, (size_t)(*people)->nelts, sizeof(gk_paper_person_t), by_class);
  return NULL;
}

/* ---- proof sheets ---------------------------------------------------------------------------------------- */

static gk_error_t *document_of(gk_document_t **out, const gk_proof_t *proof, apr_pool_t *pool)
{
  gk_json_t *sheet;
  GK_TRY(gk_json_parse(&sheet, proof->text, strlen(proof->text), pool));
  return gk_document_from_json(out, gk_json_get(sheet, "fields"), pool);
}

gk_error_t *gk_paper_sheet(gk_paper_sheet_t *out, gk_act_t *act, gk_candidate_t *candidate, apr_int64_t version)
{
  gk_proof_t proof, before;
  gk_document_t *now, *then;
  bool found;
  *out = (gk_paper_sheet_t){.candidate = candidate};
  if (version == 0)
    version = candidate->proof_version != 0 ? candidate->proof_version : candidate->confirmed_version;
  if (version == 0)
    return gk_error(act->pool, GK_E_WRONG_STATE, "该考生没有有效的校对表，请先打印校对表",
                    "There is no valid proof sheet of this candidate: print the proof first");
  GK_TRY(gk_store_proof_get(&found, &proof, act, candidate->id, version));
  if (!found)
    return gk_error(act->pool, GK_E_NOT_FOUND, "没有打印过这一版校对表", "No proof sheet of this version was printed");
  GK_TRY(gk_proof_json(&out->json, act, &proof, candidate));
  GK_TRY(gk_photo_get(&out->photo, &out->has_photo, act, candidate->id));
  GK_TRY(gk_store_proof_before(&found, &before, act, candidate->id, version));
  if (!found)
    return NULL;
  GK_TRY(document_of(&now, &proof, act->pool));
  GK_TRY(document_of(&then, &before, act->pool));
  out->changed = gk_document_changed(then, now, act->pool);
  out->before = before.version;
  out->before_printed = before.printed;
  return NULL;
}

/* ---- small things ---------------------------------------------------------------------------------------- */

static const char *day(apr_time_t moment, apr_pool_t *pool)
{
  apr_time_exp_t t;
  apr_time_exp_tz(&t, moment, 8 * 3600);
  return apr_psprintf(pool, "%d月%d日", t.tm_mon + 1, t.tm_mday);
}

gk_error_t *gk_paper_fill_times(const char **text, gk_act_t *act, const char *org_path)
{
  apr_array_header_t *rows;
  GK_TRY(gk_window_store_in_force(&rows, act, "fill", org_path, 0));
  gk_calendar_verdict_t verdict = gk_calendar_judge(gk_calendar_times(rows, "fill", org_path, 0, false, act->pool), act->now);
  *text = NULL;
  if (verdict.state == GK_CALENDAR_NONE)
    return NULL;
  apr_time_exp_t end;
  apr_time_exp_tz(&end, verdict.closes, 8 * 3600);
  const char *closes = day(verdict.closes, act->pool), *at = apr_psprintf(act->pool, " %02d:%02d", end.tm_hour, end.tm_min);
  if (end.tm_hour == 0 && end.tm_min == 0) { /* people call that the evening before */
    closes = day(verdict.closes - APR_USEC_PER_SEC, act->pool);
    at = " 24:00";
  }
  *text = apr_pstrcat(act->pool, day(verdict.opens, act->pool), "—", closes, at, NULL);
  return NULL;
}

gk_error_t *gk_paper_who(const char **name, gk_act_t *act, apr_int64_t account_id)
{
  return gk_store_paper_who(name, act, account_id);
}
