/* ctl/setup.c: init, upgrade, schema version. */
#include <string.h>
#include <apr_file_info.h>
#include <apr_file_io.h>

#include "crypto/crypto.h"
#include "ctl/ctl.h"
#include "domain/keyring.h"
#include "store/schema.h"

static gk_error_t *upgrade(gk_ctl_t *ctl, gk_json_t *result)
{
  int from, to;
  GK_TRY(gk_schema_upgrade(ctl->db, &from, &to, ctl->pool));
  gk_json_set_int(result, "from", from);
  gk_json_set_int(result, "to", to);
  if (from == to)
    gk_ctl__say(ctl, "数据库结构已是版本 %d", "The schema is version %d already", to);
  else
    gk_ctl__say(ctl, "数据库结构从版本 %d 升到 %d", "Schema upgraded from version %d to %d", from, to);
  return NULL;
}

/* May be repeated: keys that are there are kept, for without them stored data is lost. For the same reason none are made for
 * a database that was written with others. */
gk_error_t *gk_ctl_init(gk_ctl_t *ctl)
{
  gk_json_t *result = gk_json_object(ctl->pool);
  const char *file = ctl->config->keys_file;
  apr_finfo_t info;
  gk_keys_t *keys;
  bool known, there = apr_stat(&info, file, APR_FINFO_TYPE, ctl->pool) == APR_SUCCESS;
  apr_dir_make_recursive(ctl->config->spool_dir, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE,
                         ctl->pool);
  if (there)
    GK_TRY(gk_keys_load(&keys, file, ctl->pool));
  GK_TRY(gk_ctl__open_database(ctl));
  GK_TRY(upgrade(ctl, result));
  GK_TRY(gk_keyring_known(&known, ctl->db, ctl->pool));
  if (!there && known)
    return gk_error_internal(ctl->pool, GK_E_CONFIG, "The key file '%s' is missing, and this database was written with keys: "
                             "bring the file back from its backup; new keys can't read what is there", file);
  if (!there) {
    GK_TRY(ctl->config->chinese_ciphers ? gk_keys_create_chinese(file, apr_time_now(), ctl->pool)
                                        : gk_keys_create(file, apr_time_now(), ctl->pool));
    gk_ctl__say(ctl, "已生成密钥文件 %s。请与数据分开备份、由两人分别保管：密钥丢失，数据就无法读取",
                "Made the key file %s. Back it up apart from the data, in the hands of two people: without it the data can't be "
                "read", file);
    GK_TRY(gk_keys_load(&keys, file, ctl->pool));
  }
  GK_TRY(gk_keyring_register(ctl->db, keys, file, apr_time_now(), ctl->pool));
  gk_json_set_bool(result, "keys_created", !there);
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl_upgrade(gk_ctl_t *ctl)
{
  gk_json_t *result = gk_json_object(ctl->pool);
  bool known;
  GK_TRY(upgrade(ctl, result));
  GK_TRY(gk_keyring_known(&known, ctl->db, ctl->pool));
  if (!known) { /* a database from before keys were compared */
    gk_keys_t *keys;
    GK_TRY(gk_keys_load(&keys, ctl->config->keys_file, ctl->pool));
    GK_TRY(gk_keyring_register(ctl->db, keys, ctl->config->keys_file, apr_time_now(), ctl->pool));
  }
  gk_ctl__result(ctl, result);
  return NULL;
}

gk_error_t *gk_ctl_schema_version(gk_ctl_t *ctl)
{
  int version;
  GK_TRY(gk_schema_version(ctl->db, &version, ctl->pool));
  gk_json_t *result = gk_json_object(ctl->pool);
  gk_json_set_int(result, "database", version);
  gk_json_set_int(result, "program", gk_migration_count);
  gk_ctl__say(ctl, "数据库结构版本 %d，程序需要 %d", "The database has schema %d, this program needs %d",
              version, gk_migration_count);
  gk_ctl__result(ctl, result);
  if (version != gk_migration_count)
    return gk_schema_check(ctl->db, ctl->pool);
  return NULL;
}
