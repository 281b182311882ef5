/* domain/sniff.c: see sniff.h. */
#include "domain/sniff.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

static const gk_file_type_t pdf = {"pdf", "application/pdf"};
static const gk_file_type_t png = {"png", "image/png"};
static const gk_file_type_t jpg = {"jpg", "image/jpeg"};
static const gk_file_type_t xlsx = {"xlsx",
                                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"};
static const gk_file_type_t docx = {
    "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"};
static const gk_file_type_t zip = {"zip", "application/zip"};
static const gk_file_type_t txt = {"txt", "text/plain; charset=utf-8"};

#define STARTS(bytes, length, mark) \
  ((length) >= sizeof(mark) - 1 && memcmp((bytes), (mark), sizeof(mark) - 1) == 0)

static bool holds(const unsigned char *bytes, apr_size_t length, const char *mark)
{
  return memmem(bytes, length, mark, strlen(mark)) != NULL;
}

/* Office files are archives whose entries' names stand in the clear. */
static const gk_file_type_t *archive(const unsigned char *bytes, apr_size_t length)
{
  if (!holds(bytes, length, "PK\x05\x06")) /* cut off: the directory at the end is missing */
    return NULL;
  if (!holds(bytes, length, "[Content_Types].xml"))
    return &zip;
  if (holds(bytes, length, "vbaProject.bin"))
    return NULL;
  if (holds(bytes, length, "xl/workbook.xml"))
    return &xlsx;
  return holds(bytes, length, "word/document.xml") ? &docx : NULL;
}

/* Text that a browser might take for a page. */
static bool like_markup(const char *text, apr_size_t length)
{
  static const char *const marks[] = {"<!doctype", "<html", "<head",   "<body", "<script",
                                      "<svg",      "<?xml", "<iframe", "<math"};
  apr_size_t end = length < 4096 ? length : 4096;
  for (apr_size_t i = 0; i < end; i++) {
    if (text[i] != '<')
      continue;
    for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++)
      if (length - i >= strlen(marks[k]) && strncasecmp(text + i, marks[k], strlen(marks[k])) == 0)
        return true;
  }
  return false;
}

static bool plain_text(const unsigned char *bytes, apr_size_t length)
{
  const char *text = (const char *)bytes;
  if (!gk_utf8_valid(text, length) || like_markup(text, length))
    return false;
  for (apr_size_t i = 0; i < length; i++)
    if ((bytes[i] < 0x20 && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r') || bytes[i] == 0x7f)
      return false;
  return true;
}

const gk_file_type_t *gk_sniff(const unsigned char *bytes, apr_size_t length)
{
  if (length == 0)
    return NULL;
  if (STARTS(bytes, length, "%PDF-"))
    return &pdf;
  if (STARTS(bytes, length, "\x89PNG\r\n\x1a\n"))
    return &png;
  if (STARTS(bytes, length, "\xff\xd8\xff"))
    return &jpg;
  if (STARTS(bytes, length, "PK\x03\x04"))
    return archive(bytes, length);
  return plain_text(bytes, length) ? &txt : NULL;
}

bool gk_sniff_fits(const gk_file_type_t *type, const char *name)
{
  const char *dot = strrchr(name, '.');
  if (dot == NULL)
    return false;
  return strcasecmp(dot + 1, type->extension) == 0 || (type == &jpg && strcasecmp(dot + 1, "jpeg") == 0);
}
