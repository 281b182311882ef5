/* ctl/erase.c: gaokaoctl candidate erase. */
#include <stdlib.h>
#include <apr_strings.h>

#include "ctl/ctl.h"
#include "domain/erase.h"

gk_error_t *gk_ctl_candidate_erase(gk_ctl_t *ctl)
{
  gk_erased_t erased;
  apr_int64_t year, id;
  const char *reason = gk_ctl__option(ctl, "reason"), *number = gk_ctl__word(ctl, 0);
  GK_TRY(gk_ctl__number(&year, ctl, "year", 1977, 2999, ctl->act.season != NULL ? ctl->act.season->year : 0));
  GK_TRY(gk_ctl__number(&id, ctl, "id", 1, APR_INT64_MAX, 0));
  if ((number == NULL) == (id == 0))
    return gk_ctl__usage(ctl, "请写报名顺序号，或用 --id 写记录编号", "Give a registration number, or the record's --id");
  if (reason == NULL || reason[0] == '\0')
    return gk_ctl__usage(ctl, "请用 --reason 写明删除的依据", "Say why with --reason");
  GK_TRY(gk_ctl__finish(ctl, gk_candidate_erase(&erased, &ctl->act, (int)year, number, id, reason)));
  GK_TRY(gk_candidate_erase_traces(&ctl->act));
  gk_ctl__say(ctl, "记录 %" APR_INT64_T_FMT " 的个人信息已不可恢复：销毁密钥 %d 个。备份和14天内答复的副本按期限消失",
              "Record %" APR_INT64_T_FMT ": personal data can't be read any more, %d keys destroyed. Backups and answers kept "
              "for 14 days go with their time",
              erased.candidate_id, erased.keys);
  gk_json_t *json = gk_json_object(ctl->pool);
  gk_json_set_int(json, "id", erased.candidate_id);
  gk_json_set_int(json, "keys", erased.keys);
  gk_ctl__result(ctl, json);
  return NULL;
}
