/* domain/reading.h: readings of identity cards (W3, W7). A reading either creates a candidate or is compared with one,
 * field by field; what differs the operator decides with a reason. A reading is taken exactly once: its jti, sent again,
 * gives the first answer.
 *
 * Verdicts:
 *   created               a new candidate, number taken
 *   identified            matched a record typed in before: it is identified now
 *   verified              equal in every field both sides have
 *   different             differs in at least one field: nothing was changed, see gk_reading_decide
 *   decided               differed, and the operator decided
 *   registered_elsewhere  the ID number is registered outside the operator's unit; kept and recorded, no candidate made
 *   unknown               `verify` found no record with this number
 *   test                  F8: nothing was kept
 * and of readings that a device posted, which are kept whatever is wrong with them (`problem` says what):
 *   unassigned            somebody new, but the category, a free number or an open window is missing: see gk_reading_assign
 *   undecoded             no plugin reads the card, or its fields are not possible
 *   picture, examination  a picture or examination, of the candidate named
 *   unmatched             one of a number that nobody here has
 */
#ifndef GK_DOMAIN_READING_H
#define GK_DOMAIN_READING_H

#include "domain/candidate.h"

typedef struct gk_reading_t {
  apr_int64_t id;               /* 0: not kept (test) */
  const char *jti, *purpose, *verdict;
  apr_int64_t org_id;
  const char *org_path, *org_name;
  apr_int64_t candidate_id;     /* 0: none */
  apr_time_t taken, received;
  apr_int64_t received_by;
  gk_json_t *card;              /* as sent */
  gk_json_t *fields;            /* the same as fields of the pack, normalised */
  gk_json_t *comparison;        /* [{field, zh, en, card, record, verdict: equal different missing}] */
  const char *photo;            /* raw block as base64, or NULL */
  gk_json_t *elsewhere;         /* registered_elsewhere: {org, county, number?, state?}; NULL else */
  gk_json_t *decision;          /* decided: {accepted: [..], reason, by, at}; NULL else */
  apr_int64_t device_id, seq;   /* 0: read at the console */
  const char *flags;            /* words by spaces (docs/devices.md), "" none */
  const char *digest;           /* of what was signed; "" at the console */
  const char *subject;          /* category chosen at the gateway, or NULL */
  gk_json_t *problem;           /* {code, zh, en}: why it led to nothing; NULL else */
  gk_json_t *raw;               /* blocks as they came: set for storing, never when listed */
  bool erased;                  /* its key was destroyed: card and fields are gone */
  bool replayed;                /* was here before: the first answer */
} gk_reading_t;

/* Whether new people may be registered: asked once for many readings. */
typedef struct gk_reading_window_t {
  bool asked;
  gk_error_t *error;
} gk_reading_window_t;

/* What arrives. Members are checked for length and kind only. */
typedef struct gk_reading_wish_t {
  const char *jti;
  apr_time_t taken;
  const char *purpose;          /* create verify test */
  apr_int64_t org_id;           /* 0: the actor's */
  const char *subject;          /* create */
  apr_int64_t candidate_id;     /* verify: the record in front of the operator; 0: by the card's number */
  const char *layout;           /* resident hmt_permit foreigner_2017 foreigner_2023 */
  gk_json_t *card;              /* name sex nation birth address id_number issuer valid_from valid_to */
  const char *photo;
  /* Of a device (gk_reading_settle): */
  apr_int64_t device_id, seq;
  const char *flags, *digest;
  gk_json_t *raw;
  gk_error_t *problem;          /* it can't be decoded; or what trying it led to before */
  bool undecoded;
  const struct gk_org_t *point;
  bool read;                    /* gk_reading_ahead read the card: document or unread */
  gk_document_t *document;
  gk_error_t *unread;
  gk_index_t index;             /* of its number; .value NULL: none */
  bool nobody;                  /* a look a moment ago found nobody with it: a lost race is RETRY */
  gk_reading_window_t *window;  /* one answer for many; NULL: each asks */
} gk_reading_wish_t;

/* Takes a reading. *candidate (may be NULL, or stay NULL) is the record as it stands afterwards.
 * Errors: INVALID by field of the card, NOT_FOUND, WINDOW_CLOSED (create), RANGE_FULL, CONFLICT when the jti belongs to
 * another unit's reading. */
gk_error_t *gk_reading_take(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act,
                            const gk_reading_wish_t *wish);

/* Takes one that a device posted: kept whatever it leads to, with verdict and problem. Nothing is begun twice: the caller has
 * looked for the jti. An error that is returned undoes the transaction it came in; the same wish with that error as its `problem`
 * is kept without trying. */
gk_error_t *gk_reading_settle(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act,
                              const gk_reading_wish_t *wish);
/* Before the transaction that settles many: reads the card and asks ahead whose it is; then, when all have asked, looks. */
void gk_reading_ahead(gk_act_t *act, gk_reading_wish_t *wish);
gk_error_t *gk_reading_look(gk_act_t *act, gk_reading_wish_t *wish);
/* Keeps a reading that is no card's: a picture or an examination, of a candidate or (0) of nobody known. */
gk_error_t *gk_reading_keep(gk_reading_t **out, gk_act_t *act, const gk_reading_wish_t *wish, const char *verdict,
                            apr_int64_t candidate_id);
/* Goes on with a kept one, as the operator of its point: `subject` for somebody new (NULL: as the gateway said).
 * Errors: as gk_reading_take; WRONG_STATE unless it is unassigned or unknown. */
gk_error_t *gk_reading_assign(gk_reading_t **out, gk_candidate_t **candidate, gk_act_t *act, apr_int64_t id,
                              const char *subject);
/* {code, zh, en} of an error, its violations in one sentence. */
gk_json_t *gk_reading_problem(const gk_error_t *error, apr_pool_t *pool);
/* The blocks it came as; *raw NULL when there are none. */
gk_error_t *gk_reading_raw(gk_json_t **raw, gk_act_t *act, apr_int64_t id);

/* One reading of the subtree; staff's look at it is audited. */
gk_error_t *gk_reading_get(gk_reading_t **out, gk_act_t *act, apr_int64_t id);
typedef struct gk_reading_filter_t {
  apr_int64_t candidate_id, device_id; /* 0: all */
  const char *verdict, *flag;          /* NULL: all */
  apr_int64_t before_id;               /* 0: from the newest */
  apr_int64_t since_id;                /* 0: down to the first; only without candidate and device */
} gk_reading_filter_t;
/* Newest first, at most limit + 1. */
gk_error_t *gk_reading_list(apr_array_header_t **out, gk_act_t *act, const gk_reading_filter_t *filter, int limit);

/* Decides what differs: the values of `accept` (array of field ids) are taken over from the reading, the others of the
 * record stand. The record counts as identified afterwards; taking a value over voids a proof sheet. Another ID number can
 * only be taken over (police changed it), never passed over: it would be somebody else's card.
 * Errors: NOT_FOUND, CONFLICT when the reading is not one of this candidate or leaves nothing to decide, INVALID for fields
 * it has not, DUPLICATE. */
gk_error_t *gk_reading_decide(gk_candidate_t **out, gk_act_t *act, apr_int64_t candidate_id, apr_int64_t version,
                              apr_int64_t reading_id, gk_json_t *accept, const char *reason);

/* Compares fields of a card with a document: `comparison` as above; missing: the record has no value. True when nothing
 * differs. */
bool gk_reading_compare(gk_json_t **comparison, const gk_pack_t *pack, gk_json_t *card_fields,
                        const gk_document_t *document, apr_pool_t *pool);

/* `full`: the single record; else a list's row, ID number masked, no comparison. */
gk_json_t *gk_reading_json(const gk_reading_t *reading, bool full, apr_pool_t *pool);

#endif
