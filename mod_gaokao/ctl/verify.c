/* ctl/verify.c: gaokaoctl verify: reads the whole database and says which tables and indexes are damaged. */
#include "ctl/ctl.h"
#include "store/health.h"

gk_error_t *gk_ctl_verify(gk_ctl_t *ctl)
{
  apr_array_header_t *items;
  gk_json_t *result = gk_json_object(ctl->pool), *list = gk_json_array(ctl->pool);
  int faults = 0, whole = 0;
  GK_TRY(gk_health_verify(&items, ctl->db, ctl->pool));
  for (int i = 0; i < items->nelts; i++) {
    const gk_health_item_t *item = &APR_ARRAY_IDX(items, i, gk_health_item_t);
    gk_json_t *row = gk_json_object(ctl->pool);
    gk_json_set_str(row, "what", item->what);
    gk_json_set_bool(row, "good", item->fault == NULL);
    gk_json_set_str(row, "fault", item->fault);
    gk_json_set_str(row, "skipped", item->skipped);
    gk_json_add(list, row);
    if (item->fault != NULL) {
      faults++;
      gk_ctl__say(ctl, "损坏   %s：%s", "DAMAGED  %s: %s", item->what, item->fault);
    } else if (item->skipped != NULL) {
      gk_ctl__say(ctl, "未检查 %s：%s", "skipped  %s: %s", item->what, item->skipped);
    } else {
      whole++;
    }
  }
  if (faults > 0) {
    ctl->fault = true;
    gk_ctl__say(ctl, "%d 处损坏：停止服务，另存现有数据，从备份恢复（见 docs/operator.md）",
                "%d damaged: stop the service, put the data aside, restore a backup (docs/operator.md)", faults);
  } else {
    gk_ctl__say(ctl, "完好：检查了 %d 项", "Whole: %d items looked at", whole);
  }
  gk_json_set_bool(result, "good", faults == 0);
  gk_json_set(result, "items", list);
  gk_ctl__result(ctl, result);
  return NULL;
}
