/* rest/accounts.c: /accounts: logins of the levels below, their slips. */
#include <apr_strings.h>

#include "domain/account.h"
#include "rest/request.h"

#define ROLES "city|county|point|reviewer|auditor|export"
enum { BATCH_MAX = 500 };

static void answer(gk_request_t *request, gk_response_t *response, const gk_account_t *account)
{
  response->json = gk_account_json(account, request->pool);
  response->etag = gk_etag(request->pool, account->version);
}

gk_error_t *gk_rest_accounts_list(gk_request_t *request, gk_response_t *response)
{
  gk_error_t *error = NULL;
  gk_account_filter_t filter = {
      .role = gk_role_parse(gk_query_word(request, "role", "province|" ROLES, &error)),
      .org_id = gk_query_int(request, "org_id", 1, APR_INT64_MAX, 0, &error),
      .q = gk_query_str(request, "q", 60, &error),
      .after = gk_query_str(request, "after", 100, &error),
      .enabled = -1,
  };
  const char *enabled = gk_query_word(request, "enabled", "true|false", &error);
  int limit = gk_query_limit(request, &error);
  GK_TRY(gk_query_end(request, error));
  if (enabled != NULL)
    filter.enabled = enabled[0] == 't';
  apr_array_header_t *accounts;
  GK_TRY(gk_account_list(&accounts, &request->act, &filter, limit + 1));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < accounts->nelts && i < limit; i++)
    gk_json_add(items, gk_account_json(APR_ARRAY_IDX(accounts, i, gk_account_t *), request->pool));
  gk_response_list(request, response, items,
                   accounts->nelts > limit
                       ? gk_account_cursor(APR_ARRAY_IDX(accounts, limit - 1, gk_account_t *), request->pool)
                       : NULL);
  return NULL;
}

static gk_account_input_t read_input(gk_decode_t *d)
{
  gk_account_input_t input = {
      .login = gk_decode_str(d, "login", GK_OPTIONAL, 3, 32),
      .role = gk_role_parse(gk_decode_word(d, "role", GK_REQUIRED, ROLES)),
      .org_id = gk_decode_int(d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0),
      .org_code = gk_decode_str(d, "org_code", GK_OPTIONAL, 1, 10),
      .display_name = gk_decode_str(d, "display_name", GK_OPTIONAL, 1, 60),
  };
  if (input.org_id == 0 && input.org_code == NULL && d->object != NULL && !gk_decode_has(d, "org_id"))
    gk_decode_fault(d, "org_id", "required", "请用 org_id 或 org_code 指明机构",
                    "Name the unit by org_id or org_code");
  else if (input.org_id != 0 && input.org_code != NULL)
    gk_decode_fault(d, "org_code", "twice", "org_id 和 org_code 只能写一个", "Give org_id or org_code, not both");
  return input;
}

gk_error_t *gk_rest_accounts_create(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_account_input_t input = read_input(&d);
  GK_TRY(gk_decode_end(&d));
  apr_array_header_t *accounts;
  GK_TRY(gk_account_create(&accounts, &request->act, &input, 1, NULL));
  const gk_account_t *account = APR_ARRAY_IDX(accounts, 0, gk_account_t *);
  response->status = 201;
  response->location = apr_psprintf(request->pool, "/api/v1/accounts/%" APR_INT64_T_FMT, account->id);
  answer(request, response, account);
  return NULL;
}

gk_error_t *gk_rest_accounts_batch(gk_request_t *request, gk_response_t *response)
{
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_json_t *list = gk_decode_array(&d, "accounts", GK_REQUIRED, BATCH_MAX);
  int count = list != NULL ? (int)gk_json_size(list) : 0;
  gk_account_input_t *inputs = apr_pcalloc(request->pool, sizeof(*inputs) * (apr_size_t)(count + 1));
  if (list != NULL && count == 0)
    gk_decode_fault(&d, "accounts", "required", "至少一个账号", "At least one account");
  for (int i = 0; i < count; i++) {
    gk_decode_t item = gk_decode_start(gk_json_at(list, (apr_size_t)i), request->pool);
    const char *prefix = apr_psprintf(request->pool, "/accounts/%d", i);
    if (item.error != NULL)
      APR_ARRAY_IDX(item.error->violations, 0, gk_violation_t).pointer = prefix;
    item.prefix = prefix;
    inputs[i] = read_input(&item);
    gk_decode_join(&d, &item);
  }
  GK_TRY(gk_decode_end(&d));
  apr_array_header_t *accounts;
  GK_TRY(gk_account_create(&accounts, &request->act, inputs, count, "/accounts"));
  gk_json_t *items = gk_json_array(request->pool);
  for (int i = 0; i < accounts->nelts; i++)
    gk_json_add(items, gk_account_json(APR_ARRAY_IDX(accounts, i, gk_account_t *), request->pool));
  response->status = 201;
  response->json = gk_json_object(request->pool);
  gk_json_set(response->json, "items", items);
  return NULL;
}

gk_error_t *gk_rest_accounts_slips(gk_request_t *request, gk_response_t *response)
{
  apr_pool_t *pool = request->pool;
  gk_decode_t d = gk_decode_start(request->json, pool);
  gk_json_t *list = gk_decode_array(&d, "ids", GK_OPTIONAL, BATCH_MAX);
  apr_int64_t org_id = gk_decode_int(&d, "org_id", GK_OPTIONAL, 1, APR_INT64_MAX, 0);
  gk_role_t role = gk_role_parse(gk_decode_word(&d, "role", GK_OPTIONAL, ROLES));
  apr_array_header_t *ids = list != NULL ? apr_array_make(pool, 16, sizeof(apr_int64_t)) : NULL;
  for (apr_size_t i = 0; list != NULL && i < gk_json_size(list); i++) {
    if (!gk_json_is_int(gk_json_at(list, i)))
      gk_decode_fault(&d, apr_psprintf(pool, "ids/%d", (int)i), "type", "应为整数", "Must be a whole number");
    APR_ARRAY_PUSH(ids, apr_int64_t) = gk_json_int_value(gk_json_at(list, i));
  }
  if ((ids != NULL) == (org_id != 0) && d.error == NULL)
    gk_decode_fault(&d, "ids", "required", "请给出 ids 或 org_id 之一", "Give either ids or org_id");
  GK_TRY(gk_decode_end(&d));
  apr_array_header_t *slips, *skipped;
  GK_TRY(gk_account_slips(&slips, &skipped, &request->act, ids, org_id, role));
  gk_json_t *items = gk_json_array(pool), *rest = gk_json_array(pool);
  for (int i = 0; i < slips->nelts; i++)
    gk_json_add(items, gk_slip_json(&APR_ARRAY_IDX(slips, i, gk_slip_t), pool));
  for (int i = 0; i < skipped->nelts; i++)
    gk_json_add_int(rest, APR_ARRAY_IDX(skipped, i, apr_int64_t));
  response->json = gk_json_object(pool);
  gk_json_set(response->json, "items", items);
  gk_json_set(response->json, "skipped", rest);
  gk_json_set_str(response->json, "site", gk_core_config(request->act.core)->site);
  gk_json_set_str(response->json, "printed_by", request->who.login);
  gk_json_set_time(response->json, "printed_at", request->act.now);
  response->keep_private = true;
  return NULL;
}

gk_error_t *gk_rest_accounts_get(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_account_t *account;
  GK_TRY(gk_arg_id(&id, request, 0));
  GK_TRY(gk_query_end(request, NULL));
  GK_TRY(gk_account_get(&account, &request->act, id));
  answer(request, response, account);
  return NULL;
}

gk_error_t *gk_rest_accounts_update(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_account_t *account;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  gk_account_change_t change = {.enabled = -1};
  change.display_name = gk_decode_str(&d, "display_name", GK_OPTIONAL, 1, 60);
  if (gk_decode_has(&d, "enabled"))
    change.enabled = gk_decode_bool(&d, "enabled", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_account_update(&account, &request->act, id, request->if_match, &change));
  answer(request, response, account);
  return NULL;
}

gk_error_t *gk_rest_accounts_new_slip(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_slip_t slip;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  bool reset_totp = gk_decode_bool(&d, "reset_totp", GK_OPTIONAL, false);
  bool used = gk_decode_bool(&d, "used", GK_OPTIONAL, false);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_account_renew_slip(&slip, &request->act, id, request->if_match, reset_totp, used));
  response->json = gk_slip_json(&slip, request->pool);
  response->etag = gk_etag(request->pool, slip.version);
  response->keep_private = true;
  return NULL;
}

gk_error_t *gk_rest_accounts_sign_out(gk_request_t *request, gk_response_t *response)
{
  apr_int64_t id;
  gk_account_t *account;
  GK_TRY(gk_arg_id(&id, request, 0));
  gk_decode_t d = gk_decode_start(request->json, request->pool);
  GK_TRY(gk_decode_end(&d));
  GK_TRY(gk_account_sign_out(&account, &request->act, id));
  answer(request, response, account);
  return NULL;
}
