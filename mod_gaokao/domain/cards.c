/* domain/cards.c: login cards and new passwords at the point (review.h). */
#include "domain/review.h"

#include <string.h>
#include <apr_strings.h>

#include "domain/account.h"
#include "domain/ports_candidate.h"
#include "domain/session.h"

static bool is(const char *a, const char *b) { return a != NULL && strcmp(a, b) == 0; }

static gk_error_t *ask_for_something(gk_act_t *act, const char *zh, const char *en)
{
  gk_error_t *error = NULL;
  gk_violation(&error, act->pool, "", "selection", zh, en);
  return error;
}

static gk_error_t *by_ids(apr_array_header_t **cards, gk_act_t *act, gk_json_t *ids)
{
  apr_array_header_t *list = apr_array_make(act->pool, (int)gk_json_size(ids) + 1, sizeof(gk_login_card_t));
  for (apr_size_t i = 0; i < gk_json_size(ids); i++) {
    apr_int64_t id = gk_json_int_value(gk_json_at(ids, i));
    bool found;
    GK_TRY(gk_store_card_get(&found, apr_array_push(list), act, id));
    if (!found)
      return gk_error(act->pool, GK_E_NOT_FOUND, "本单位没有编号为 %" APR_INT64_T_FMT " 的考生，请重新选择",
                      "There is no candidate %" APR_INT64_T_FMT " in your unit: choose again", id);
    const gk_candidate_t *c = APR_ARRAY_IDX(list, list->nelts - 1, gk_login_card_t).candidate;
    gk_error_t *error = gk_access_state(GK_ACTION_card_print, c->state, act->pool);
    if (error != NULL) {
      error->zh = apr_pstrcat(act->pool, c->name, "：", error->zh, NULL);
      error->en = apr_pstrcat(act->pool, c->name, ": ", error->en, NULL);
      return error;
    }
  }
  *cards = list;
  return NULL;
}

/* A class or a stretch of numbers: those that can have a card. */
static gk_error_t *by_range(apr_array_header_t **cards, gk_act_t *act, const char *from, const char *to,
                            const char *class_name)
{
  apr_array_header_t *all;
  GK_TRY(gk_store_card_list(&all, act, from, to, class_name, GK_CARDS_MAX + 1));
  if (all->nelts > GK_CARDS_MAX)
    return ask_for_something(act, "一次最多打印1000张，请缩小号段或按班级打印",
                             "At most 1,000 cards at a time: narrow the numbers or print by class");
  apr_array_header_t *list = apr_array_make(act->pool, all->nelts + 1, sizeof(gk_login_card_t));
  for (int i = 0; i < all->nelts; i++) {
    gk_login_card_t *card = &APR_ARRAY_IDX(all, i, gk_login_card_t);
    if (gk_access_state(GK_ACTION_card_print, card->candidate->state, act->pool) == NULL)
      APR_ARRAY_PUSH(list, gk_login_card_t) = *card;
  }
  *cards = list;
  return NULL;
}

static gk_error_t *print_one(gk_act_t *act, gk_login_card_t *card)
{
  gk_candidate_t *before = card->candidate;
  if (card->account_id == 0)
    return gk_error_internal(act->pool, GK_E_INTERNAL, "candidate %" APR_INT64_T_FMT " has no account", before->id);
  card->password = card->own_password ? NULL
                                      : gk_slip_password(gk_core_keys(act->core), card->account_id, card->generation,
                                                         act->pool);
  if (!is(before->state, "identified"))
    return gk_candidate_audit(act, before, before, "candidate.card_again", NULL);
  gk_candidate_t *c = apr_pmemdup(act->pool, before, sizeof(*before));
  c->state = "card_printed";
  card->candidate = c;
  gk_error_t *error = gk_candidate_put(act, c, before, "candidate.card", NULL);
  /* Nobody sent a version for this one: somebody's change in between is no reason to refuse the batch. */
  return error != NULL && error->code == GK_E_STALE_VERSION ? gk_error_plain(act->pool, GK_E_RETRY) : error;
}

gk_error_t *gk_cards_choose(apr_array_header_t **cards, gk_act_t *act, gk_json_t *ids, const char *from, const char *to,
                            const char *class_name)
{
  GK_TRY(gk_act_season(act));
  if (ids != NULL && gk_json_size(ids) > GK_CARDS_MAX)
    return ask_for_something(act, "一次最多打印1000张，请分几次打印", "At most 1,000 cards at a time: print in several goes");
  if (gk_json_size(ids) > 0)
    return by_ids(cards, act, ids);
  if (from != NULL || to != NULL || class_name != NULL)
    return by_range(cards, act, from, to, class_name);
  return ask_for_something(act, "请选择考生，或写明报名顺序号的起止或班级", "Choose candidates, or say which numbers or which class");
}

gk_error_t *gk_cards_hand_out(gk_act_t *act, apr_array_header_t *cards)
{
  for (int i = 0; i < cards->nelts; i++) {
    gk_login_card_t *card = &APR_ARRAY_IDX(cards, i, gk_login_card_t);
    /* One question to the calendar for all; a single card may lie in a candidate's own extension. */
    if (i == 0)
      GK_TRY(gk_calendar_check(act, gk_access(GK_ACTION_card_print)->window, card->candidate->org_path,
                               cards->nelts == 1 ? card->candidate_id : 0));
    GK_TRY(print_one(act, card));
  }
  return NULL;
}

gk_error_t *gk_cards_print(apr_array_header_t **cards, gk_act_t *act, gk_json_t *ids, const char *from, const char *to,
                           const char *class_name)
{
  apr_array_header_t *list = NULL;
  GK_TRY(gk_cards_choose(&list, act, ids, from, to, class_name));
  int again = 0;
  for (int i = 0; i < list->nelts; i++)
    again += !is(APR_ARRAY_IDX(list, i, gk_login_card_t).candidate->state, "identified");
  if (again > GK_CARDS_AGAIN_FREE)
    GK_TRY(gk_session_fresh(act));
  GK_TRY(gk_cards_hand_out(act, list));
  *cards = list;
  return NULL;
}

gk_error_t *gk_card_again(gk_login_card_t *card, bool *found, gk_act_t *act, apr_int64_t candidate_id)
{
  GK_TRY(gk_act_season(act));
  GK_TRY(gk_store_card_get(found, card, act, candidate_id));
  if (*found)
    card->password = card->own_password || card->account_id == 0
                         ? NULL
                         : gk_slip_password(gk_core_keys(act->core), card->account_id, card->generation, act->pool);
  return NULL;
}

static gk_error_t *check_reading(gk_act_t *act, apr_int64_t candidate_id, apr_int64_t reading_id)
{
  gk_reading_t *reading;
  bool found;
  GK_TRY(gk_store_reading_get(&found, &reading, act, reading_id));
  if (found && reading->candidate_id == candidate_id && reading->received > act->now - GK_DAY &&
      !is(reading->verdict, "different"))
    return NULL;
  return gk_error(act->pool, GK_E_CONFLICT, "没有该考生24小时内一致的读卡记录，请重新读卡",
                  "There is no matching reading of this candidate within the last 24 hours: read the card again");
}

gk_error_t *gk_card_renew(gk_login_card_t *card, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                          apr_int64_t reading_id, bool asked)
{
  gk_candidate_t *c;
  gk_account_t *account;
  gk_slip_t slip;
  GK_TRY(gk_candidate_load(&c, act, candidate_id, version));
  GK_TRY(gk_access_check(act, GK_ACTION_slip_renew, c->state, c->org_path, candidate_id));
  if (reading_id != 0)
    GK_TRY(check_reading(act, candidate_id, reading_id));
  GK_TRY(gk_account_of_candidate(&account, act, candidate_id));
  GK_TRY(gk_account_check_used(act, account, asked));
  GK_TRY(gk_act_begin(act));
  GK_TRY(gk_account_renew_slip_for_candidate(&slip, act, candidate_id));
  gk_json_t *more = gk_json_object(act->pool);
  gk_json_set_int(more, "slip_generation", slip.generation);
  if (reading_id != 0)
    gk_json_set_int(more, "reading_id", reading_id);
  *card = (gk_login_card_t){.candidate_id = candidate_id, .account_id = slip.account_id,
                            .generation = slip.generation, .password = slip.password, .candidate = c};
  return gk_candidate_audit(act, c, c, "candidate.new_slip", more);
}

gk_error_t *gk_login_json(gk_json_t **out, gk_act_t *act, apr_int64_t candidate_id)
{
  gk_account_t *account;
  gk_error_t *error = gk_account_of_candidate(&account, act, candidate_id);
  if (error != NULL && error->code != GK_E_NOT_FOUND)
    return error;
  *out = NULL;
  if (error != NULL)
    return NULL;
  *out = gk_json_object(act->pool);
  gk_json_set_bool(*out, "own_password", account->own_password);
  gk_json_set_int(*out, "slip_generation", account->slip_generation);
  gk_json_set_time(*out, "signed_in_at", account->signed_in);
  gk_json_set_time(*out, "dead_slip_at", account->dead_slip);
  return NULL;
}

gk_error_t *gk_login_card_json(gk_json_t **out, gk_login_card_t *card, const gk_act_t *act)
{
  gk_candidate_t *c = card->candidate;
  gk_document_t *document;
  GK_TRY(gk_candidate_document(&document, c, act->pool));
  gk_json_t *json = gk_candidate_brief_json(c, act->pool);
  gk_json_set_str(json, "id_number", gk_document_get(document, "id_number"));
  gk_json_set_str(json, "subject", c->subject);
  gk_json_set_str(json, "class", c->class_name);
  gk_json_set(json, "org", gk_org_brief_json(c->org_id, c->org_code, c->org_name, "point", act->pool));
  gk_json_set_str(json, "site", apr_pstrcat(act->pool, gk_core_config(act->core)->site, "/ks/", NULL));
  gk_json_set_str(json, "password", card->password);
  gk_json_set_bool(json, "own_password", card->own_password);
  gk_json_set_int(json, "slip_generation", card->generation);
  *out = json;
  return NULL;
}
