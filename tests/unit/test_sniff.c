/* What a notice's file is by its bytes. */
#include "domain/sniff.h"
#include "gk_test.h"

#define BYTES(text) (const unsigned char *)(text), sizeof(text) - 1

static const struct {
  const char *title;
  const unsigned char *bytes;
  apr_size_t length;
  const char *extension; /* NULL: refused */
} cases[] = {
    {"pdf", BYTES("%PDF-1.7\n..."), "pdf"},
    {"png", BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), "png"},
    {"jpeg", BYTES("\xff\xd8\xff\xe0\0\x10JFIF"), "jpg"},
    {"zip", BYTES("PK\x03\x04....a.txt....PK\x05\x06"), "zip"},
    {"xlsx", BYTES("PK\x03\x04..[Content_Types].xml....xl/workbook.xml..PK\x05\x06"), "xlsx"},
    {"docx", BYTES("PK\x03\x04..[Content_Types].xml....word/document.xml..PK\x05\x06"), "docx"},
    {"xlsx with macros",
     BYTES("PK\x03\x04..[Content_Types].xml..xl/workbook.xml..xl/vbaProject.bin..PK\x05\x06"), NULL},
    {"other office file", BYTES("PK\x03\x04..[Content_Types].xml....ppt/presentation.xml..PK\x05\x06"), NULL},
    {"archive cut off", BYTES("PK\x03\x04....a.txt...."), NULL},
    {"text", BYTES("网上报名流程\r\n1. 读取身份证\t领卡\n"), "txt"},
    {"text with BOM", BYTES("\xEF\xBB\xBF报名"), "txt"},
    {"text that compares", BYTES("a < b, c > d"), "txt"},
    {"GBK text", BYTES("\xCD\xF8\xC9\xCF\xB1\xA8\xC3\xFB"), NULL},
    {"HTML", BYTES("<!DOCTYPE html><title>x</title>"), NULL},
    {"HTML behind spaces", BYTES("\n\n  <HTML><body>"), NULL},
    {"script in text", BYTES("hello <script>alert(1)</script>"), NULL},
    {"SVG", BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), NULL},
    {"XML", BYTES("<?xml version=\"1.0\"?><a/>"), NULL},
    {"gif", BYTES("GIF89a\x01\0"), NULL},
    {"program",
     BYTES("\x7f"
           "ELF\x02\x01\x01\0"),
     NULL},
    {"empty", BYTES(""), NULL},
};

static void types_are_what_the_bytes_say(apr_pool_t *pool)
{
  (void)pool;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const gk_file_type_t *type = gk_sniff(cases[i].bytes, cases[i].length);
    GK_TEST_CASE("%s", cases[i].title);
    GK_TEST_STR(type != NULL ? type->extension : NULL, cases[i].extension);
  }
}

static void names_must_fit_the_type(apr_pool_t *pool)
{
  (void)pool;
  const gk_file_type_t *jpg = gk_sniff(BYTES("\xff\xd8\xff\xe0")), *pdf = gk_sniff(BYTES("%PDF-1"));
  GK_TEST(gk_sniff_fits(jpg, "照片.JPG"));
  GK_TEST(gk_sniff_fits(jpg, "a.jpeg"));
  GK_TEST(gk_sniff_fits(pdf, "报名.公告.pdf"));
  GK_TEST(!gk_sniff_fits(pdf, "a.pdf.exe"));
  GK_TEST(!gk_sniff_fits(pdf, "pdf"));
}

int main(void)
{
  gk_test_begin("sniff");
  GK_TEST_RUN(types_are_what_the_bytes_say);
  GK_TEST_RUN(names_must_fit_the_type);
  return gk_test_end();
}
