/* domain/access.c: see access.h. */
#include "domain/access.h"

#include <string.h>
#include <apr_strings.h>

enum {
  P = GK_ROLE_PROVINCE,
  C = GK_ROLE_CITY,
  N = GK_ROLE_COUNTY,
  O = GK_ROLE_POINT,
  R = GK_ROLE_REVIEWER,
  A = GK_ROLE_AUDITOR,
  X = GK_ROLE_EXPORT,
  K = GK_ROLE_CANDIDATE,
  D = GK_ROLE_DEVICE,
  ANY = P | C | N | O | R | A | X | K | D,
  ALL = ANY | GK_ROLE_PUBLIC
};

static const gk_access_t table[] = {
    {GK_ACTION_NONE, "none", 0, GK_SCOPE_open, "", ""},
#define GK_ACCESS(action, roles, scope, window, states) \
  {GK_ACTION_##action, #action, roles, GK_SCOPE_##scope, window, states},
#include "domain/access.def"
#undef GK_ACCESS
};

static const struct {
  gk_role_t role;
  const char *name;
} roles[] = {{GK_ROLE_PROVINCE, "province"}, {GK_ROLE_CITY, "city"},         {GK_ROLE_COUNTY, "county"},
             {GK_ROLE_POINT, "point"},       {GK_ROLE_REVIEWER, "reviewer"}, {GK_ROLE_AUDITOR, "auditor"},
             {GK_ROLE_EXPORT, "export"},     {GK_ROLE_CANDIDATE, "candidate"}, {GK_ROLE_DEVICE, "device"}};

gk_role_t gk_role_parse(const char *name)
{
  for (size_t i = 0; name != NULL && i < sizeof(roles) / sizeof(roles[0]); i++)
    if (strcmp(roles[i].name, name) == 0)
      return roles[i].role;
  return GK_ROLE_NONE;
}

const char *gk_role_name(gk_role_t role)
{
  for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
    if (roles[i].role == role)
      return roles[i].name;
  return "public";
}

const gk_access_t *gk_access(gk_action_t action)
{
  return &table[action > GK_ACTION_NONE && action < GK_ACTION_COUNT ? action : GK_ACTION_NONE];
}

bool gk_access_allows(gk_action_t action, gk_role_t role) { return (gk_access(action)->roles & (unsigned)role) != 0; }

bool gk_access_by_token(gk_action_t action)
{
  switch (action) {
  case GK_ACTION_season_read:
  case GK_ACTION_form_read:
  case GK_ACTION_notice_read:
  case GK_ACTION_returned_read:
  case GK_ACTION_job_read:
  case GK_ACTION_job_write:
  case GK_ACTION_export_read:
  case GK_ACTION_export_pull:
  case GK_ACTION_export_return:
    return true;
  default:
    return false;
  }
}

static const struct {
  const char *state, *zh, *en;
} states[] = {
    {"waiting", "待市州批准", "waiting for the city's approval"},
    {"allocated", "已分配顺序号", "number allocated"},
    {"identified", "已读身份证", "ID card read"},
    {"card_printed", "已打印登录卡", "login card printed"},
    {"reviewed", "资格审查通过", "reviewed"},
    {"filling", "填报中", "filling in"},
    {"proofed", "已打印校对表", "proof sheet printed"},
    {"confirmed", "已确认签字", "confirmed"},
    {"submitted", "已上报", "submitted"},
    {"accepted", "省级已接收", "accepted by the province"},
    {"withdrawn", "已撤销", "withdrawn"},
};

const char *gk_state_zh(const char *state)
{
  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
    if (strcmp(states[i].state, state) == 0)
      return states[i].zh;
  return state;
}

const char *gk_state_en(const char *state)
{
  for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
    if (strcmp(states[i].state, state) == 0)
      return states[i].en;
  return state;
}

gk_error_t *gk_access_state(gk_action_t action, const char *state, apr_pool_t *pool)
{
  const char *allowed = gk_access(action)->states;
  size_t length = strlen(state);
  if (allowed[0] == '\0')
    return NULL;
  const char *zh = "", *en = "";
  for (const char *p = allowed; *p != '\0';) {
    const char *end = strchr(p, ' ');
    size_t n = end != NULL ? (size_t)(end - p) : strlen(p);
    if (n == length && memcmp(p, state, n) == 0)
      return NULL;
    const char *one = apr_pstrmemdup(pool, p, n);
    zh = apr_pstrcat(pool, zh, zh[0] != '\0' ? "、" : "", gk_state_zh(one), NULL);
    en = apr_pstrcat(pool, en, en[0] != '\0' ? ", " : "", gk_state_en(one), NULL);
    p += n + (end != NULL ? 1 : 0);
  }
  gk_error_t *error = gk_error_plain(pool, GK_E_WRONG_STATE);
  error->zh = apr_psprintf(pool, "考生现在是“%s”，只有在以下状态才能这样办理：%s", gk_state_zh(state), zh);
  error->en = apr_psprintf(pool, "The record is '%s'; this is possible only while it is: %s", gk_state_en(state), en);
  return error;
}
