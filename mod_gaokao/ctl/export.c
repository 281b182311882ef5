/* ctl/export.c: gaokaoctl export key, export verify (docs/province.md). */
#include <stdlib.h>
#include <string.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "ctl/ctl.h"
#include "domain/client.h"
#include "domain/ports_session.h"
#include "jobs/xml_signature.h"

#define MANIFEST "manifest.xml"
enum { PEM_MAX = 64 * 1024, READ_BYTES = 256 * 1024 };

gk_error_t *gk_ctl_export_key(gk_ctl_t *ctl)
{
  gk_keys_t *keys;
  const char *pem, *id = gk_ctl__word(ctl, 0);
  GK_TRY(gk_keys_load(&keys, ctl->config->keys_file, ctl->pool));
  if (id == NULL)
    id = gk_key_id(keys, "export");
  GK_TRY(gk_key_public_pem(&pem, keys, "export", id, ctl->pool));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_str(result, "key", id);
  gk_json_set_str(result, "pem", pem);
  gk_json_set_str(result, "sha256", gk_sha256_hex(ctl->pool, pem, strlen(pem)));
  gk_ctl__result(ctl, result);
  if (!ctl->json)
    fputs(pem, stdout);
  return NULL;
}

/* ---- client ---------------------------------------------------------------------------------------------- */

static gk_error_t *read_pem(const char **out, gk_ctl_t *ctl, const char *option,
                            const char *(*of)(const char *pem, apr_pool_t *pool), const char *zh, const char *en)
{
  const char *path = gk_ctl__option(ctl, option), *pem;
  apr_size_t length;
  *out = gk_ctl__option(ctl, "clear") != NULL ? "" : NULL;
  if (path == NULL)
    return NULL;
  GK_TRY(gk_ctl__read_file(&pem, &length, path, PEM_MAX, ctl->pool));
  *out = of(pem, ctl->pool);
  return *out != NULL ? NULL : gk_error(ctl->pool, GK_E_CONFIG, "%s 不是%s%.0s", "%s is no %.0s%s", path, zh, en);
}

static gk_error_t *put_client(gk_ctl_t *ctl, apr_int64_t id, const gk_client_t *client)
{
  gk_json_t *after = gk_json_object(ctl->pool);
  if (client->certificate != NULL)
    gk_json_set_str(after, "certificate_sha256", client->certificate);
  if (client->public_key != NULL)
    gk_json_set_str(after, "public_key", client->public_key);
  GK_TRY(gk_act_begin(&ctl->act));
  GK_TRY(gk_client_store_put(&ctl->act, id, client));
  return gk_audit(&ctl->act, "account.client", "account", id, 0, ctl->act.who->org_path, NULL, after);
}

gk_error_t *gk_ctl_export_client(gk_ctl_t *ctl)
{
  gk_credential_t credential;
  gk_client_t client, now = {"", ""};
  bool found;
  const char *login = gk_ctl__word(ctl, 0);
  GK_TRY(read_pem(&client.certificate, ctl, "certificate", gk_pem_certificate_digest, "证书（PEM）", "certificate (PEM)"));
  GK_TRY(read_pem(&client.public_key, ctl, "public-key", gk_pem_ed25519, " Ed25519 公钥（PEM）", "public Ed25519 key (PEM)"));
  GK_TRY(gk_session_store_credential(&found, &credential, &ctl->act, "staff", 0, login));
  if (!found || credential.account.role != GK_ROLE_EXPORT)
    return gk_error(ctl->pool, GK_E_NOT_FOUND, "没有角色为 export 的用户 %s", "There is no account %s of role export", login);
  if (client.certificate != NULL || client.public_key != NULL)
    GK_TRY(gk_ctl__finish(ctl, put_client(ctl, credential.account.id, &client)));
  GK_TRY(gk_client_store_get(&found, &now, &ctl->act, credential.account.id));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "id", credential.account.id);
  gk_json_set_str(result, "login", login);
  gk_json_set_str(result, "certificate_sha256", found && now.certificate[0] != '\0' ? now.certificate : NULL);
  gk_json_set_str(result, "public_key", found && now.public_key[0] != '\0' ? now.public_key : NULL);
  gk_ctl__result(ctl, result);
  gk_ctl__say(ctl, "用户 %s（kid %" APR_INT64_T_FMT "）：证书 %s，令牌公钥 %s",
              "Account %s (kid %" APR_INT64_T_FMT "): certificate %s, token key %s", login, credential.account.id,
              found && now.certificate[0] != '\0' ? now.certificate : "-",
              found && now.public_key[0] != '\0' ? now.public_key : "-");
  return NULL;
}

/* ---- verify ---------------------------------------------------------------------------------------------- */

typedef struct verify_t {
  gk_ctl_t *ctl;
  const char *folder;
  apr_int64_t parts, bytes, records, withdrawn, photos;
  apr_array_header_t *faults; /* const char * */
} verify_t;

static void fault(verify_t *v, const char *name, const char *zh, const char *en)
{
  const char *text = apr_pstrcat(v->ctl->pool, name, ": ", v->ctl->chinese ? zh : en, NULL);
  APR_ARRAY_PUSH(v->faults, const char *) = text;
  gk_ctl__say(v->ctl, "%s", "%s", text);
  v->ctl->fault = true;
}

static apr_int64_t number_of(gk_xml_node_t *node, const char *name, apr_pool_t *pool)
{
  const char *text = gk_xml_attr(node, name, pool);
  return text != NULL ? apr_atoi64(text) : -1;
}

static apr_int64_t optional(gk_xml_node_t *node, const char *name, apr_pool_t *pool)
{
  return gk_xml_attr(node, name, pool) != NULL ? number_of(node, name, pool) : 0;
}

static void check_part(verify_t *v, gk_xml_node_t *part, apr_pool_t *pool)
{
  apr_file_t *file;
  apr_int64_t bytes = 0;
  const char *name = gk_xml_attr(part, "name", pool), *digest = gk_xml_attr(part, "sha256", pool);
  if (name == NULL || digest == NULL || name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
    fault(v, MANIFEST, "分卷没有名称或摘要", "a part without name or digest");
    return;
  }
  const char *path = apr_pstrcat(pool, v->folder, "/", name, NULL);
  if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool) != APR_SUCCESS) {
    fault(v, name, "缺少这个文件", "this file is missing");
    return;
  }
  char *buffer = apr_palloc(pool, READ_BYTES);
  gk_sha256_t *sum = gk_sha256_start(pool);
  for (apr_size_t got = READ_BYTES; apr_file_read(file, buffer, &got) == APR_SUCCESS; got = READ_BYTES) {
    gk_sha256_add(sum, buffer, got);
    bytes += (apr_int64_t)got;
  }
  apr_file_close(file);
  if (bytes != number_of(part, "bytes", pool) || strcmp(gk_sha256_end(sum, pool), digest) != 0)
    fault(v, name, "内容与清单不符（被改动或不完整）：请重新取这一卷",
          "is not what the manifest says (changed or incomplete): fetch it again");
  v->parts++;
  v->bytes += bytes;
  v->records += number_of(part, "records", pool);
  v->withdrawn += number_of(part, "withdrawn", pool);
  v->photos += optional(part, "photos", pool);
}

gk_error_t *gk_ctl__export_verify(gk_ctl_t *ctl, const char *folder, const char *pem_path, gk_json_t **result)
{
  verify_t v = {.ctl = ctl, .folder = folder, .faults = apr_array_make(ctl->pool, 4, sizeof(const char *))};
  const char *text, *pem;
  apr_size_t length, pem_length;
  gk_xml_t *document;
  apr_pool_t *scratch;
  GK_TRY(gk_ctl__read_file(&pem, &pem_length, pem_path, PEM_MAX, ctl->pool));
  GK_TRY(gk_ctl__read_file(&text, &length, apr_pstrcat(ctl->pool, folder, "/" MANIFEST, NULL), GK_XML_MAX_BYTES, ctl->pool));
  GK_TRY(gk_xml_verify(&document, text, length, pem, ctl->pool));
  gk_xml_node_t *root = gk_xml_root(document), *parts = gk_xml_child(root, "parts");
  apr_pool_create(&scratch, ctl->pool);
  gk_xml_node_t *first = parts != NULL ? gk_xml_child(parts, "part") : NULL;
  for (gk_xml_node_t *part = first; part != NULL; part = gk_xml_next(part, "part")) {
    apr_pool_clear(scratch);
    check_part(&v, part, scratch);
  }
  if (parts == NULL || v.faults->nelts > 0 || v.parts != number_of(parts, "count", ctl->pool) ||
      v.records != number_of(root, "records", ctl->pool) || v.withdrawn != number_of(root, "withdrawn", ctl->pool) ||
      v.photos != optional(root, "photos", ctl->pool))
    ctl->fault = true;
  gk_json_t *json = gk_json_object(ctl->pool), *list = gk_json_array(ctl->pool);
  for (int i = 0; i < v.faults->nelts; i++)
    gk_json_add_str(list, APR_ARRAY_IDX(v.faults, i, const char *));
  gk_json_set_bool(json, "good", !ctl->fault);
  gk_json_set_int(json, "parts", v.parts);
  gk_json_set_int(json, "bytes", v.bytes);
  gk_json_set_int(json, "records", v.records);
  gk_json_set_int(json, "withdrawn", v.withdrawn);
  gk_json_set_int(json, "photos", v.photos);
  gk_json_set_str(json, "mark", gk_xml_attr(root, "mark", ctl->pool));
  gk_json_set_str(json, "manifest_sha256", gk_sha256_hex(ctl->pool, text, length));
  gk_json_set(json, "faults", list);
  *result = json;
  return NULL;
}

gk_error_t *gk_ctl_export_verify(gk_ctl_t *ctl)
{
  gk_json_t *result;
  const char *key = gk_ctl__option(ctl, "key");
  if (key == NULL)
    return gk_ctl__usage(ctl, "缺少 --key：签名公钥的文件（gaokaoctl export key）",
                         "--key is missing: the file with the public key (gaokaoctl export key)");
  GK_TRY(gk_ctl__export_verify(ctl, gk_ctl__word(ctl, 0), key, &result));
  if (!ctl->fault)
    gk_ctl__say(ctl, "签名和 %s 个分卷都相符，%s 名考生，清单摘要 %s",
                "Signature and %s parts are right, %s candidates; digest of the manifest %s",
                apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, gk_json_int(result, "parts")),
                apr_psprintf(ctl->pool, "%" APR_INT64_T_FMT, gk_json_int(result, "records")),
                gk_json_str(result, "manifest_sha256"));
  gk_ctl__result(ctl, result);
  return NULL;
}
