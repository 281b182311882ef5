/* tests/plugin/faulty_photo.c: a photo plugin for the fault tests (faults.md PR-2, PR-5, PR-6, IN-9); never installed. It says
 * nothing about pictures, and does wrong with those whose middle is blue. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>
#include <sys/socket.h>
#include "gaokao_plugin.h"

#define LEAK (96 << 20)

typedef struct faulty_t {
  const gaokao_host_t *host;
  const char *mode;
} faulty_t;

static gaokao_error_t *create(const gaokao_host_t *host, apr_pool_t *pool, void **instance)
{
  faulty_t *faulty = apr_pcalloc(pool, sizeof(*faulty));
  faulty->host = host;
  *instance = faulty;
  return NULL;
}

static gaokao_error_t *configure(void *instance, const gaokao_call_t *call)
{
  faulty_t *faulty = instance;
  (void)call;
  faulty->mode = faulty->host->option_string(faulty->host, "mode");
  return NULL;
}

static gaokao_error_t *describe(void *instance, const gaokao_call_t *call, gaokao_facts_t *facts)
{
  (void)instance;
  (void)call;
  facts->n_facts = 0;
  return NULL;
}

static gaokao_error_t *health(void *instance, const gaokao_call_t *call, gaokao_health_t *out)
{
  (void)instance;
  (void)call;
  out->state = GAOKAO_HEALTH_GOOD;
  out->zh = "好";
  out->en = "Good";
  return NULL;
}

static int *volatile nowhere;
static volatile int waste;
static volatile void *volatile kept;

static int is(const faulty_t *faulty, const char *mode) { return strcmp(faulty->mode, mode) == 0; }

static gaokao_error_t *inspect(void *instance, const gaokao_call_t *call, const gaokao_picture_t *picture,
                               const gaokao_photo_sink_t *sink)
{
  faulty_t *faulty = instance;
  const unsigned char *middle =
      picture->pixels + (apr_size_t)(picture->height_px / 2) * picture->stride_bytes + 3 * (apr_size_t)(picture->width_px / 2);
  char *const arguments[] = {NULL};
  (void)sink;
  if (picture->format != GAOKAO_PIXELS_RGB8 || middle[0] > 100 || middle[2] < 150)
    return NULL;
  if (is(faulty, "crash"))
    *nowhere = 1;
  if (is(faulty, "abort"))
    abort();
  while (is(faulty, "spin"))
    waste++;
  if (is(faulty, "leak")) {
    kept = malloc(LEAK); /* volatile: the compiler sees through what is never read */
    memset((void *)kept, 1, LEAK); /* at the wall malloc gives NULL, as in any program that does not look */
    return NULL;
  }
  if (is(faulty, "execute"))
    execv("/bin/true", arguments);
  if (is(faulty, "call"))
    socket(AF_INET, SOCK_STREAM, 0);
  /* A file can't be had; when it could, the fault shows. */
  if (is(faulty, "open") && open("/etc/passwd", O_RDONLY) >= 0)
    abort();
  return faulty->host->error_new(call->pool, GAOKAO_E_FAILED, "坏了", "Broken");
}

static const gaokao_life_t life = {sizeof(life), 0, create, configure, NULL, NULL, NULL, describe, health};
static const gaokao_photo_t photo = {&life, inspect};
static const gaokao_option_t options[] = {
    {"mode", GAOKAO_OPTION_WORD, 0, "crash", 0, 0, "crash|abort|spin|leak|execute|call|open|fail", NULL, "怎样出错",
     "What to do wrong"},
    GAOKAO_OPTIONS_END};
static const gaokao_build_t build = {sizeof(build), APR_MAJOR_VERSION, sizeof(void *), sizeof(apr_time_t), sizeof(apr_off_t),
                                     GAOKAO_POOL_DEBUG_};

__attribute__((visibility("default"))) const gaokao_descriptor_t *gaokao_plugin_faulty_photo(void);
const gaokao_descriptor_t *gaokao_plugin_faulty_photo(void)
{
  static const gaokao_descriptor_t descriptor = {
      GAOKAO_MAGIC, sizeof(descriptor), GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR, &build, GAOKAO_PHOTO,
      GAOKAO_THREAD_SAFE, "faulty_photo", "1.0", "Apache-2.0", &photo, options, sizeof(photo), sizeof(gaokao_option_t)};
  return &descriptor;
}
