/* ctl/demo_names.c: chance and names (demo.h). */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl/demo.h"

/* ---- chance: splitmix64 ---------------------------------------------------------------------------------- */

static apr_uint64_t step(gk_demo_chance_t *chance)
{
  apr_uint64_t z = (chance->state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

gk_demo_chance_t gk_demo_chance(apr_uint64_t seed, const char *what, apr_uint64_t index)
{
  gk_demo_chance_t chance = {seed * 0x9e3779b97f4a7c15ULL + 0x2545f4914f6cdd1dULL};
  for (const char *c = what; *c != '\0'; c++)
    chance.state = (chance.state ^ (unsigned char)*c) * 0x100000001b3ULL;
  chance.state ^= index * 0xd6e8feb86659fd93ULL;
  step(&chance);
  return chance;
}

int gk_demo_pick(gk_demo_chance_t *chance, int n)
{
  return n > 0 ? (int)((step(chance) >> 16) % (apr_uint64_t)n) : 0;
}
bool gk_demo_permille(gk_demo_chance_t *chance, int permille)
{
  return gk_demo_pick(chance, 1000) < permille;
}

/* The n-th word of a list of words separated by spaces; words stand in one string so that they are easy to read. */
static const char *word(const char *const *list, int n) { return list[n]; }
#define PICK(chance, list) word((list), gk_demo_pick((chance), (int)(sizeof(list) / sizeof((list)[0]))))

/* ---- ethnic groups --------------------------------------------------------------------------------------- */

typedef struct weight_t {
  const char *code;
  int permille;
} weight_t;

/* Hunan: nine in ten Han; Tujia, Miao, Dong and Yao live in its west and south. */
static const weight_t at_large[] = {{"01", 912}, {"15", 35}, {"06", 24}, {"12", 10}, {"13", 9}, {"14", 2},
                                    {"03", 2},   {"08", 2},  {"11", 1},  {"05", 1},  {"02", 1}};
static const weight_t in_the_west[] = {{"01", 330}, {"15", 340}, {"06", 230}, {"12", 60},
                                       {"13", 20},  {"14", 15},  {"03", 3}};

static const char *weighted(gk_demo_chance_t *chance, const weight_t *weights, int count)
{
  int at = gk_demo_pick(chance, 1000);
  for (int i = 0; i < count; i++) {
    at -= weights[i].permille;
    if (at < 0)
      return weights[i].code;
  }
  return NULL;
}

const char *gk_demo_nation(gk_demo_chance_t *chance, apr_int64_t index, bool minority_area)
{
  static const char codes[56][3] = {"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12",
                                    "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24",
                                    "25", "26", "27", "28", "29", "30", "31", "32", "33", "34", "35", "36",
                                    "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48",
                                    "49", "50", "51", "52", "53", "54", "55", "56"};
  if (index >= 0 && index < 56)
    return codes[index];
  const char *code = minority_area ? weighted(chance, in_the_west, 7) : weighted(chance, at_large, 11);
  return code != NULL ? code : codes[gk_demo_pick(chance, 56)];
}

/* ---- names ----------------------------------------------------------------------------------------------- */

static const char *const surnames[] = {
    "李", "王", "张", "刘", "陈", "杨", "黄", "赵", "周", "吴", "徐", "孙", "朱", "马", "胡", "郭", "林",
    "何", "高", "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "冯", "韩", "曹", "曾", "彭", "肖", "蔡",
    "潘", "田", "董", "袁", "于", "余", "蒋", "杜", "苏", "魏", "程", "吕", "丁", "沈", "任", "姚", "卢",
    "傅", "钟", "姜", "崔", "谭", "廖", "范", "汪", "陆", "金", "石", "戴", "贾", "韦", "夏", "邱", "方",
    "侯", "邹", "熊", "孟", "秦", "白", "江", "阎", "薛", "尹", "段", "雷", "黎", "史", "龙", "陶", "贺",
    "顾", "毛", "郝", "龚", "邵", "万", "钱", "严", "覃", "武", "向", "瞿", "滕", "粟", "舒", "易", "聂",
    "成", "文", "戢", "禹", "佘", "阳", "屈", "晏", "匡", "刁", "宁", "左"};
static const char *const compound[] = {"欧阳", "上官", "司马", "诸葛", "司徒", "皇甫",
                                       "夏侯", "尉迟", "公孙", "慕容", "令狐", "端木"};
static const char *const men[] = {"伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "超", "明", "刚", "平",
                                  "辉", "鹏", "华", "飞", "鑫", "波", "斌", "宇", "浩", "凯", "健", "俊",
                                  "帆", "帅", "旭", "宁", "龙", "林", "阳", "毅", "博", "子", "文", "志",
                                  "嘉", "天", "思", "泽", "昊", "轩", "晨", "瑞", "航"};
static const char *const women[] = {"芳", "娜", "敏", "静", "秀", "娟", "英", "丽", "艳", "霞", "红", "玲",
                                    "燕", "萍", "雪", "梅", "琳", "洁", "云", "莹", "颖", "婷", "慧", "倩",
                                    "月", "莉", "佳", "欣", "怡", "梦", "雨", "诗", "涵", "思", "子", "晓",
                                    "文", "雅", "婉", "瑶", "蕾", "薇", "可", "艺", "语"};
/* Characters that old systems can't hold: extensions A, B and E, and newer ones of the BMP. */
static const char *const rare[] = {"𠮷", "㛃", "䶮", "㙦", "𬱖", "𡋾", "䲜", "㻬", "喆",
                                   "犇", "翀", "赟", "頔", "堃",   "龘", "槑", "燚"};

static const char *const uyghur_men[] = {"买买提", "阿不都热依木", "艾尔肯", "吐尔逊",
                                         "玉素甫", "伊力哈木",     "阿里木", "库尔班"};
static const char *const uyghur_women[] = {"阿依古丽", "热依汗古丽", "帕提古丽", "米热班",
                                           "祖丽皮亚", "迪丽拜尔",   "古丽娜尔"};
static const char *const uyghur_fathers[] = {"阿里",   "买买提", "艾合买提", "吐尔逊",
                                             "司马义", "依明",   "热合曼",   "巴拉提"};
static const char *const kazakh_men[] = {"叶尔兰", "努尔兰", "巴合提", "赛力克", "哈力别克"};
static const char *const kazakh_women[] = {"阿依努尔", "古丽米拉", "加娜尔", "沙吾列", "玛依拉"};
static const char *const tibetan[] = {"扎西次仁", "卓玛央金", "旦增平措", "德吉白珍",
                                      "格桑顿珠", "次仁拉姆", "尼玛扎西", "白玛措"};
static const char *const mongol[] = {"巴特尔",   "乌兰图雅", "其其格", "那日松",
                                     "斯琴高娃", "呼和",     "萨仁",   "阿古拉"};
static const char *const yi_men[] = {"阿力", "木呷", "尔古", "伍呷"};
static const char *const yi_clans[] = {"吉克", "阿尔", "沙马", "海来", "俄木"};
static const char *const wa[] = {"岩嘎", "叶莫", "尼姆", "艾罗"};

const char *gk_demo_surname(gk_demo_chance_t *chance)
{
  /* A few surnames are very common: the first twenty have half of the people. */
  if (gk_demo_permille(chance, 8))
    return PICK(chance, compound);
  return gk_demo_permille(chance, 450) ? surnames[gk_demo_pick(chance, 20)] : PICK(chance, surnames);
}

const char *gk_demo_given(gk_demo_chance_t *chance, const char *surname, int sex, apr_pool_t *pool)
{
  const char *first = sex == 1 ? PICK(chance, men) : PICK(chance, women);
  const char *second = gk_demo_permille(chance, 850) ? sex == 1 ? PICK(chance, men) : PICK(chance, women)
                                                     : "";
  if (gk_demo_permille(chance, 12)) {
    if (second[0] != '\0' && gk_demo_permille(chance, 700))
      second = PICK(chance, rare);
    else
      first = PICK(chance, rare);
  }
  return apr_pstrcat(pool, surname, first, second, NULL);
}

/* Groups that put personal name and father's name together with a dot. */
static const char *dotted(gk_demo_chance_t *chance, int nation, int sex, const char **surname,
                          apr_pool_t *pool)
{
  const char *given;
  switch (nation) {
  case 17: /* Kazakh */
  case 29: /* Kirgiz */ given = sex == 1 ? PICK(chance, kazakh_men) : PICK(chance, kazakh_women); break;
  default: given = sex == 1 ? PICK(chance, uyghur_men) : PICK(chance, uyghur_women);
  }
  *surname = PICK(chance, uyghur_fathers);
  return apr_pstrcat(pool, given, "·", *surname, NULL);
}

const char *gk_demo_name(gk_demo_chance_t *chance, const char *nation, int sex, const char **surname,
                         apr_pool_t *pool)
{
  const char *family = "";
  const char *name;
  int code = atoi(nation);
  switch (code) {
  case 5:
  case 17:
  case 29:
  case 41:
  case 43:
  case 50: name = dotted(chance, code, sex, &family, pool); break;
  case 4:
  case 54:
  case 55: name = PICK(chance, tibetan); break;
  case 2:
  case 31:
  case 45:
  case 52: name = PICK(chance, mongol); break;
  case 7:
    family = PICK(chance, yi_clans);
    name = apr_pstrcat(pool, family, gk_demo_permille(chance, 300) ? "·" : "", PICK(chance, yi_men), NULL);
    break;
  case 21: name = PICK(chance, wa); break;
  default: family = gk_demo_surname(chance); name = gk_demo_given(chance, family, sex, pool);
  }
  if (surname != NULL)
    *surname = family;
  return name;
}

/* ---- places ---------------------------------------------------------------------------------------------- */

const char *gk_demo_town(gk_demo_chance_t *chance, bool rural, apr_pool_t *pool)
{
  static const char *const stems[] = {"金石", "白沙", "石桥", "枫林", "新河", "双江", "罗家", "黄泥",
                                      "清水", "大坪", "桃源", "长塘", "栗山", "九龙", "茶园", "竹山",
                                      "官渡", "永和", "太平", "龙潭", "花桥", "麻田"};
  return apr_pstrcat(pool, PICK(chance, stems), rural ? gk_demo_permille(chance, 700) ? "镇" : "乡" : "街道",
                     NULL);
}

const char *gk_demo_street(gk_demo_chance_t *chance, apr_pool_t *pool)
{
  static const char *const stems[] = {"人民", "解放", "建设", "芙蓉", "湘江", "五一", "韶山", "朝阳",
                                      "迎宾", "车站", "文昌", "东风", "劳动", "蔡锷", "书院", "潇湘",
                                      "天心", "桃花", "雁峰", "洞庭", "衡山", "白云"};
  return apr_pstrcat(pool, PICK(chance, stems), gk_demo_permille(chance, 600) ? "路" : "大道", NULL);
}

const char *gk_demo_village(gk_demo_chance_t *chance, apr_pool_t *pool)
{
  static const char *const stems[] = {"枫树", "石塘", "杨柳", "大屋", "新塘", "樟树", "老屋",
                                      "高桥", "沙洲", "井湾", "水口", "坪上", "桐木", "莲花",
                                      "梅子", "双塘", "合力", "群丰", "红旗", "向阳"};
  return apr_pstrcat(pool, PICK(chance, stems), "村", NULL);
}

const char *gk_demo_employer(gk_demo_chance_t *chance, bool rural)
{
  static const char *const country[] = {"务农",     "务农",       "务农",      "外出务工",
                                        "个体经营", "村民委员会", "乡镇卫生院"};
  static const char *const town[] = {"自由职业", "个体经营", "供电公司", "人民医院",     "机械厂",
                                     "建筑公司", "中学",     "超市",     "汽车运输公司", "农村商业银行",
                                     "服装厂",   "软件公司", "待业"};
  return rural ? PICK(chance, country) : PICK(chance, town);
}
