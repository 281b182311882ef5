/* worker/photo_worker.h: the pool of processes that examine pictures (plugin/photo_pool.h): gaokao-worker --photo. */
#ifndef GK_WORKER_PHOTO_WORKER_H
#define GK_WORKER_PHOTO_WORKER_H

#include "domain/core.h"

typedef struct gk_photo_pool_settings_t {
  int workers;                       /* photo_workers, 1 to 32 */
  int queue;                         /* photo_queue: pictures that may wait */
  apr_int64_t memory_bytes;          /* photo_memory: address space of a worker */
  apr_interval_time_t deadline_us;   /* photo_deadline: a worker that needs longer over a picture is killed */
} gk_photo_pool_settings_t;

/* Runs until *stop. Plugins must be started. False when it can't listen. */
bool gk_photo_pool_run(gk_core_t *core, const gk_photo_pool_settings_t *settings, volatile int *stop,
                       void (*say)(const char *text), apr_pool_t *pool);

#endif
