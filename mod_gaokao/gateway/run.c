/* gateway/run.c: the event loop, and what a card, a number and a signal do. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/time.h"
#include "gateway/files.h"
#include "gateway/gateway.h"

#define STATE_FILE_US (GK_SECOND / 2)  /* state.json is written at most so often */
#define DISK_LOW_BYTES (64 * 1024 * 1024)

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
  (void)number;
  stopped = 1;
}

/* ---- storing --------------------------------------------------------------------------------------------------------- */

gk_error_t *gk_gateway_store_sealed(gk_gateway_t *gateway, const char *jti, const char *skid, const void *sealed,
                                    apr_size_t length, apr_pool_t *pool)
{
  apr_time_t now = apr_time_now();
  gk_signing_t header = {.typ = "gk-reading+1", .jti = jti, .skid = skid, .iat = apr_time_sec(now),
                         .seq = gk_spool_next(gateway->spool, gateway->device->id)};
  char *jws;
  apr_size_t jws_length;
  GK_TRY(gk_device_jws(&jws, &jws_length, gateway->device, &header, sealed, length, pool));
  gk_error_t *error = gk_spool_add(gateway->spool, gateway->device->id, header.seq, jti, jws, jws_length, now, pool);
  free(jws);
  return error;
}

gk_error_t *gk_gateway_store(gk_gateway_t *gateway, const char *jti, const gk_json_t *plain, const char *large_key,
                             const void *large, apr_size_t large_length, apr_pool_t *pool)
{
  unsigned char *sealed;
  apr_size_t length;
  GK_TRY(gk_device_sealed(&sealed, &length, gateway->device, plain, large_key, large, large_length, pool));
  gk_error_t *error = gk_gateway_store_sealed(gateway, jti, gateway->device->sealing_kid, sealed, length, pool);
  free(sealed);
  return error;
}

void gk_gateway_say_not_stored(gk_gateway_t *gateway, const gk_error_t *error)
{
  fprintf(stderr, "gaokao-gateway: %s\n", gk_error_log_text(error->pool, error));
  gk_gateway_say(gateway, error->code == GK_E_DB_FULL ? GK_WORD_DISK_FULL : GK_WORD_DISK_FAULT, NULL);
}

static void set_block(gk_json_t *plain, const char *key, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  if (length == 0)
    return;
  char *text = apr_palloc(pool, gk_device_base64_length(length) + 1);
  gk_device_base64_put(text, bytes, length);
  gk_json_set_str(plain, key, text);
  gk_wipe(text, strlen(text));
}

static bool take_card(void *baton, const gk_card_t *card)
{
  gk_gateway_t *gateway = baton;
  const gk_settings_t *settings = &gateway->device->settings;
  const unsigned char *decoded = NULL;
  apr_size_t decoded_length = 0;
  apr_pool_t *pool;
  apr_pool_create(&pool, gateway->pool);
  const char *jti = gk_random_hex(pool, 16);
  const char *shown = apr_psprintf(pool, "%s %s %s", gk_card_kind(card, gateway->english), gk_card_masked_name(card, pool),
                                   gk_card_masked_number(card, pool));
  if (gateway->test || gateway->server_test) {
    gk_gateway_say(gateway, GK_WORD_TEST_READ, shown);
    apr_pool_destroy(pool);
    return true;
  }
  if (settings->decoder[0] != '\0' && card->photo_length > 0) {
    gk_decoder_run(&decoded, &decoded_length, settings->decoder, (int)gk_setting_number(settings->decoder_seconds, 1, 30),
                   card->photo, card->photo_length, pool);
    if (decoded == NULL)
      gk_gateway_say(gateway, GK_WORD_DECODER_FAULT, NULL);
  }
  gk_json_t *plain = gk_json_object(pool);
  gk_json_set_str(plain, "kind", "idcard");
  gk_json_set_str(plain, "purpose", settings->purpose);
  if (gateway->subject[0] != '\0')
    gk_json_set_str(plain, "subject", gateway->subject);
  gk_json_set_time(plain, "captured_at", apr_time_now() / 1000 * 1000);
  gk_json_set_str(plain, "layout", gk_card_layout(card));
  set_block(plain, "text_block", card->text, sizeof(card->text), pool);
  set_block(plain, "photo_block", card->photo, card->photo_length, pool);
  set_block(plain, "appended_address", card->address, card->address_length, pool);
  const char *module = gk_reader_module(gateway->reader);
  if (module != NULL && module[0] != '\0')
    gk_json_set_str(plain, "reader_module", module);
  gk_error_t *error = gk_gateway_store(gateway, jti, plain, "chip_photo", decoded, decoded_length, pool);
  if (decoded != NULL)
    gk_wipe(decoded, decoded_length);
  if (error == NULL) {
    apr_cpystrn(gateway->last_jti, jti, sizeof(gateway->last_jti));
    gateway->last_read = gk_tick();
    gateway->number[0] = '\0';
    gateway->read++;
    gk_gateway_say(gateway, GK_WORD_READ, shown);
  } else
    gk_gateway_say_not_stored(gateway, error);
  apr_pool_destroy(pool);
  return error == NULL;
}

bool gk_gateway_is_number(const char *number)
{
  size_t length = strlen(number), digits = strspn(number, "0123456789");
  return (length == 8 && digits == 8) || (length == 18 && (digits == 18 || (digits == 17 && number[17] == 'X')));
}

bool gk_gateway_number(gk_gateway_t *gateway, const char *typed, apr_pool_t *pool)
{
  const char *number = gk_text_id_number(pool, typed);
  if (!gk_gateway_is_number(number))
    return false;
  apr_cpystrn(gateway->number, number, sizeof(gateway->number));
  gateway->number_typed = gk_tick();
  gateway->dirty = true;
  if (gateway->camera != NULL)
    gk_camera_look(gateway->camera);
  return true;
}

void gk_gateway_subject(gk_gateway_t *gateway, const char *code)
{
  apr_cpystrn(gateway->subject, code, sizeof(gateway->subject));
  gateway->dirty = true;
}

void gk_gateway_test(gk_gateway_t *gateway, bool on)
{
  gateway->test = on;
  gateway->dirty = true;
}

gk_error_t *gk_gateway_readdress(gk_gateway_t *gateway, apr_pool_t *pool)
{
  apr_size_t count = gk_spool_waiting(gateway->spool), at = 0;
  apr_pool_t *round;
  gk_error_t *error = NULL;
  apr_pool_create(&round, pool);
  /* Those behind `count` are what this loop adds. */
  for (apr_size_t i = 0; error == NULL && i < count; i++) {
    const gk_spool_item_t *item = gk_spool_item(gateway->spool, at);
    const char *text;
    char *jws, jti[GK_JTI_CHARACTERS + 1];
    apr_size_t length;
    bool changed;
    apr_pool_clear(round);
    memcpy(jti, item->jti, sizeof(jti));
    if ((error = gk_spool_text(&text, gateway->spool, item, round)) != NULL)
      break;
    apr_int64_t seq = gk_spool_next(gateway->spool, gateway->device->id);
    error = gk_device_sign_anew(&jws, &length, &changed, gateway->device, text, seq, round);
    if (error != NULL || !changed) {
      at++;
      continue;
    }
    error = gk_spool_add(gateway->spool, gateway->device->id, seq, jti, jws, length, apr_time_now(), round);
    free(jws);
    if (error == NULL)
      error = gk_spool_done(gateway->spool, at, "signed-anew", apr_time_now(), round);
  }
  error = gk_error_dup(pool, error);
  apr_pool_destroy(round);
  return error;
}

/* ---- the loop ---------------------------------------------------------------------------------------------------------- */

gk_error_t *gk_gateway_open(gk_gateway_t **out, gk_device_t *device, apr_pool_t *pool)
{
  gk_gateway_t *gateway = apr_pcalloc(pool, sizeof(*gateway));
  gateway->pool = pool;
  gateway->device = device;
  gateway->english = strcmp(device->settings.language, "en") == 0;
  gateway->bell = gk_setting_yes(device->settings.bell);
  apr_cpystrn(gateway->subject, device->settings.subject, sizeof(gateway->subject));
  GK_TRY(gk_folder_lock(device->folder, pool));
  GK_TRY(gk_spool_open(&gateway->spool, gk_device_path(device, "spool", pool), 0, pool));
  gk_spool_floor(gateway->spool, device->id, gk_json_int(device->about, "next_seq"));
  GK_TRY(gk_post_create(&gateway->post, gateway, pool));
  GK_TRY(gk_gateway_readdress(gateway, pool));
  if (gk_spool_damaged(gateway->spool) > 0)
    gk_gateway_say(gateway, GK_WORD_SPOOL_DAMAGED, apr_psprintf(pool, "%d", gk_spool_damaged(gateway->spool)));
  *out = gateway;
  return NULL;
}

static gk_error_t *open_reader(gk_gateway_t *gateway, apr_pool_t *pool)
{
  const gk_settings_t *settings = &gateway->device->settings;
  gk_reader_options_t options = {
      .port = strcmp(settings->port, "auto") == 0 ? NULL : settings->port,
      .speed = strcmp(settings->speed, "auto") == 0 ? 0 : (int)gk_setting_number(settings->speed, 9600, 115200),
      .fingerprint = gk_setting_yes(settings->fingerprint),
      .address = gk_setting_yes(settings->address),
      .pause_us = gk_setting_number(settings->find_ms, 10, 5000) * 1000};
  if (strcmp(settings->port, "none") != 0)
    gateway->reader = gk_reader_create(&options, gk_gateway_say, take_card, gateway, pool);
  return NULL;
}

/* Lines of the terminal: numbers a scanner types, and letters. */
static void take_line(gk_gateway_t *gateway, char *line, apr_pool_t *pool)
{
  const char *text = gk_utf8_valid(line, strlen(line)) ? gk_text_trim(pool, line) : "";
  if (strcmp(text, "q") == 0)
    gateway->stop = true;
  else if (strcmp(text, "t") == 0) {
    gk_gateway_test(gateway, !gateway->test);
    printf("%s%s\n", gateway->english ? "Test readings " : "测试读卡：",
           gateway->english ? (gateway->test ? "on" : "off") : (gateway->test ? "开" : "关"));
  } else if (strncmp(text, "s ", 2) == 0)
    gk_gateway_subject(gateway, gk_text_trim(pool, text + 2));
  else if (text[0] != '\0' && !gk_gateway_number(gateway, text, pool))
    puts(gateway->english ? "Type a registration number (8 digits), t: test readings, s CODE: category, q: end"
                          : "请输入 8 位报名顺序号；t：测试读卡；s 科类代码：选科类；q：退出");
  fflush(stdout);
}

typedef struct input_t {
  bool open;
  char line[200];
  size_t used;
} input_t;

static void take_input(gk_gateway_t *gateway, input_t *input, apr_pool_t *pool)
{
  char bytes[200];
  ssize_t count = read(0, bytes, sizeof(bytes));
  if (count <= 0) {
    input->open = count < 0 && (errno == EAGAIN || errno == EINTR);
    return;
  }
  for (ssize_t i = 0; i < count; i++) {
    if (bytes[i] == '\n' || bytes[i] == '\r') {
      input->line[input->used] = '\0';
      take_line(gateway, input->line, pool);
      input->used = 0;
    } else if (bytes[i] != '\0' && input->used < sizeof(input->line) - 1)
      input->line[input->used++] = bytes[i];
  }
}

static void write_state(gk_gateway_t *gateway, apr_pool_t *pool)
{
  gk_json_t *state = gk_gateway_state(gateway, false, pool);
  static bool low;
  gk_error_t *error = gk_file_put(gk_device_path(gateway->device, "state.json", pool), gk_json_text(state, pool), 0, pool);
  apr_int64_t free_bytes = gk_json_int(state, "disk_free_bytes");
  gateway->dirty = false;
  if (error != NULL && error->code != GK_E_DB_FULL)
    fprintf(stderr, "gaokao-gateway: %s\n", gk_error_log_text(pool, error));
  bool now_low = free_bytes >= 0 && free_bytes < DISK_LOW_BYTES;
  if (now_low && !low)
    gk_gateway_say(gateway, GK_WORD_DISK_LOW, apr_psprintf(pool, "%" APR_INT64_T_FMT " MB", free_bytes / 1000000));
  low = now_low;
}

/* What commands of other processes leave: a wish of `rotate-key`, pictures of `camera`. */
static void take_wishes(gk_gateway_t *gateway, apr_pool_t *pool)
{
  const char *wish = gk_device_path(gateway->device, "rotate.wish", pool);
  gk_take_handed(gateway, pool);
  if (access(wish, F_OK) == 0 && !gk_post_rotating(gateway->post)) {
    unlink(wish);
    gk_post_rotate(gateway->post);
  }
}

static void loop(gk_gateway_t *gateway)
{
  apr_pool_t *round;
  input_t input = {.open = isatty(0) || !isatty(1)};
  apr_time_t written = 0, wishes = 0;
  apr_pool_create(&round, gateway->pool);
  while (!stopped && !gateway->stop) {
    struct pollfd fds[GK_PAGE_DESCRIPTORS + 3];
    int count = 0;
    apr_pool_clear(round);
    if (gateway->reader != NULL)
      gk_reader_step(gateway->reader, round);
    if (gateway->camera != NULL)
      gk_camera_step(gateway->camera, round);
    gk_post_step(gateway->post, round);
    if (gateway->page != NULL)
      gk_page_step(gateway->page, round);
    apr_time_t now = gk_tick();
    if (now - wishes >= GK_SECOND) {
      wishes = now;
      take_wishes(gateway, round);
    }
    if (now - written >= (gateway->dirty ? STATE_FILE_US : 10 * GK_SECOND)) {
      written = now;
      write_state(gateway, round);
    }
    apr_time_t due = now + GK_SECOND;
    apr_time_t post_due = gk_post_due(gateway->post);
    due = post_due < due ? post_due : due;
    if (gateway->dirty && written + STATE_FILE_US < due)
      due = written + STATE_FILE_US;
    if (gateway->reader != NULL) {
      due = gk_reader_due(gateway->reader) < due ? gk_reader_due(gateway->reader) : due;
      if (gk_reader_descriptor(gateway->reader) >= 0)
        fds[count++] = (struct pollfd){gk_reader_descriptor(gateway->reader), POLLIN, 0};
    }
    if (gateway->camera != NULL && gk_camera_descriptor(gateway->camera) >= 0)
      fds[count++] = (struct pollfd){gk_camera_descriptor(gateway->camera), POLLIN, 0};
    if (input.open)
      fds[count++] = (struct pollfd){0, POLLIN, 0};
    if (gateway->page != NULL)
      count += gk_page_descriptors(gateway->page, fds + count);
    gk_post_wait(gateway->post, fds, count, due);
    struct pollfd keys = {0, POLLIN, 0};
    if (input.open && poll(&keys, 1, 0) > 0)
      take_input(gateway, &input, round);
  }
  write_state(gateway, round);
  apr_pool_destroy(round);
}

gk_error_t *gk_gateway_run(gk_device_t *device, bool test, apr_pool_t *pool)
{
  gk_gateway_t *gateway;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  GK_TRY(gk_gateway_open(&gateway, device, pool));
  gateway->test = test;
  GK_TRY(open_reader(gateway, pool));
  GK_TRY(gk_camera_create(&gateway->camera, gateway, pool));
  if (gk_setting_number(device->settings.page_port, 0, 65535) > 0)
    GK_TRY(gk_page_create(&gateway->page, gateway, pool));
  loop(gateway);
  if (gateway->reader != NULL)
    gk_reader_close(gateway->reader);
  gk_wipe(device->secret, sizeof(device->secret));
  return NULL;
}
