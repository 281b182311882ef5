/* items.c: see items.h. */
#include "items.h"

#include <stdlib.h>
#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

typedef enum kind_t { TEXT, NUMBER, CODE, PART, WHO } kind_t; /* PART: two digits of the guideline */

/* The ministry's items; bounds are what an instrument can mean, a pack may draw them closer. */
static const struct {
  const char *code, *name;
  kind_t kind;
  double low, high;
  const char *codes;
} items[] = {
    {"TJXH", "体检序号", TEXT, 0, 0, ""},
    {"JWBSBZ", "既往病史标志", CODE, 0, 0, "10"},
    {"JWBS", "既往病史", TEXT, 0, 0, ""},
    {"YK_LYSLY", "裸眼视力(右)", NUMBER, 3, 5.3, ""},
    {"YK_LYSLZ", "裸眼视力(左)", NUMBER, 3, 5.3, ""},
    {"YK_JZSLY", "矫正视力(右)", NUMBER, 3, 5.3, ""},
    {"YK_JZSLZ", "矫正视力(左)", NUMBER, 3, 5.3, ""},
    {"YK_JZDSY", "矫正度数(右)", NUMBER, 0, 3000, ""},
    {"YK_JZDSZ", "矫正度数(左)", NUMBER, 0, 3000, ""},
    {"YK_SJJC", "彩色图案及数码检查", CODE, 0, 0, "12"},
    {"YK_SJJCT", "色觉检查图名称", CODE, 0, 0, "12"},
    {"YK_SJDS1", "单色识别能力(红)", CODE, 0, 0, "10"},
    {"YK_SJDS2", "单色识别能力(黄)", CODE, 0, 0, "10"},
    {"YK_SJDS3", "单色识别能力(绿)", CODE, 0, 0, "10"},
    {"YK_SJDS4", "单色识别能力(蓝)", CODE, 0, 0, "10"},
    {"YK_SJDS5", "单色识别能力(紫)", CODE, 0, 0, "10"},
    {"YK_YB", "眼病", TEXT, 0, 0, ""},
    {"YK_YSYJ", "眼科医师意见", CODE, 0, 0, "123"},
    {"NK_XYSSY", "血压收缩压", NUMBER, 5, 40, ""},
    {"NK_XYSZY", "血压舒张压", NUMBER, 2, 30, ""},
    {"NK_FYQK", "发育情况", CODE, 0, 0, "123"},
    {"NK_XZJXG", "心脏及血管", CODE, 0, 0, "12"},
    {"NK_HXXT", "呼吸系统", CODE, 0, 0, "12"},
    {"NK_SJXT", "神经系统", CODE, 0, 0, "12"},
    {"NK_G", "肝", NUMBER, 0, 30, ""},
    {"NK_GXZ", "肝性质", CODE, 0, 0, "12"},
    {"NK_P", "脾", NUMBER, 0, 30, ""},
    {"NK_PXZ", "脾性质", CODE, 0, 0, "12"},
    {"NK_QT", "内科其他", TEXT, 0, 0, ""},
    {"NK_YSYJ", "内科医师意见", CODE, 0, 0, "123"},
    {"WK_SG", "身高", NUMBER, 50, 250, ""},
    {"WK_TZ", "体重", NUMBER, 10, 300, ""},
    {"WK_PF", "皮肤", CODE, 0, 0, "12"},
    {"WK_MB", "面部", CODE, 0, 0, "12"},
    {"WK_JB", "颈部", CODE, 0, 0, "12"},
    {"WK_JZ", "脊柱", CODE, 0, 0, "12"},
    {"WK_SZ", "四肢", CODE, 0, 0, "12"},
    {"WK_GJ", "关节", CODE, 0, 0, "12"},
    {"WK_QT", "外科其他", TEXT, 0, 0, ""},
    {"WK_YSYJ", "外科医师意见", CODE, 0, 0, "123"},
    {"EB_ZETL", "左耳听力", NUMBER, 0, 10, ""},
    {"EB_YETL", "右耳听力", NUMBER, 0, 10, ""},
    {"EB_XJ", "嗅觉", CODE, 0, 0, "10"},
    {"EB_EBYH", "耳鼻咽喉", TEXT, 0, 0, ""},
    {"EB_YSYJ", "耳鼻喉科医师意见", CODE, 0, 0, "123"},
    {"KQ_CE", "唇腭", CODE, 0, 0, "12"},
    {"KQ_SFKC", "是否口吃", CODE, 0, 0, "10"},
    {"KQ_YC", "牙齿", CODE, 0, 0, "12"},
    {"KQ_QT", "口腔科其他", TEXT, 0, 0, ""},
    {"KQ_YSYJ", "口腔科医师意见", CODE, 0, 0, "123"},
    {"XT", "胸透", CODE, 0, 0, "12"},
    {"XT_QT", "胸透其他", TEXT, 0, 0, ""},
    {"XT_YSYJ", "胸透医师意见", CODE, 0, 0, "123"},
    {"GG_ZAM", "转氨酶", CODE, 0, 0, "12"},
    {"GG_YGKY", "乙肝表面抗原", CODE, 0, 0, "12"},
    {"GG_QT", "肝功能其他", TEXT, 0, 0, ""},
    {"GG_YSYJ", "肝功能医师意见", CODE, 0, 0, "123"},
    {"ZYSXDM1", "专业受限代码1", PART, 0, 0, ""},
    {"ZYSXDM2", "专业受限代码2", PART, 0, 0, ""},
    {"ZYSXDM3", "专业受限代码3", PART, 0, 0, ""},
    {"ZYSXDM4", "专业受限代码4", PART, 0, 0, ""},
    {"ZYSXDM5", "专业受限代码5", PART, 0, 0, ""},
    {"ZYSXDM6", "专业受限代码6", PART, 0, 0, ""},
    {"TJJLDM", "体检结论", CODE, 0, 0, "123"},
    {"NUMBER", "报名顺序号", WHO, 0, 0, ""},
    {"ID_NUMBER", "证件号码", WHO, 0, 0, ""}};
enum { ITEMS = sizeof(items) / sizeof(items[0]), TEXT_BYTES = 300 };

static const exam_fault_t *fault(apr_pool_t *pool, const char *item, const char *zh, const char *en)
{
  exam_fault_t *out = apr_palloc(pool, sizeof(*out));
  *out = (exam_fault_t){item, apr_psprintf(pool, zh, item), apr_psprintf(pool, en, item)};
  return out;
}

static int item_of(const char *name)
{
  for (int i = 0; i < ITEMS; i++)
    if (strcasecmp(items[i].code, name) == 0)
      return i;
  return -1;
}

static const char *lower(apr_pool_t *pool, const char *text)
{
  char *out = apr_pstrdup(pool, text);
  for (char *c = out; *c != '\0'; c++)
    *c = (char)apr_tolower(*c);
  return out;
}

/* Digits with at most one point, as instruments and people write them. */
static bool number_of(const char *text, double *value)
{
  size_t whole = strspn(text, "0123456789"), part = 0;
  if (whole == 0 || whole > 5)
    return false;
  if (text[whole] == '.') {
    part = strspn(text + whole + 1, "0123456789");
    if (part == 0 || part > 3)
      return false;
    part++;
  }
  *value = strtod(text, NULL);
  return text[whole + part] == '\0';
}

typedef struct into_t {
  gaokao_pair_t *fields;
  apr_uint32_t n;
  apr_pool_t *pool;
} into_t;

static const exam_fault_t *add(into_t *into, const char *name, const char *value)
{
  double number = 0;
  int i = item_of(name);
  if (i < 0)
    return fault(into->pool, name, "体检没有“%s”这一项，请核对仪器的输出设置",
                 "The examination has no item '%s': look at what the instrument writes");
  const char *label = apr_psprintf(into->pool, "%s %s", items[i].code, items[i].name);
  const char *field = lower(into->pool, items[i].code);
  if (value[0] == '\0')
    return NULL;
  for (apr_uint32_t n = 0; n < into->n; n++) {
    if (strcmp(into->fields[n].name, field) != 0)
      continue;
    if (items[i].kind != WHO)
      return fault(into->pool, label, "“%s”出现了两次", "'%s' stands there twice");
    if (strcmp(into->fields[n].value, value) == 0) /* each line says whose it is */
      return NULL;
    return fault(into->pool, label, "“%s”有两个：一次只交一个人的结果", "There are two of '%s': the results are one person's");
  }
  for (const char *c = value; *c != '\0'; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f)
      return fault(into->pool, label, "“%s”含有控制字符", "'%s' holds a control character");
  switch (items[i].kind) {
  case NUMBER:
    if (!number_of(value, &number) || number < items[i].low || number > items[i].high)
      return fault(into->pool, label,
                   apr_psprintf(into->pool, "“%%s”应在%g到%g之间，请重新测量", items[i].low, items[i].high),
                   apr_psprintf(into->pool, "'%%s' must be %g to %g: measure again", items[i].low, items[i].high));
    break;
  case CODE:
    if (strlen(value) != 1 || strchr(items[i].codes, value[0]) == NULL)
      return fault(into->pool, label, apr_psprintf(into->pool, "“%%s”应为 %s 中的一个数字", items[i].codes),
                   apr_psprintf(into->pool, "'%%s' must be one digit of %s", items[i].codes));
    break;
  case PART:
    if (strlen(value) != 2 || strspn(value, "0123456789") != 2)
      return fault(into->pool, label, "“%s”应为两位数字", "'%s' must be two digits");
    break;
  case WHO:
    if (strlen(value) > 20 || strspn(value, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZx") != strlen(value))
      return fault(into->pool, label, "“%s”不是号码", "'%s' is no number");
    break;
  case TEXT:
    if (strlen(value) > TEXT_BYTES)
      return fault(into->pool, label, "“%s”太长", "'%s' is too long");
    break;
  }
  if (into->n == EXAM_FIELDS)
    return fault(into->pool, "", "结果的项目太多%s", "There are too many items%s");
  into->fields[into->n++] = (gaokao_pair_t){field, value};
  return NULL;
}

/* ---- JSON: flat objects, one after the other, as an instrument that writes a line a measurement gives them ----------------- */

static const char *blanks(const char *at) { return at + strspn(at, " \t\r\n"); }

/* A text without escapes but \" \\ and \/; what else needs one is none of an instrument's. */
static const char *quoted(const char *at, const char **out, apr_pool_t *pool)
{
  char *text = apr_palloc(pool, strlen(at) + 1), *to = text;
  for (at++; *at != '"'; at++) {
    if (*at == '\0' || (*at == '\\' && strchr("\"\\/", *++at) == NULL) || *at == '\0')
      return NULL;
    *to++ = *at;
  }
  *to = '\0';
  *out = text;
  return at + 1;
}

static const exam_fault_t *read_object(into_t *into, const char **text)
{
  const char *at = *text;
  const exam_fault_t *wrong = fault(into->pool, "", "结果不是一个JSON对象%s", "The results are not one JSON object%s");
  at = blanks(at + 1);
  while (*at != '}') {
    const char *name, *value;
    if (*at != '"' || (at = quoted(at, &name, into->pool)) == NULL)
      return wrong;
    at = blanks(at);
    if (*at != ':')
      return wrong;
    at = blanks(at + 1);
    if (*at == '"') {
      if ((at = quoted(at, &value, into->pool)) == NULL)
        return wrong;
    } else {
      size_t length = strspn(at, "0123456789.");
      if (length == 0)
        return wrong;
      value = apr_pstrmemdup(into->pool, at, length);
      at += length;
    }
    const exam_fault_t *bad = add(into, name, value);
    if (bad != NULL)
      return bad;
    at = blanks(at);
    if (*at == ',')
      at = blanks(at + 1);
    else if (*at != '}')
      return wrong;
  }
  *text = blanks(at + 1);
  return **text == '\0' || **text == '{' ? NULL : wrong;
}

static const exam_fault_t *read_json(into_t *into, const char *at)
{
  const exam_fault_t *bad = NULL;
  while (bad == NULL && *at == '{')
    bad = read_object(into, &at);
  return bad;
}

static const exam_fault_t *read_lines(into_t *into, char *text)
{
  char *state = NULL;
  for (char *line = apr_strtok(text, "\r\n", &state); line != NULL; line = apr_strtok(NULL, "\r\n", &state)) {
    size_t name = strcspn(line, "=:\t");
    if (line[0] == '#' || *blanks(line) == '\0')
      continue;
    if (line[name] == '\0')
      return fault(into->pool, "", "结果文件每行应为“项目=值”%s", "Each line of the results must be ITEM=VALUE%s");
    char *value = line + name + 1 + strspn(line + name + 1, " ");
    for (char *end = value + strlen(value); end > value && end[-1] == ' ';)
      *--end = '\0';
    line[name] = '\0';
    for (char *end = line + name; end > line && end[-1] == ' ';)
      *--end = '\0';
    const exam_fault_t *bad = add(into, line + strspn(line, " "), value);
    if (bad != NULL)
      return bad;
  }
  return NULL;
}

const exam_fault_t *exam_read(gaokao_pair_t fields[EXAM_FIELDS], apr_uint32_t *n_fields, const char *text, apr_size_t length,
                              apr_pool_t *pool)
{
  into_t into = {fields, 0, pool};
  if (length == 0 || length > EXAM_BYTES || memchr(text, '\0', length) != NULL)
    return fault(pool, "", "结果文件是空的、过大或不是文本%s", "The file of results is empty, too large or no text%s");
  char *copy = apr_pstrmemdup(pool, text, length);
  if (length >= 3 && memcmp(copy, "\xef\xbb\xbf", 3) == 0)
    copy += 3;
  const char *start = blanks(copy);
  const exam_fault_t *bad = *start == '{' ? read_json(&into, start) : read_lines(&into, copy);
  if (bad == NULL && into.n == 0)
    bad = fault(pool, "", "结果文件里没有任何项目%s", "There is no item in the results%s");
  if (bad == NULL)
    *n_fields = into.n;
  return bad;
}
