/* gateway/state.c: what a gateway shows: words to the clerk, state.json for `gaokao-gateway status`, the page's state. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <apr_strings.h>

#include "base/time.h"
#include "base/version.h"
#include "gateway/gateway.h"

void gk_gateway_say(void *baton, gk_word_t word, const char *detail)
{
  gk_gateway_t *gateway = baton;
  const gk_word_info_t *info = gk_word_info(word);
  gk_gateway_event_t *event = &gateway->events[gateway->event_count++ % GK_GATEWAY_EVENTS];
  apr_time_exp_t clock;
  event->when = apr_time_now();
  event->word = word;
  apr_cpystrn(event->detail, detail != NULL ? detail : "", sizeof(event->detail));
  gateway->dirty = true;
  apr_time_exp_tz(&clock, event->when, (apr_int32_t)(GK_SHANGHAI_US / GK_SECOND));
  printf("%02d:%02d:%02d %s%s%s%s%s\n", clock.tm_hour, clock.tm_min, clock.tm_sec, gateway->english ? info->en : info->zh,
         event->detail[0] != '\0' ? (gateway->english ? " (" : "（") : "", event->detail,
         event->detail[0] != '\0' ? (gateway->english ? ")" : "）") : "",
         gateway->bell && info->bells > 0 ? (info->bells > 1 ? "\a\a" : "\a") : "");
  fflush(stdout);
}

static const char *link_word(gk_link_t link)
{
  static const char *const words[] = {"unknown", "online", "offline", "revoked", "not-accepted"};
  return words[link];
}

static apr_int64_t free_bytes(const gk_gateway_t *gateway)
{
  struct statvfs facts;
  return statvfs(gateway->device->folder, &facts) == 0 ? (apr_int64_t)facts.f_bavail * (apr_int64_t)facts.f_frsize : -1;
}

gk_json_t *gk_gateway_state(const gk_gateway_t *gateway, bool page, apr_pool_t *pool)
{
  gk_json_t *state = gk_json_object(pool), *reader = gk_json_object(pool), *events = gk_json_array(pool);
  bool known;
  apr_int64_t skew = gk_post_skew_ms(gateway->post, &known);
  apr_time_t retry = gk_post_retry_at(gateway->post);
  gk_json_set_str(state, "software", apr_pstrcat(pool, GK_GATEWAY_SOFTWARE " ", gk_version(), NULL));
  gk_json_set_time(state, "at", apr_time_now());
  gk_json_set_str(state, "device", gateway->device->id);
  gk_json_set_str(state, "server", gateway->device->settings.server);
  static const char *const parts[] = {"name", "point", "season"};
  for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
    gk_json_t *part = gk_json_get(gateway->device->about, parts[i]);
    if (part != NULL)
      gk_json_set(state, parts[i], gk_json_copy(part, pool));
  }
  gk_json_set_str(reader, "state", gateway->reader == NULL ? "none" : gk_reader_state(gateway->reader));
  gk_json_set_str(reader, "port", gateway->reader == NULL ? NULL : gk_reader_port(gateway->reader));
  gk_json_set_int(reader, "speed", gateway->reader == NULL ? 0 : gk_reader_speed(gateway->reader));
  gk_json_set_str(reader, "module", gateway->reader == NULL ? NULL : gk_reader_module(gateway->reader));
  gk_json_set(state, "reader", reader);
  gk_json_set_str(state, "link", link_word(gk_post_link(gateway->post)));
  gk_json_set_str(state, "problem", gk_post_problem(gateway->post));
  gk_json_set_int(state, "retry_in_s", retry > 0 ? (retry - gk_tick()) / GK_SECOND + 1 : 0);
  gk_json_set_int(state, "waiting", (apr_int64_t)gk_spool_waiting(gateway->spool));
  gk_json_set_int(state, "aside", gk_spool_aside(gateway->spool));
  gk_json_set_int(state, "damaged", gk_spool_damaged(gateway->spool));
  gk_json_set_int(state, "spool_bytes", gk_spool_bytes(gateway->spool));
  gk_json_set_int(state, "disk_free_bytes", free_bytes(gateway));
  gk_json_set_int(state, "read", gateway->read);
  gk_json_set_int(state, "posted", gateway->posted);
  gk_json_set_int(state, "refused", gateway->refused);
  gk_json_set_int(state, "holes", gateway->holes);
  gk_json_set_time(state, "last_posted", gateway->last_posted);
  if (known)
    gk_json_set_int(state, "skew_ms", skew);
  gk_json_set_bool(state, "test", gateway->test);
  gk_json_set_bool(state, "server_test", gateway->server_test);
  gk_json_set_str(state, "subject", gateway->subject);
  gk_json_set_int(state, "pictures_waiting", gateway->camera != NULL ? gk_camera_waiting(gateway->camera) : 0);
  gk_json_set_str(state, "handed_problem", gateway->handed_problem[0] != '\0' ? gateway->handed_problem : NULL);
  int first = gateway->event_count > GK_GATEWAY_EVENTS ? gateway->event_count - GK_GATEWAY_EVENTS : 0;
  for (int i = first; page && i < gateway->event_count; i++) {
    const gk_gateway_event_t *event = &gateway->events[i % GK_GATEWAY_EVENTS];
    const gk_word_info_t *info = gk_word_info(event->word);
    gk_json_t *shown = gk_json_object(pool);
    gk_json_set_time(shown, "at", event->when);
    gk_json_set_str(shown, "word", info->symbol);
    gk_json_set_int(shown, "bells", info->bells);
    gk_json_set_str(shown, "text", gateway->english ? info->en : info->zh);
    gk_json_set_str(shown, "detail", event->detail);
    gk_json_add(events, shown);
  }
  if (page) {
    gk_json_set(state, "events", events);
    gk_json_set_int(state, "event_count", gateway->event_count);
    gk_json_set_str(state, "number", gateway->number);
    gk_json_set_str(state, "language", gateway->english ? "en" : "zh");
    gk_json_set(state, "results", gk_json_copy(gk_post_results(gateway->post), pool));
    gk_json_t *subjects = gk_json_get(gateway->device->about, "subjects");
    if (subjects != NULL)
      gk_json_set(state, "subjects", gk_json_copy(subjects, pool));
  }
  return state;
}
