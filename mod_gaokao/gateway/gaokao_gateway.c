/* gateway/gaokao_gateway.c: the program at a point: reads the card reader and the camera, posts signed readings.
 *
 *   gaokao-gateway [--folder DIR] enrol --server URL --code CODE [--ca FILE]
 *   gaokao-gateway [--folder DIR] run | test-reading | status [--json] | rotate-key
 *   gaokao-gateway [--folder DIR] camera FILE --number N
 *
 * Exit codes: 0 done, 1 a fault, 2 usage, 3 not enrolled, 4 not running, 5 another gateway works in the folder, 6 the server
 * refused, 7 the server was not reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "base/version.h"
#include "gateway/files.h"
#include "gateway/gateway.h"

typedef struct words_t {
  const char *folder, *command, *file;
  const char *server, *code, *ca, *number;
  bool json;
} words_t;

static int usage(void)
{
  fputs("Usage: gaokao-gateway [--folder DIR] COMMAND\n"
        "  enrol --server URL --code CODE [--ca FILE]  join a point with the one-time code it made\n"
        "  run                          read cards and pictures, post them; ends with Ctrl-C\n"
        "  test-reading                 the same, but cards are only tried and nothing of them is stored\n"
        "  status [--json]              what the gateway of this folder does\n"
        "  camera FILE --number N       hand in one picture for a registration number or ID number\n"
        "  rotate-key                   change the device's key\n"
        "DIR: $GAOKAO_GATEWAY, or /var/lib/gaokao-gateway for root, or ~/.gaokao-gateway\n"
        "Exit codes: 0 done, 1 a fault, 2 usage, 3 not enrolled, 4 not running, 5 another gateway works in the folder,\n"
        "6 the server refused, 7 the server was not reached\n",
        stderr);
  return GK_EXIT_USAGE;
}

/* Both languages: the technician may read either. */
static int report(const gk_error_t *error, apr_pool_t *pool)
{
  const gk_error_info_t *info = gk_error_info(error->code);
  fprintf(stderr, "gaokao-gateway: %s / %s\n", error->zh != NULL ? error->zh : info->zh, error->en != NULL ? error->en : info->en);
  if (error->internal != NULL)
    fprintf(stderr, "gaokao-gateway: %s\n", gk_error_log_text(pool, error));
  return error->code == GK_E_WRONG_STATE ? GK_EXIT_TAKEN : GK_EXIT_FAULT;
}

static int not_enrolled(const gk_device_t *device)
{
  fprintf(stderr,
          "gaokao-gateway: %s 里还没有设备：请先用报名点的一次性代码注册（enrol） / there is no device in %s: enrol it with a code of "
          "the point first\n",
          device->folder, device->folder);
  return GK_EXIT_NOT_ENROLLED;
}

static bool running(const gk_device_t *device, apr_pool_t *pool) { return gk_folder_taken(device->folder, pool); }

/* ---- enrol ------------------------------------------------------------------------------------------------------------- */

static gk_error_t *enrol_body(const char **body, const gk_device_t *device, const char *code, apr_pool_t *pool)
{
  unsigned char secret[GK_DEVICE_SECRET_BYTES], public[GK_PUBLIC_BYTES];
  char text[48];
  /* The same key when it is tried again: the server gives the same answer then. */
  gk_error_t *error = gk_device_key_read(secret, device, "device.key.enrol", pool);
  if (error != NULL) {
    gk_device_key_make(secret);
    error = gk_device_key_write(device, "device.key.enrol", secret, pool);
  }
  if (error == NULL) {
    gk_device_key_public(public, secret);
    gk_device_base64_put(text, public, sizeof(public));
    gk_json_t *plain = gk_json_object(pool);
    gk_json_set_str(plain, "code", code);
    gk_json_set_str(plain, "public_key", text);
    gk_json_set_str(plain, "software", apr_pstrcat(pool, GK_GATEWAY_SOFTWARE " ", gk_version(), NULL));
    *body = gk_json_text(plain, pool);
  }
  gk_wipe(secret, sizeof(secret));
  return error;
}

static int enrol(gk_device_t *device, const words_t *words, apr_pool_t *pool)
{
  const char *body, *reply;
  unsigned char secret[GK_DEVICE_SECRET_BYTES];
  gk_json_t *answer = NULL;
  gk_error_t *error;
  int status;
  if (running(device, pool))
    return report(gk_error(pool, GK_E_WRONG_STATE, "网关正在运行：请先停止", "The gateway is running: stop it first"), pool);
  device->settings.server = words->server;
  if (words->ca != NULL)
    device->settings.ca_file = words->ca;
  error = enrol_body(&body, device, words->code, pool);
  if (error == NULL)
    error = gk_post_once(&status, &reply, device, "enrolment", body, pool);
  if (error != NULL)
    return report(error, pool);
  if (status == 0) {
    fprintf(stderr, "gaokao-gateway: 连不上服务器 / the server was not reached: %s\n", reply);
    return GK_EXIT_NOT_REACHED;
  }
  if (gk_json_parse(&answer, reply, strlen(reply), pool) != NULL)
    answer = NULL;
  if ((status != 200 && status != 201) || !gk_json_is_object(answer)) {
    const char *detail = gk_json_str(answer, "detail"), *code = gk_json_str(answer, "code");
    fprintf(stderr, "gaokao-gateway: 服务器没有接受 / the server refused: HTTP %d %s %s\n", status, code != NULL ? code : "",
            detail != NULL ? detail : "");
    return GK_EXIT_REFUSED;
  }
  /* First what it said, then the key: the key is what makes a device. */
  device->about = NULL;
  unlink(gk_device_path(device, "device.key.new", pool));
  if ((error = gk_device_take(device, answer, pool)) == NULL &&
      (error = gk_device_key_read(secret, device, "device.key.enrol", pool)) == NULL &&
      (error = gk_device_key_write(device, "device.key", secret, pool)) == NULL)
    error = gk_device_write_settings(device, pool);
  gk_wipe(secret, sizeof(secret));
  if (error != NULL)
    return report(error, pool);
  unlink(gk_device_path(device, "device.key.enrol", pool));
  gk_json_t *point = gk_json_get(answer, "point");
  const char *code = gk_json_str(point, "code"), *name = gk_json_str(point, "name");
  printf("已注册 / enrolled: %s %s, %s\n", code != NULL ? code : "", name != NULL ? name : "",
         gk_device_path(device, "gateway.conf", pool));
  return GK_EXIT_DONE;
}

/* ---- status ------------------------------------------------------------------------------------------------------------- */

/* A gateway that does not run: what its folder says. */
static gk_json_t *state_at_rest(const gk_device_t *device, apr_pool_t *pool)
{
  gk_json_t *state = gk_json_object(pool), *reader = gk_json_object(pool);
  gk_spool_t *spool;
  gk_json_set_str(state, "software", apr_pstrcat(pool, GK_GATEWAY_SOFTWARE " ", gk_version(), NULL));
  gk_json_set_str(state, "device", device->id);
  gk_json_set_str(state, "server", device->settings.server);
  gk_json_set_str(reader, "state", "none");
  gk_json_set(state, "reader", reader);
  gk_json_set_str(state, "link", "unknown");
  if (gk_spool_open(&spool, gk_device_path(device, "spool", pool), 1, pool) == NULL) {
    gk_json_set_int(state, "waiting", (apr_int64_t)gk_spool_waiting(spool));
    gk_json_set_int(state, "damaged", gk_spool_damaged(spool));
    gk_json_set_int(state, "spool_bytes", gk_spool_bytes(spool));
  }
  return state;
}

static void print_state(gk_json_t *state, bool runs, const gk_device_t *device, apr_pool_t *pool)
{
  gk_json_t *reader = gk_json_get(state, "reader"), *point = gk_json_get(state, "point");
  const char *page, *port = gk_json_str(reader, "port"), *module = gk_json_str(reader, "module");
  printf("%s\n", runs ? "运行中 / running" : "没有运行 / not running");
  if (gk_json_str(point, "name") != NULL)
    printf("报名点 / point        %s %s\n", gk_json_str(point, "code"), gk_json_str(point, "name"));
  printf("服务器 / server       %s\n", gk_json_str(state, "server"));
  printf("连接 / link           %s%s%s\n", gk_json_str(state, "link"), gk_json_str(state, "problem") != NULL ? ": " : "",
         gk_json_str(state, "problem") != NULL ? gk_json_str(state, "problem") : "");
  printf("读卡器 / reader       %s %s %s\n", gk_json_str(reader, "state"), port != NULL ? port : "", module != NULL ? module : "");
  printf("待上传 / waiting      %" APR_INT64_T_FMT "\n", gk_json_int(state, "waiting") + gk_json_int(state, "aside"));
  if (runs)
    printf("本次已读 / read       %" APR_INT64_T_FMT "，已上传 / posted %" APR_INT64_T_FMT "，未采用 / refused %" APR_INT64_T_FMT "\n",
           gk_json_int(state, "read"), gk_json_int(state, "posted"), gk_json_int(state, "refused"));
  if (gk_json_is_int(gk_json_get(state, "skew_ms")))
    printf("时钟偏差 / clock      %+.1f s\n", (double)gk_json_int(state, "skew_ms") / 1000);
  if (gk_json_int(state, "damaged") > 0)
    printf("损坏 / damaged        %" APR_INT64_T_FMT "\n", gk_json_int(state, "damaged"));
  if (gk_json_str(state, "handed_problem") != NULL)
    printf("交来的照片打不开 / handed over, can't be opened: %s\n", gk_json_str(state, "handed_problem"));
  if (gk_json_bool(state, "test") || gk_json_bool(state, "server_test"))
    puts("测试读卡，不保存 / test readings, nothing is stored");
  if (runs && gk_file_get(&page, NULL, gk_device_path(device, "page.url", pool), 200, pool) == NULL)
    printf("状态页 / state page   %s", page);
}

static int status(gk_device_t *device, bool json, apr_pool_t *pool)
{
  const char *text;
  apr_size_t length;
  gk_json_t *state = NULL;
  bool runs = running(device, pool);
  if (!device->enrolled)
    return not_enrolled(device);
  if (!runs || gk_file_get(&text, &length, gk_device_path(device, "state.json", pool), 65536, pool) != NULL ||
      gk_json_parse(&state, text, length, pool) != NULL)
    state = state_at_rest(device, pool);
  gk_json_set_bool(state, "running", runs);
  if (json)
    puts(gk_json_text(state, pool));
  else
    print_state(state, runs, device, pool);
  return runs ? GK_EXIT_DONE : GK_EXIT_NOT_RUNNING;
}

/* ---- camera, rotate-key ------------------------------------------------------------------------------------------------- */

/* Root works on as the owner of the gateway's folder: what it leaves there the gateway has to open. */
static gk_error_t *as_owner(const gk_device_t *device, apr_pool_t *pool)
{
  struct stat facts;
  if (geteuid() != 0 || stat(device->folder, &facts) != 0 || facts.st_uid == 0)
    return NULL;
  if (setgroups(0, NULL) == 0 && setgid(facts.st_gid) == 0 && setuid(facts.st_uid) == 0)
    return NULL;
  return gk_error_internal(pool, GK_E_CONFIG, "Can't work as the owner of '%s': %s", device->folder, strerror(errno));
}

/* Beside a gateway at work it is sealed here and posted there. */
static int camera(gk_device_t *device, const words_t *words, apr_pool_t *pool)
{
  gk_gateway_t *gateway;
  unsigned char *sealed;
  apr_size_t length;
  const char *number = gk_text_id_number(pool, words->number);
  if (!gk_gateway_is_number(number))
    return usage();
  gk_error_t *error = gk_camera_seal(&sealed, &length, device, words->file, number, NULL, pool);
  if (error == NULL) /* the picture was read as whoever called */
    error = as_owner(device, pool);
  if (error != NULL)
    return report(error, pool);
  bool runs = running(device, pool);
  if (runs)
    error = gk_hand_over(device, sealed, length, pool);
  else if ((error = gk_gateway_open(&gateway, device, pool)) == NULL)
    error = gk_gateway_store_sealed(gateway, gk_random_hex(pool, 16), device->sealing_kid, sealed, length, pool);
  free(sealed);
  if (error != NULL)
    return report(error, pool);
  puts(runs ? "已交给运行中的网关 / handed to the gateway that runs"
            : "已存入待传，下次运行时上传 / spooled: it is posted at the next run");
  return GK_EXIT_DONE;
}

static int rotate(gk_device_t *device, apr_pool_t *pool)
{
  gk_gateway_t *gateway;
  const char *key = gk_device_path(device, "device.key", pool);
  struct stat before, now;
  if (stat(key, &before) != 0)
    return not_enrolled(device);
  apr_time_t until = gk_tick() + 60 * GK_SECOND;
  gk_error_t *error = gk_gateway_open(&gateway, device, pool);
  if (error != NULL && error->code == GK_E_WRONG_STATE)
    error = gk_file_put(gk_device_path(device, "rotate.wish", pool), "", 1, pool);
  else if (error == NULL) {
    gk_post_rotate(gateway->post);
    while (gk_tick() < until && gk_post_rotating(gateway->post)) {
      gk_post_step(gateway->post, pool);
      gk_post_wait(gateway->post, NULL, 0, gk_post_due(gateway->post));
      gk_link_t link = gk_post_link(gateway->post);
      if (link == GK_LINK_REVOKED || link == GK_LINK_NOT_ACCEPTED)
        return GK_EXIT_REFUSED;
    }
  }
  if (error != NULL)
    return report(error, pool);
  while (gk_tick() < until) {
    if (stat(key, &now) == 0 && now.st_ino != before.st_ino) {
      puts("密钥已更换 / the key was changed");
      return GK_EXIT_DONE;
    }
    apr_sleep(200 * 1000);
  }
  fputs("gaokao-gateway: 还没有换成，恢复连接后自动完成 / not yet: it is done when the server is reached\n", stderr);
  return GK_EXIT_NOT_REACHED;
}

/* ---- main ----------------------------------------------------------------------------------------------------------------- */

static bool read_words(words_t *words, int count, char **arguments)
{
  for (int i = 1; i < count; i++) {
    static const struct { const char *name; size_t at; } options[] = {{"--folder", offsetof(words_t, folder)},
                                                                     {"--server", offsetof(words_t, server)},
                                                                     {"--code", offsetof(words_t, code)},
                                                                     {"--ca", offsetof(words_t, ca)},
                                                                     {"--number", offsetof(words_t, number)}};
    size_t option = 0;
    while (option < 5 && strcmp(arguments[i], options[option].name) != 0)
      option++;
    if (option < 5) {
      if (++i == count)
        return false;
      *(const char **)((char *)words + options[option].at) = arguments[i];
    } else if (strcmp(arguments[i], "--json") == 0)
      words->json = true;
    else if (arguments[i][0] == '-')
      return false;
    else if (words->command == NULL)
      words->command = arguments[i];
    else if (words->file == NULL)
      words->file = arguments[i];
    else
      return false;
  }
  return words->command != NULL && (words->file == NULL) == (strcmp(words->command, "camera") != 0);
}

static const char *folder_of(const words_t *words, apr_pool_t *pool)
{
  const char *set = words->folder != NULL ? words->folder : getenv("GAOKAO_GATEWAY"), *home = getenv("HOME");
  if (set != NULL && set[0] != '\0')
    return set;
  return geteuid() == 0 || home == NULL ? "/var/lib/gaokao-gateway" : apr_pstrcat(pool, home, "/.gaokao-gateway", NULL);
}

int main(int argc, char **argv)
{
  apr_pool_t *pool;
  gk_device_t *device;
  words_t words = {0};
  struct rlimit none = {0, 0};
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 65536); /* pictures go back to the system at once */
  mallopt(M_TRIM_THRESHOLD, 65536);
  setrlimit(RLIMIT_CORE, &none); /* no card in a core dump */
  prctl(PR_SET_DUMPABLE, 0);
  if (apr_initialize() != APR_SUCCESS || apr_pool_create(&pool, NULL) != APR_SUCCESS)
    return GK_EXIT_FAULT;
  if (!read_words(&words, argc, argv))
    return usage();
  umask(077);
  gk_error_t *error = gk_device_load(&device, folder_of(&words, pool), pool);
  if (error != NULL)
    return report(error, pool);
  if (strcmp(words.command, "enrol") == 0)
    return words.server != NULL && words.code != NULL ? enrol(device, &words, pool) : usage();
  if (strcmp(words.command, "status") == 0)
    return status(device, words.json, pool);
  if (strcmp(words.command, "run") != 0 && strcmp(words.command, "test-reading") != 0 && strcmp(words.command, "camera") != 0 &&
      strcmp(words.command, "rotate-key") != 0)
    return usage();
  if (!device->enrolled)
    return not_enrolled(device);
  if (strcmp(words.command, "camera") == 0)
    return words.number != NULL ? camera(device, &words, pool) : usage();
  if (strcmp(words.command, "rotate-key") == 0)
    return rotate(device, pool);
  error = gk_gateway_run(device, strcmp(words.command, "test-reading") == 0, pool);
  return error != NULL ? report(error, pool) : GK_EXIT_DONE;
}
