/* domain/totp.c: see totp.h. */
#include "domain/totp.h"

#include <string.h>
#include <apr_escape.h>
#include <apr_strings.h>

static const char *context(apr_int64_t account_id, apr_pool_t *pool)
{
  return apr_psprintf(pool, "account.totp.%" APR_INT64_T_FMT, account_id);
}

gk_error_t *gk_totp_seal(gk_blob_t *out, const gk_act_t *act, apr_int64_t account_id, const gk_totp_t *totp)
{
  gk_sealed_t sealed;
  const char *text = apr_pstrcat(act->pool, totp->active != NULL ? totp->active : "-", " ",
                                 totp->pending != NULL ? totp->pending : "-", NULL);
  GK_TRY(gk_seal(&sealed, gk_core_keys(act->core), context(account_id, act->pool), text, strlen(text),
                 act->pool));
  apr_size_t id_length = strlen(sealed.key_id);
  unsigned char *bytes = apr_palloc(act->pool, 1 + id_length + sealed.length);
  bytes[0] = (unsigned char)id_length;
  memcpy(bytes + 1, sealed.key_id, id_length);
  memcpy(bytes + 1 + id_length, sealed.bytes, sealed.length);
  *out = (gk_blob_t){bytes, 1 + id_length + sealed.length};
  return NULL;
}

gk_error_t *gk_totp_unseal(gk_totp_t *out, const gk_act_t *act, apr_int64_t account_id, gk_blob_t blob)
{
  const char *text;
  *out = (gk_totp_t){NULL, NULL};
  if (blob.bytes == NULL || blob.length == 0)
    return NULL;
  apr_size_t id_length = blob.bytes[0];
  if (blob.length < 1 + id_length)
    return gk_error_internal(act->pool, GK_E_INTERNAL, "account.totp of %" APR_INT64_T_FMT " is cut",
                             account_id);
  gk_sealed_t sealed = {apr_pstrmemdup(act->pool, (const char *)blob.bytes + 1, id_length),
                        blob.bytes + 1 + id_length, blob.length - 1 - id_length};
  GK_TRY(gk_unseal(&text, NULL, gk_core_keys(act->core), context(account_id, act->pool), &sealed, act->pool));
  char *active = apr_pstrdup(act->pool, text), *space = strchr(active, ' ');
  if (space == NULL)
    return gk_error_internal(act->pool, GK_E_INTERNAL, "account.totp of %" APR_INT64_T_FMT " is no pair",
                             account_id);
  *space = '\0';
  out->active = strcmp(active, "-") != 0 ? active : NULL;
  out->pending = strcmp(space + 1, "-") != 0 ? space + 1 : NULL;
  return NULL;
}

const char *gk_totp_uri(const char *secret, const char *login, apr_pool_t *pool)
{
  const char *issuer = apr_pescape_urlencoded(pool, "高考报名");
  return apr_psprintf(pool, "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=6&period=30",
                      issuer, login, secret, issuer);
}
