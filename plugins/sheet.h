/* plugins/sheet.h: what export_csv and export_xlsx share: the files of clerks. One line a candidate, the columns of the pack's
 * main table under their Chinese titles, then the state in words.
 */
#ifndef PLUGINS_SHEET_H
#define PLUGINS_SHEET_H

#include <string.h>
#include "gaokao_plugin.h"

#define SHEET_TABLE "T_BMK"
#define SHEET_STATE "状态"

static inline const char *sheet_state(const char *state)
{
  static const char *const words[][2] = {
      {"waiting", "待市州批准"},     {"allocated", "已分配顺序号"},   {"identified", "已读身份证"}, {"card_printed", "已打印登录卡"},
      {"reviewed", "资格审查通过"},  {"filling", "填报中"},           {"proofed", "已打印校对表"},  {"confirmed", "已确认签字"},
      {"submitted", "已上报"},       {"accepted", "省级已接收"},      {"withdrawn", "已撤销"}};
  for (apr_size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    if (strcmp(words[i][0], state) == 0)
      return words[i][1];
  return state;
}

/* The value of column `name`, or "". Pairs come in the columns' order: *at is where to look, and moves on. */
static inline const char *sheet_value(const gaokao_pair_t *pairs, apr_uint32_t n, apr_uint32_t *at, const char *name)
{
  if (*at < n && strcmp(pairs[*at].name, name) == 0)
    return pairs[(*at)++].value;
  return "";
}

#endif
