/* What papers cost (goals of design section 12): the first sheet of a process, 1,000 login cards, 2,000 proof sheets with
 * photos, and the memory of all that. Prints ratios to the goals; judges nothing.
 *   tests/bench/print [folder]      keeps the files there; without, the bytes are only counted */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "print/print.h"

#define CARDS 1000
#define SHEETS 2000
#define PHOTO_BYTES 41500

typedef struct out_t {
  FILE *file;
  double bytes;
} out_t;

static double now_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Of this process alone: on a shared machine the one figure that holds. */
static double cpu_ms(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double peak_mib(void)
{
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024;
}

static gk_error_t *take(void *baton, const void *bytes, apr_size_t length)
{
  out_t *out = baton;
  out->bytes += (double)length;
  if (out->file != NULL && fwrite(bytes, 1, length, out->file) != length)
    abort();
  return NULL;
}

static void must(gk_error_t *error)
{
  if (error == NULL)
    return;
  fprintf(stderr, "%s\n", error->en != NULL ? error->en : error->internal);
  exit(1);
}

static void report(const char *what, double is, double goal, const char *unit, const out_t *out)
{
  double bytes = out != NULL ? out->bytes : 0;
  printf("%-44s %8.0f %-3s  %.2f x the goal of %.0f %s", what, is, unit, is / goal, goal, unit);
  static double last;
  if (bytes > 0)
    printf("; %.0f ms of CPU; %.2f MB", cpu_ms() - last, bytes / 1e6);
  last = cpu_ms();
  printf("\n");
}

/* Enough of a JPEG for its size to be read; as many bytes as a photo has. */
static const unsigned char *photo(apr_pool_t *pool)
{
  static const unsigned char head[] = {0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 640 >> 8, 640 & 255, 480 >> 8, 480 & 255, 3, 1, 0x22, 0,
                                       2, 0x11, 1, 3, 0x11, 1, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 0x3f, 0};
  unsigned char *bytes = apr_palloc(pool, PHOTO_BYTES);
  for (int i = 0; i < PHOTO_BYTES; i++)
    bytes[i] = (unsigned char)(i * 31 % 251);
  memcpy(bytes, head, sizeof(head));
  bytes[PHOTO_BYTES - 2] = 0xff;
  bytes[PHOTO_BYTES - 1] = 0xd9;
  return bytes;
}

static const char *const names[] = {"向晚晴", "欧阳思远", "\xf0\xa0\xae\xb7田·买买提", "刘一", "李嘉怡", "买买提·阿卜杜热合曼", "彭若曦", "田一诺"};

static apr_array_header_t *cards(apr_pool_t *pool)
{
  apr_array_header_t *list = apr_array_make(pool, CARDS, sizeof(gk_print_card_t));
  for (int i = 0; i < CARDS; i++)
    APR_ARRAY_PUSH(list, gk_print_card_t) =
        (gk_print_card_t){.number = apr_psprintf(pool, "0104%04d", i), .name = names[i % 8], .id_number = "43012120080229004X",
                          .subject = "物理类", .class_name = apr_psprintf(pool, "高三（%d）班", i / 50 + 1), .point = "星沙第二中学",
                          .password = apr_psprintf(pool, "k7wm4hpt%02d", i % 90 + 10)};
  return list;
}

static void field(gk_json_t *fields, const char *id, const char *zh, const char *value, const char *text, apr_pool_t *pool)
{
  gk_json_t *json = gk_json_object(pool), *texts = gk_json_object(pool);
  gk_json_set_str(json, "id", id);
  gk_json_set_str(json, "zh", zh);
  gk_json_set_str(json, "value", value);
  gk_json_set_str(texts, "zh", text);
  gk_json_set(json, "text", texts);
  gk_json_add(fields, json);
}

/* Forty fields in five sections. */
static gk_json_t *proof(int serial, apr_pool_t *pool)
{
  static const char *const labels[] = {"姓名", "民族", "出生日期", "政治面貌", "外语语种", "毕业学校", "户籍所在地", "通讯地址"};
  static const char *const values[] = {NULL, "08", "2008-02-29", "03", "1", "010422", "430121", "湖南省长沙市长沙县㮾梨街道3栋201室，请收发室转交"};
  static const char *const texts[] = {NULL, "土家族", "2008-02-29", "共青团员", "英语", "浏阳河中学", "湖南省长沙市长沙县",
                                      "湖南省长沙市长沙县㮾梨街道3栋201室，请收发室转交"};
  gk_json_t *json = gk_json_object(pool), *document = gk_json_object(pool), *sections = gk_json_array(pool);
  gk_json_t *org = gk_json_object(pool), *candidate = gk_json_object(pool);
  gk_json_set_str(org, "code", "0104220");
  gk_json_set_str(org, "name", "星沙第二中学");
  gk_json_set_str(candidate, "name", names[serial % 8]);
  gk_json_set(json, "candidate", candidate);
  gk_json_set_int(json, "version", 7);
  gk_json_set_str(json, "digest", "7f3a91c20b44d2e17f3a91c20b44d2e17f3a91c20b44d2e17f3a91c20b44d2e1");
  gk_json_set_bool(json, "valid", true);
  gk_json_set_str(document, "number", apr_psprintf(pool, "0104%04d", serial));
  gk_json_set(document, "org", org);
  for (int s = 0; s < 5; s++) {
    gk_json_t *section = gk_json_object(pool), *fields = gk_json_array(pool);
    gk_json_set_str(section, "zh", "身份与报考信息");
    for (int i = 0; i < 8; i++) {
      const char *value = i == 0 ? names[serial % 8] : values[i];
      field(fields, apr_psprintf(pool, "f%d_%d", s, i), labels[i], value, i == 0 ? value : texts[i], pool);
    }
    gk_json_set(section, "fields", fields);
    gk_json_add(sections, section);
  }
  gk_json_set(document, "sections", sections);
  gk_json_set(json, "document", document);
  return json;
}

static gk_print_t *start(out_t *out, const char *folder, const char *name, apr_pool_t *pool)
{
  gk_print_wish_t wish = {.title = name, .unit = "0104220 星沙第二中学", .printed_by = "张老师", .printed = apr_time_now(),
                          .site = "https://bm.hneao.example", .write = take, .baton = out};
  gk_print_t *print;
  *out = (out_t){NULL, 0};
  if (folder != NULL)
    out->file = fopen(apr_pstrcat(pool, folder, "/", name, ".pdf", NULL), "wb");
  must(gk_print_start(&print, &wish, pool));
  return print;
}

static double end(gk_print_t *print, out_t *out, double began)
{
  must(gk_print_end(print, NULL, NULL));
  if (out->file != NULL)
    fclose(out->file);
  return now_ms() - began;
}

int main(int argc, char **argv)
{
  const char *folder = argc > 1 ? argv[1] : NULL;
  apr_pool_t *pool, *scratch;
  out_t out;
  apr_initialize();
  apr_pool_create(&pool, NULL);
  apr_pool_create(&scratch, pool);
  gk_print_sheet_t sheet = {.season = "湖南省2026年普通高等学校招生考试报名", .jpeg = photo(pool), .jpeg_length = PHOTO_BYTES, .jpeg_width = 480,
                            .jpeg_height = 640};
  double began = now_ms();
  sheet.proof = proof(317, pool);
  gk_print_t *print = start(&out, folder, "first", pool);
  must(gk_print_proof(print, &sheet));
  report("first sheet of a process", end(print, &out, began), 150, "ms", &out);
  began = now_ms();
  print = start(&out, folder, "second", pool);
  must(gk_print_proof(print, &sheet));
  report("the next one", end(print, &out, began), 150, "ms", &out);
  apr_array_header_t *list = cards(pool);
  began = now_ms();
  print = start(&out, folder, "cards", pool);
  must(gk_print_cards(print, list, "11月1日—11月10日 18:00"));
  report("1,000 login cards", end(print, &out, began), 1500, "ms", &out);
  report("peak memory so far", peak_mib(), 120, "MiB", NULL);
  began = now_ms();
  print = start(&out, folder, "proofs", pool);
  for (int i = 0; i < SHEETS; i++) {
    apr_pool_clear(scratch);
    sheet.proof = proof(i, scratch);
    must(gk_print_proof(print, &sheet));
  }
  report("2,000 proof sheets with photos", end(print, &out, began), 15000, "ms", &out);
  report("peak memory", peak_mib(), 120, "MiB", NULL);
  apr_terminate();
  return 0;
}
