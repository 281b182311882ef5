/* plugin/loader.c: opens a plugin's file and holds what it says about itself against the ABI, field by field.
 * Every finding names what was seen and what was wanted, since the reader is an operator with two packages
 * that don't fit. */
#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "base/text.h"
#include "plugin/internal.h"

/* Sizes of the structs of ABI 1.0: what every plugin of this major has at least. Members added later come
 * after. */
#define UP_TO(type, member) ((apr_uint32_t)(offsetof(type, member) + sizeof(((type *)0)->member)))
#define DESCRIPTOR_1_0 UP_TO(gaokao_descriptor_t, option_size)
#define BUILD_1_0 UP_TO(gaokao_build_t, pool_debug)
#define LIFE_1_0 UP_TO(gaokao_life_t, health)
#define OPTION_1_0 UP_TO(gaokao_option_t, help_en)
#define DEVICE_1_0 UP_TO(gaokao_device_t, decode)
#define POLICY_1_0 UP_TO(gaokao_policy_t, unload_rules)
#define PHOTO_1_0 UP_TO(gaokao_photo_t, inspect)
#define EXPORT_1_0 UP_TO(gaokao_export_t, end)

enum { MAX_FORMATS = 16 };

typedef struct opening_t {
  apr_array_header_t *findings;
  apr_pool_t *pool;
  const char *path;
} opening_t;

/* Both formats take the same arguments. */
static void found(opening_t *o, const char *code, const char *zh_format, const char *en_format, ...)
{
  gk_plugin__finding_t *finding = apr_array_push(o->findings);
  va_list arguments;
  finding->code = code;
  va_start(arguments, en_format);
  finding->zh = apr_pvsprintf(o->pool, zh_format, arguments);
  va_end(arguments);
  va_start(arguments, en_format);
  finding->en = apr_pvsprintf(o->pool, en_format, arguments);
  va_end(arguments);
}

const char *gk_plugin__name_of(const char *path, apr_pool_t *pool)
{
  const char *slash = strrchr(path, '/');
  const char *start = slash != NULL ? slash + 1 : path;
  apr_size_t length = strlen(start);
  if (length > 3 && strcmp(start + length - 3, ".so") == 0)
    length -= 3;
  return apr_pstrmemdup(pool, start, length);
}

static bool name_ok(const char *name)
{
  apr_size_t length = strlen(name);
  return length >= 1 && length <= 48 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}

static void check_build(opening_t *o, const gaokao_build_t *given)
{
  static const gaokao_build_t ours = {sizeof(gaokao_build_t), APR_MAJOR_VERSION, sizeof(void *),
                                      sizeof(apr_time_t), sizeof(apr_off_t), GAOKAO_POOL_DEBUG_};
  struct { const char *zh, *en; apr_uint32_t seen, wanted; } facts[5];
  if (given == NULL || given->size < BUILD_1_0) {
    found(o, "build", "缺少编译信息", "The build facts are missing");
    return;
  }
  facts[0].zh = "APR 主版本", facts[0].en = "APR major version";
  facts[0].seen = given->apr_major, facts[0].wanted = ours.apr_major;
  facts[1].zh = "指针长度", facts[1].en = "Size of a pointer";
  facts[1].seen = given->sizeof_pointer, facts[1].wanted = ours.sizeof_pointer;
  facts[2].zh = "apr_time_t 长度", facts[2].en = "Size of apr_time_t";
  facts[2].seen = given->sizeof_apr_time, facts[2].wanted = ours.sizeof_apr_time;
  facts[3].zh = "apr_off_t 长度", facts[3].en = "Size of apr_off_t";
  facts[3].seen = given->sizeof_apr_off, facts[3].wanted = ours.sizeof_apr_off;
  facts[4].zh = "APR_POOL_DEBUG", facts[4].en = "APR_POOL_DEBUG";
  facts[4].seen = given->pool_debug, facts[4].wanted = ours.pool_debug;
  for (int i = 0; i < 5; i++)
    if (facts[i].seen != facts[i].wanted) {
      const char *zh = apr_pstrcat(o->pool, facts[i].zh, "：插件为 %u，本程序为 %u，请用同一套 APR 重新编译", NULL);
      const char *en = apr_pstrcat(
          o->pool, facts[i].en, ": the plugin has %u, this program %u; build it against the same APR", NULL);
      found(o, "build", zh, en, facts[i].seen, facts[i].wanted);
    }
}

/* Copies what both sides know; the rest of `to` stays zero. */
static void copy_known(void *to, apr_size_t to_size, const void *from, apr_uint32_t from_size)
{
  memset(to, 0, to_size);
  memcpy(to, from, from_size < to_size ? from_size : to_size);
}

static void check_formats(opening_t *o, const gaokao_export_t *export)
{
  if (export->formats == NULL || export->n_formats == 0 || export->n_formats > MAX_FORMATS) {
    found(o, "formats", "导出插件应声明 1 到 %d 种格式", "An export plugin declares 1 to %d formats", MAX_FORMATS);
    return;
  }
  for (apr_uint32_t i = 0; i < export->n_formats; i++) {
    const gaokao_export_format_t *format = &export->formats[i];
    if (!gk_plugin__text_ok(format->name, 32) || !gk_plugin__text_ok(format->media_type, 100) ||
        !gk_plugin__text_ok(format->extension, 16) || !gk_plugin__text_ok(format->encodings, 100) ||
        !name_ok(format->name) || format->encodings[0] == '\0')
      found(o, "formats", "第 %u 种导出格式不完整", "Export format %u is not complete", i + 1);
  }
}

static void check_vtable(opening_t *o, gk_plugin__image_t *image)
{
  const gaokao_descriptor_t *descriptor = &image->descriptor;
  static const apr_uint32_t smallest[] = {0, DEVICE_1_0, POLICY_1_0, PHOTO_1_0, EXPORT_1_0};
  if (descriptor->vtable == NULL || descriptor->vtable_size < smallest[descriptor->kind]) {
    found(o, "vtable", "函数表只有 %u 字节，至少应为 %u", "The function table has %u bytes, wanted at least %u",
          descriptor->vtable != NULL ? descriptor->vtable_size : 0, smallest[descriptor->kind]);
    return;
  }
  copy_known(&image->vtable, sizeof(image->vtable), descriptor->vtable, descriptor->vtable_size);
  /* `life` is the first member of each. */
  const gaokao_life_t *life = image->vtable.policy.life;
  if (life == NULL || life->size < LIFE_1_0) {
    found(o, "life", "生命周期函数表只有 %u 字节，至少应为 %u", "The table of life has %u bytes, wanted at least %u",
          life != NULL ? life->size : 0, LIFE_1_0);
    return;
  }
  copy_known(&image->life, sizeof(image->life), life, life->size);
  bool complete = image->life.create != NULL && image->life.describe != NULL && image->life.health != NULL;
  switch (descriptor->kind) {
  case GAOKAO_DEVICE:
    complete = complete && image->vtable.device.recognise != NULL && image->vtable.device.decode != NULL;
    break;
  case GAOKAO_POLICY:
    complete = complete && image->vtable.policy.load_rules != NULL && image->vtable.policy.evaluate != NULL &&
               image->vtable.policy.unload_rules != NULL;
    if (!gk_plugin__text_ok(image->vtable.policy.language, 32) || image->vtable.policy.language[0] == '\0')
      found(o, "language", "没有说明规则语言", "The language of the rules is not named");
    if ((descriptor->flags & GAOKAO_PURE) == 0)
      found(o, "pure", "规则插件必须声明 GAOKAO_PURE", "A policy plugin must declare GAOKAO_PURE");
    break;
  case GAOKAO_PHOTO:
    complete = complete && image->vtable.photo.inspect != NULL;
    break;
  default:
    complete = complete && image->vtable.export.begin != NULL && image->vtable.export.record != NULL &&
               image->vtable.export.end != NULL;
    check_formats(o, &image->vtable.export);
  }
  if (!complete)
    found(o, "functions", "缺少必需的函数", "A mandatory function is missing");
}

static void check_names(opening_t *o, const gaokao_descriptor_t *descriptor, const char *name)
{
  if (!gk_plugin__text_ok(descriptor->name, 100) || strcmp(descriptor->name, name) != 0)
    found(o, "name", "插件自称 '%s'，应为 '%s'", "The plugin calls itself '%s', wanted '%s'",
          gk_plugin__text_ok(descriptor->name, 100) ? descriptor->name : "?", name);
  if (!gk_plugin__text_ok(descriptor->version, 32) || descriptor->version[0] == '\0')
    found(o, "version", "没有版本号", "There is no version");
  if (!gk_plugin__text_ok(descriptor->licence, 64) || descriptor->licence[0] == '\0')
    found(o, "licence", "没有许可证", "There is no licence");
}

static void copy_options(opening_t *o, gk_plugin__image_t *image)
{
  const char *row = (const char *)image->descriptor.options;
  image->options = apr_array_make(o->pool, 8, sizeof(gaokao_option_t));
  if (row == NULL)
    return;
  if (image->descriptor.option_size < OPTION_1_0) {
    found(o, "options", "选项表每行只有 %u 字节，至少应为 %u", "A row of the option table has %u bytes, wanted at least %u",
          image->descriptor.option_size, OPTION_1_0);
    return;
  }
  for (; ((const gaokao_option_t *)(const void *)row)->key != NULL; row += image->descriptor.option_size) {
    if (image->options->nelts == GK_PLUGIN__MAX_OPTIONS) {
      found(o, "options", "选项多于 %d 个，或没有结束行", "There are more than %d options, or no last row",
            GK_PLUGIN__MAX_OPTIONS);
      return;
    }
    copy_known(apr_array_push(image->options), sizeof(gaokao_option_t), row, image->descriptor.option_size);
  }
  gk_plugin__check_options(image->options, o->findings, o->pool);
}

/* The descriptor, when it can be read any further. */
static bool check_head(opening_t *o, const gaokao_descriptor_t *given)
{
  if (given == NULL) {
    found(o, "descriptor", "插件没有给出描述", "The plugin gives no descriptor");
    return false;
  }
  if (given->magic != GAOKAO_MAGIC) {
    found(o, "magic", "标识为 0x%08x，应为 0x%08x：不是本系统的插件",
          "The magic number is 0x%08x, wanted 0x%08x: not a plugin"
          " of this system",
          given->magic, GAOKAO_MAGIC);
    return false;
  }
  if (given->abi_major != GAOKAO_ABI_MAJOR)
    found(o, "abi-major", "接口主版本为 %u，本程序为 %u，请换用相应版本的插件",
          "The ABI's major version is %u, this program has %u; take a plugin made for it", given->abi_major,
          GAOKAO_ABI_MAJOR);
  else if (given->abi_minor > GAOKAO_ABI_MINOR)
    found(o, "abi-minor", "插件需要接口 %u.%u，本程序为 %u.%u，请升级本程序",
          "The plugin needs ABI %u.%u, this program has %u.%u; upgrade this program", given->abi_major,
          given->abi_minor, GAOKAO_ABI_MAJOR, GAOKAO_ABI_MINOR);
  if (given->size < DESCRIPTOR_1_0)
    found(o, "descriptor", "描述只有 %u 字节，至少应为 %u", "The descriptor has %u bytes, wanted at least %u",
          given->size, DESCRIPTOR_1_0);
  return given->abi_major == GAOKAO_ABI_MAJOR && given->size >= DESCRIPTOR_1_0;
}

gk_plugin__image_t *gk_plugin__open(const char *path, const char *name, apr_array_header_t *findings,
                                    apr_pool_t *pool)
{
  opening_t o = {findings, pool, path};
  int before = findings->nelts;
  gk_plugin__image_t *image = apr_pcalloc(pool, sizeof(*image));
  apr_dso_handle_sym_t symbol = NULL;
  if (!name_ok(name)) {
    found(&o, "name", "插件名 '%s' 只能用小写字母、数字和下划线",
          "The name '%s' may hold lower-case letters, digits and _ only", name);
    return NULL;
  }
  if (apr_dso_load(&image->dso, path, pool) != APR_SUCCESS) {
    char why[500] = "";
    if (image->dso != NULL)
      apr_dso_error(image->dso, why, sizeof(why));
    found(&o, "open", "打不开插件文件：%s", "The file can't be loaded: %s",
          gk_utf8_valid(why, strlen(why)) ? why : "?");
    return NULL;
  }
  const char *symbol_name = apr_pstrcat(pool, "gaokao_plugin_", name, NULL);
  if (apr_dso_sym(&symbol, image->dso, symbol_name) != APR_SUCCESS || symbol == NULL) {
    found(&o, "entry", "文件里没有函数 %s：不是名为 %s 的插件",
          "The file has no function %s: not a plugin named %s", symbol_name, name);
    return NULL;
  }
  gaokao_entry_fn *entry;
  memcpy(&entry, &symbol, sizeof(entry)); /* ISO C has no cast from an object to a function pointer */
  const gaokao_descriptor_t *given = entry();
  if (!check_head(&o, given))
    return NULL;
  copy_known(&image->descriptor, sizeof(image->descriptor), given, given->size);
  check_build(&o, given->build);
  check_names(&o, given, name);
  if ((given->flags & ~(apr_uint32_t)(GAOKAO_THREAD_SAFE | GAOKAO_PURE | GAOKAO_NEEDS_NETWORK)) != 0)
    found(&o, "flags", "有不认识的标志 0x%x", "There are unknown flags: 0x%x", given->flags);
  if (given->kind < GAOKAO_DEVICE || given->kind > GAOKAO_EXPORT)
    found(&o, "kind", "不认识的插件类型 %u", "The kind %u is unknown", given->kind);
  else
    check_vtable(&o, image);
  copy_options(&o, image);
  return findings->nelts == before ? image : NULL;
}
