/* mod_gaokao: registration for the college entrance examination. The module's record and its hooks; no logic. */
#include "httpd/httpd_internal.h"

#include <mpm_common.h>

static void register_hooks(apr_pool_t *pool)
{
  (void)pool;
  static const char *const before_dbd[] = {"mod_dbd.c", NULL}, *const after_ssl[] = {"mod_ssl.c", NULL};
  /* Loads and checks configuration, keys and plugins: the last moment an error stops a start for certain. */
  ap_hook_check_config(gk_httpd_check_config, NULL, NULL, APR_HOOK_MIDDLE);
  /* Shared memory, access log, the background program. */
  ap_hook_post_config(gk_httpd_post_config, after_ssl, before_dbd, APR_HOOK_MIDDLE);
  /* Plugins and mod_dbd's functions for this process. */
  ap_hook_child_init(gk_httpd_child_init, NULL, NULL, APR_HOOK_MIDDLE);
  /* The parent sees who died inside a plugin. */
  ap_hook_child_status(gk_httpd_child_status, NULL, NULL, APR_HOOK_MIDDLE);
  /* Nothing in clear beyond loopback. */
  ap_hook_post_read_request(gk_httpd_post_read_request, NULL, NULL, APR_HOOK_MIDDLE);
  /* No search for files below our addresses. */
  ap_hook_translate_name(gk_httpd_translate_name, NULL, NULL, APR_HOOK_FIRST);
  ap_hook_map_to_storage(gk_httpd_map_to_storage, NULL, NULL, APR_HOOK_FIRST);
  ap_hook_handler(gk_httpd_handler, NULL, NULL, APR_HOOK_MIDDLE);
  /* The access log and counters. */
  ap_hook_log_transaction(gk_httpd_log, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA gaokao_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, gk_httpd_create_config, gk_httpd_merge_config, gk_httpd_commands, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE
#endif
};
