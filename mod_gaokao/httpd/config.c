/* httpd/config.c: the module's directives, from directives.def. */
#include <apr_strings.h>

#include "httpd/httpd_internal.h"

void *gk_httpd_create_config(apr_pool_t *pool, server_rec *server)
{
  (void)server;
  return apr_pcalloc(pool, sizeof(gk_httpd_config_t));
}

void *gk_httpd_merge_config(apr_pool_t *pool, void *base_, void *add_)
{
  const gk_httpd_config_t *base = base_, *add = add_;
  gk_httpd_config_t *merged = apr_pcalloc(pool, sizeof(*merged));
#define GK_DIRECTIVE(name, kind, member, help) merged->member = add->member != NULL ? add->member : base->member;
#include "httpd/directives.def"
#undef GK_DIRECTIVE
  return merged;
}

const gk_httpd_config_t *gk_httpd_config(const server_rec *server)
{
  return ap_get_module_config(server->module_config, &gaokao_module);
}

static const char *set_path(cmd_parms *cmd, void *unused, const char *value)
{
  (void)unused;
  gk_httpd_config_t *config = ap_get_module_config(cmd->server->module_config, &gaokao_module);
  const char **member = (const char **)((char *)config + (apr_size_t)cmd->info);
  const char *wrong = ap_check_cmd_context(cmd, NOT_IN_DIR_LOC_FILE);
  if (wrong != NULL)
    return wrong;
  if (cmd->server->is_virtual)
    return apr_pstrcat(cmd->pool, cmd->cmd->name, " belongs outside <VirtualHost>: a server runs one instance", NULL);
  *member = strcmp(value, "none") == 0 ? value : ap_server_root_relative(cmd->pool, value);
  return *member != NULL ? NULL : apr_pstrcat(cmd->pool, cmd->cmd->name, ": '", value, "' is no file name", NULL);
}

static const char *set_exposure(cmd_parms *cmd, void *unused, const char *value)
{
  (void)unused;
  gk_httpd_config_t *config = ap_get_module_config(cmd->server->module_config, &gaokao_module);
  const char *wrong = ap_check_cmd_context(cmd, NOT_IN_DIR_LOC_FILE);
  if (wrong != NULL)
    return wrong;
  if (strcmp(value, "off") != 0 && strcmp(value, "redirect") != 0 && strcmp(value, "on") != 0)
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": '", value, "' is none of off, redirect, on", NULL);
  *(const char **)((char *)config + (apr_size_t)cmd->info) = value;
  return NULL;
}

const command_rec gk_httpd_commands[] = {
#define GK_DIRECTIVE(name, kind, member, help) \
  AP_INIT_TAKE1(name, set_##kind, (void *)APR_OFFSETOF(gk_httpd_config_t, member), RSRC_CONF, help),
#include "httpd/directives.def"
#undef GK_DIRECTIVE
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};
