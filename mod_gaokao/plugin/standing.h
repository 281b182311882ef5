/* plugin/standing.h: what the processes of an instance tell each other about its plugins, in memory they share.
 *
 * A process that dies can't count its death. So each call leaves an intent behind while it is inside a plugin: which one, on
 * which record, since when. Whoever finds the slot of a dead process (the parent, or a sibling) blames the record; a record
 * that took three processes along is barred: the plugin is not asked about it any more until an administrator resets it.
 * A crash by a signal blames its record at once, from the signal's handler, so that the siblings need not wait for the parent.
 *
 * Everything is atomic or written before its slot is published; nobody waits for anybody. All zero at first.
 */
#ifndef GK_PLUGIN_STANDING_H
#define GK_PLUGIN_STANDING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <apr.h>

enum {
  GK_STANDING_PLUGINS = 32,
  GK_STANDING_SLOTS = 1024,
  GK_STANDING_SUSPECTS = 64,
  GK_STANDING_PROCESSES = 64,
  GK_STANDING_DEATHS = 3,      /* of one record, that bar it; of different ones, that take the plugin out of service */
  GK_PLUGIN__BUCKETS = 11,     /* of the histogram, without the last, endless one */
  GK_PLUGIN__EVENTS = 16,
  GK_PLUGIN__EVENT_BYTES = 32,
  GK_PLUGIN__NAME_BYTES = 64,
  GK_PLUGIN__RECORD_BYTES = 48
};

/* Instead of a signal's number: why a record is blamed. */
enum { GK_WHY_LOST = 0, GK_WHY_STUCK = -1 };

/* Counts of one plugin. The degraded state is here too, so that each child need not find out for itself. */
typedef struct gk_plugin__shared_t {
  _Atomic apr_uint64_t calls, failures, late, sum_us, max_us;
  _Atomic apr_uint64_t crashes, stuck, refused; /* deaths inside it; calls that did not return; calls not let in */
  _Atomic apr_uint64_t buckets[GK_PLUGIN__BUCKETS + 1];
  _Atomic apr_uint32_t in_a_row;       /* failures since the last success */
  _Atomic apr_uint32_t deaths_in_row;  /* on different records, since the last quiet ten minutes */
  _Atomic apr_int64_t died_us;         /* monotonic: the last of them */
  _Atomic apr_int64_t pause_us;        /* last pause, 0: none since the last success */
  _Atomic apr_int64_t retry_at_us;     /* monotonic; 0: in service */
  struct {
    _Atomic apr_uint32_t state;        /* 0 free, 1 being named, 2 named */
    char name[GK_PLUGIN__EVENT_BYTES];
    _Atomic apr_uint64_t count;
  } events[GK_PLUGIN__EVENTS];
} gk_plugin__shared_t;

/* A thread inside a plugin. */
typedef struct gk_plugin__slot_t {
  _Atomic apr_int32_t pid;             /* 0: free */
  _Atomic apr_int32_t signal;          /* that struck this thread */
  _Atomic apr_uint32_t blamed;         /* its record was blamed already */
  apr_uint32_t plugin;                 /* index in the standing */
  apr_uint64_t thread;
  _Atomic apr_int64_t since_us;        /* monotonic; 0: waits for its caller's sink */
  char record[GK_PLUGIN__RECORD_BYTES];
} gk_plugin__slot_t;

/* A record that processes died on. One may stand twice: deaths add up. */
typedef struct gk_plugin__suspect_t {
  _Atomic apr_uint32_t state;          /* 0 free, 1 being written, 2 there */
  apr_uint32_t plugin;
  _Atomic apr_uint32_t deaths;
  _Atomic apr_int32_t tried_by;        /* process that has the one call that is let in */
  _Atomic apr_int32_t why;             /* signal, or GK_WHY_... */
  _Atomic apr_int64_t last;            /* apr_time_t of the last death */
  char record[GK_PLUGIN__RECORD_BYTES];
} gk_plugin__suspect_t;

typedef struct gk_plugin__process_t {
  _Atomic apr_int32_t pid;
  _Atomic apr_uint32_t program;        /* 0 httpd, 1 gaokao-worker */
  _Atomic apr_int64_t bytes;           /* resident */
  _Atomic apr_uint32_t leaving;        /* it stopped accepting and goes when it has finished */
} gk_plugin__process_t;

typedef struct gk_standing_t {
  _Atomic apr_uint32_t size;           /* of this struct: another one's is not used */
  _Atomic apr_uint32_t n_suspects;
  struct {
    _Atomic apr_uint32_t state;        /* 0 free, 1 being named, 2 named */
    char name[GK_PLUGIN__NAME_BYTES];
    gk_plugin__shared_t shared;
  } plugins[GK_STANDING_PLUGINS];
  gk_plugin__slot_t slots[GK_STANDING_SLOTS];
  gk_plugin__suspect_t suspects[GK_STANDING_SUSPECTS];
  gk_plugin__process_t processes[GK_STANDING_PROCESSES];
} gk_standing_t;

/* The plugin's index; -1 when the table is full. */
int gk_standing__plugin(gk_standing_t *standing, const char *name);

/* A slot of this thread, with since_us now; NULL when all are taken. */
gk_plugin__slot_t *gk_standing__enter(gk_standing_t *standing, int plugin, const char *record, apr_int32_t pid,
                                      apr_int64_t now_us);
void gk_standing__leave(gk_plugin__slot_t *slot);

typedef enum gk_plugin__suspicion_t {
  GK_SUSPICION_NONE = 0,
  GK_SUSPICION_TRY,            /* this call is let in to see; end it by gk_standing__tried */
  GK_SUSPICION_WAIT,           /* another process tries it */
  GK_SUSPICION_BARRED
} gk_plugin__suspicion_t;
gk_plugin__suspicion_t gk_standing__ask(gk_standing_t *standing, int plugin, const char *record, apr_int32_t pid);
/* The call came back: the record is no suspect any more. */
void gk_standing__tried(gk_standing_t *standing, int plugin, const char *record);

/* One death more of the record. Safe in a signal's handler. Deaths of this record now. */
unsigned gk_standing__blame(gk_standing_t *standing, int plugin, const char *record, int why);
unsigned gk_standing__deaths(gk_standing_t *standing, int plugin, const char *record);
/* Forgets all records of a plugin. */
void gk_standing__forgive(gk_standing_t *standing, int plugin);

/* Records of a plugin that are barred. */
int gk_standing__barred(const gk_standing_t *standing, int plugin);

/* For the signal's handler: this thread's slot, or NULL. */
gk_plugin__slot_t *gk_standing__mine(gk_standing_t *standing, apr_int32_t pid);

#endif
