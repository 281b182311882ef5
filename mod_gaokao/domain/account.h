/* domain/account.h: logins of staff, export clients and candidates, and their printed initial passwords (W2).
 *
 * Who makes and manages whom (also disabling, slips, ending sessions), always inside the own subtree:
 *   province  city, county, point, reviewer; auditor at province, city or county; export at the province
 *   city      county, point, reviewer; auditor at city or county
 *   county    point, reviewer; auditor at the county
 *   point     reviewer of the own point
 * Nobody manages the own account here (that is /session), and nobody makes an account of the own role:
 * provinces' accounts come from gaokaoctl (account_id 0), which may make all.
 *
 * The initial password is derived from key, account and slip generation and never stored. It is valid until
 * an own password is set. Renewing a slip raises both generations: the old slip, the own password and all
 * sessions end.
 */
#ifndef GK_DOMAIN_ACCOUNT_H
#define GK_DOMAIN_ACCOUNT_H

#include "domain/act.h"

typedef struct gk_account_t {
  apr_int64_t id;
  const char *realm;           /* staff candidate */
  apr_int64_t season_id;       /* 0 for staff */
  const char *login;
  gk_role_t role;
  apr_int64_t org_id;
  const char *org_path, *org_code, *org_name, *org_level;
  apr_int64_t candidate_id;    /* 0 for staff */
  const char *display_name;
  bool enabled;
  apr_int64_t generation;      /* of sessions */
  apr_int64_t slip_generation;
  bool own_password;           /* the slip is dead */
  bool totp;                   /* one-time codes are on */
  apr_int64_t version;
  apr_int64_t created_by;
  apr_time_t created, updated, signed_in;
  apr_time_t password_set;     /* 0: none, or not asked for */
  apr_time_t dead_slip;        /* when a slip that works no more was last tried; 0: never */
} gk_account_t;

/* ---- reading ------------------------------------------------------------------------------------------ */

/* A staff account of the actor's subtree (auditors and higher accounts of the own unit included); else
 * NOT_FOUND. */
gk_error_t *gk_account_get(gk_account_t **out, gk_act_t *act, apr_int64_t id);

typedef struct gk_account_filter_t {
  gk_role_t role;              /* 0: any */
  apr_int64_t org_id;          /* this unit and what is below; 0: the actor's subtree */
  const char *q;               /* beginning of the login, or part of the name; NULL: any */
  int enabled;                 /* 1 or 0; -1: any */
  const char *after;           /* cursor of gk_account_cursor; NULL: from the start */
} gk_account_filter_t;
/* gk_account_t *, by unit and login, at most `limit`. Staff only. Errors: INVALID for a cursor that is none.
 */
gk_error_t *gk_account_list(apr_array_header_t **accounts, gk_act_t *act, const gk_account_filter_t *filter,
                            int limit);
const char *gk_account_cursor(const gk_account_t *account, apr_pool_t *pool);

/* `creator` may make and manage accounts of `role` at a unit of `level`. Scope is judged apart. */
bool gk_account_may_manage(gk_role_t creator, gk_role_t role, const char *level);

/* ---- writing (each in the act's transaction, with its audit row) -------------------------------------- */

typedef struct gk_account_input_t {
  const char *login;           /* 3 to 32 of a-z 0-9 . _ -; NULL: unit's code and a serial */
  gk_role_t role;
  apr_int64_t org_id;          /* one of the two */
  const char *org_code;
  const char *display_name;    /* NULL: the unit's name */
} gk_account_input_t;
/* Creates all or none. Violations point to `pointer`/INDEX/login etc., or to /login when `pointer` is NULL
 * (one input). *accounts: gk_account_t *, in the inputs' order. Errors: INVALID, FORBIDDEN. */
gk_error_t *gk_account_create(apr_array_header_t **accounts, gk_act_t *act, const gk_account_input_t *inputs,
                              int count, const char *pointer);

typedef struct gk_account_change_t {
  const char *display_name;    /* NULL: stays */
  int enabled;                 /* -1: stays; switching off ends the sessions */
} gk_account_change_t;
gk_error_t *gk_account_update(gk_account_t **out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                              const gk_account_change_t *change);
/* Ends all sessions of an account. */
gk_error_t *gk_account_sign_out(gk_account_t **out, gk_act_t *act, apr_int64_t id);

/* ---- slips -------------------------------------------------------------------------------------------- */

typedef struct gk_slip_t {
  apr_int64_t account_id;
  const char *login;
  gk_role_t role;
  const char *display_name;
  apr_int64_t org_id;
  const char *org_code, *org_name, *org_level;
  const char *password;        /* NULL when the own password is set: the slip is dead */
  apr_int64_t generation;      /* of the slip */
  apr_int64_t version;         /* of the account */
} gk_slip_t;

/* The present initial password of an account; nothing changes and nothing is audited: the caller says why it
 * reads. */
gk_slip_t gk_account_slip(const gk_act_t *act, const gk_account_t *account);

/* Slips for printing, one audit row for all: of `ids` (apr_int64_t, at most 500; others than manageable staff
 * accounts are NOT_FOUND) or, when ids is NULL, of all accounts at org_id and below with `role` (0: any) that
 * the actor manages, have no own password and are enabled. *slips: gk_slip_t, by unit and login. *skipped:
 * ids that have an own password or are switched off. Errors: INVALID when an org has more than 1,000. */
gk_error_t *gk_account_slips(apr_array_header_t **slips, apr_array_header_t **skipped, gk_act_t *act,
                             const apr_array_header_t *ids, apr_int64_t org_id, gk_role_t role);
/* "New password" asks first when the present one was used (PE-6): the owner may only have mislaid the paper, and the own
 * password dies too. `asked`: somebody did ask. Errors: INVALID at /used. */
gk_error_t *gk_account_check_used(const gk_act_t *act, const gk_account_t *account, bool asked);
/* "New password": a new slip for a staff account. reset_totp also takes the one-time codes off (phone lost). Errors: as
 * gk_account_check_used. */
gk_error_t *gk_account_renew_slip(gk_slip_t *out, gk_act_t *act, apr_int64_t id, apr_int64_t version,
                                  bool reset_totp, bool asked);

/* ---- candidates' accounts (the caller audits the candidate; the transaction runs) --------------------- */

/* The login is the registration number of the season. *id may be NULL. Errors: CONFLICT when the number has
 * one. */
gk_error_t *gk_account_create_for_candidate(gk_act_t *act, apr_int64_t candidate_id, apr_int64_t season_id,
                                            const char *number, apr_int64_t org_id, const char *org_path,
                                            const char *name, apr_int64_t *id);
/* The account of a candidate in the actor's subtree; NOT_FOUND when there is none (no number yet). */
gk_error_t *gk_account_of_candidate(gk_account_t **out, gk_act_t *act, apr_int64_t candidate_id);
/* New slip after showing the ID card (F8); ends delays after wrong passwords too. */
gk_error_t *gk_account_renew_slip_for_candidate(gk_slip_t *out, gk_act_t *act, apr_int64_t candidate_id);
/* Keeps name and switch in step with the record: `name` NULL stays; enabled -1 stays, 0 ends the sessions
 * (withdrawn). */
gk_error_t *gk_account_follow_candidate(gk_act_t *act, apr_int64_t candidate_id, const char *name,
                                        int enabled);

/* ---- for gaokaoctl (actor account_id 0): demo logins and recovery ------------------------------------- */

/* Sets the own password without asking for the old one; rules of gk_session_check_password apply. */
gk_error_t *gk_account_set_password(gk_act_t *act, apr_int64_t id, const char *password);
/* Switches one-time codes on with this secret (base32), or off (NULL). */
gk_error_t *gk_account_set_totp(gk_act_t *act, apr_int64_t id, const char *secret);

/* Keys as in the API; never a password or secret. */
gk_json_t *gk_account_json(const gk_account_t *account, apr_pool_t *pool);
gk_json_t *gk_slip_json(const gk_slip_t *slip, apr_pool_t *pool);

#endif
