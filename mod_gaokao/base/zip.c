/* base/zip.c: see zip.h. Numbers are little-endian; "head" is a file's local header, "row" its place in the list at the end. */
#include "base/zip.h"

#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <apr_strings.h>

#include "base/text.h"

#define END_BYTES 22
#define ROW_BYTES 46
#define HEAD_BYTES 30
#define COMMENT_MAX 65535
#define SMALL_BYTES 1000        /* packed; below it a ratio says nothing */
#define FLAG_LOCKED 1
#define FLAG_UTF8 0x800

const gk_zip_limits_t gk_zip_limits = {5000, 8 * 1000 * 1000, APR_INT64_C(2000000000), 100};

static unsigned two(const unsigned char *at) { return (unsigned)at[0] | (unsigned)at[1] << 8; }
static apr_uint32_t four(const unsigned char *at) { return (apr_uint32_t)two(at) | (apr_uint32_t)two(at + 2) << 16; }

static gk_error_t *refuse(const char *code, apr_pool_t *pool)
{
  static const struct { const char *code, *zh, *en; } words[] = {
      {"zip-broken", "压缩包不完整或已损坏，请重新打包", "The archive is cut off or damaged: pack it again"},
      {"zip-many", "压缩包里的文件太多，最多 5000 个，请分成几个", "There are too many files in the archive, 5,000 at most: make several"},
      {"zip-bomb", "压缩包解压后过大，不能接收", "What the archive unpacks to is too much: refused"},
      {"zip-locked", "压缩包设有密码，请去掉密码后重新打包", "The archive has a password: pack it again without"},
      {"zip-format", "压缩方式不能识别，请用普通 ZIP 格式重新打包", "Packed in a way that is not known here: use a plain ZIP"}};
  gk_error_t *error = NULL;
  size_t i = 0;
  while (i + 1 < sizeof words / sizeof words[0] && strcmp(words[i].code, code) != 0)
    i++;
  gk_violation_text(&error, pool, "", code, words[i].zh, words[i].en);
  return error;
}

/* ---- names ------------------------------------------------------------------------------------------------- */

static const char *from_gb18030(const char *text, apr_size_t length, apr_pool_t *pool)
{
  apr_size_t room = length * 4 + 1, left = length, free_bytes = room - 1;
  char *out = apr_palloc(pool, room), *to = out, *from = (char *)(apr_uintptr_t)text;
  iconv_t convert = iconv_open("UTF-8", "GB18030");
  if (convert == (iconv_t)-1)
    return NULL;
  apr_size_t bad = iconv(convert, &from, &left, &to, &free_bytes);
  iconv_close(convert);
  *to = '\0';
  return bad == (apr_size_t)-1 || left > 0 ? NULL : out;
}

/* Strict: what isn't wholly text in its own encoding is no name. */
static const char *name_of(const unsigned char *at, apr_size_t length, bool utf8, apr_pool_t *pool)
{
  const char *text = (const char *)at, *name;
  for (apr_size_t i = 0; i < length; i++)
    if (at[i] < 0x20 || at[i] == 0x7f)
      return NULL;
  /* Many programs write UTF-8 and don't say so; GB18030 text of more than a word or two is hardly ever valid UTF-8. */
  name = utf8 || gk_utf8_valid(text, length) ? apr_pstrmemdup(pool, text, length) : from_gb18030(text, length, pool);
  return length > 0 && name != NULL && gk_utf8_valid(name, strlen(name)) ? name : NULL;
}

const char *gk_zip_leaf(const char *name)
{
  const char *leaf = name;
  for (const char *c = name; *c != '\0'; c++)
    if (*c == '/' || *c == '\\')
      leaf = c + 1;
  return leaf;
}

/* ---- the list ---------------------------------------------------------------------------------------------- */

/* The end record, whose comment has to end with the file; NULL: none. */
static const unsigned char *find_end(const unsigned char *bytes, apr_size_t length)
{
  if (length < END_BYTES)
    return NULL;
  apr_size_t last = length - END_BYTES, first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
  for (apr_size_t at = last + 1; at-- > first;)
    if (four(bytes + at) == 0x06054b50 && at + END_BYTES + two(bytes + at + 20) == length)
      return bytes + at;
  return NULL;
}

/* Unix says what kind of file it is: 8 a plain one, 0 nothing. */
static bool regular(const unsigned char *row, const char *name)
{
  unsigned kind = four(row + 38) >> 28;
  apr_size_t length = name != NULL ? strlen(name) : 0;
  bool unix_made = row[5] == 3;
  return !(length > 0 && (name[length - 1] == '/' || name[length - 1] == '\\')) && (!unix_made || kind == 0 || kind == 8) &&
         (four(row + 38) & 0x10) == 0;
}

static const char *fault_of(unsigned flags, const gk_zip_entry_t *entry, const gk_zip_limits_t *limits)
{
  if ((flags & FLAG_LOCKED) != 0)
    return "zip-locked";
  if (entry->method != 0 && entry->method != 8)
    return "zip-format";
  if (entry->method == 0 && entry->packed != entry->size)
    return "zip-broken";
  if (entry->size > limits->max_file_bytes)
    return "zip-bomb";
  return NULL;
}

static int by_place(const void *a, const void *b)
{
  const gk_zip_entry_t *const *one = a, *const *other = b;
  return (*one)->at < (*other)->at ? -1 : (*one)->at > (*other)->at;
}

/* Where a file's bytes begin; -1: its head is not there, or says something else than the list. */
static apr_int64_t data_at(const gk_zip_entry_t *entry, const unsigned char *bytes, apr_size_t length)
{
  if (entry->at > (apr_int64_t)length - HEAD_BYTES)
    return -1;
  const unsigned char *head = bytes + entry->at;
  apr_int64_t from = entry->at + HEAD_BYTES + two(head + 26) + two(head + 28);
  if (four(head) != 0x04034b50 || (int)two(head + 8) != entry->method || from + entry->packed > (apr_int64_t)length)
    return -1;
  return from;
}

/* Files that lie over each other make a small archive a large one. */
static bool overlapping(const apr_array_header_t *entries, const unsigned char *bytes, apr_size_t length, apr_pool_t *pool)
{
  const gk_zip_entry_t **sorted = apr_palloc(pool, ((apr_size_t)entries->nelts + 1) * sizeof(*sorted));
  for (int i = 0; i < entries->nelts; i++)
    sorted[i] = &APR_ARRAY_IDX(entries, i, gk_zip_entry_t);
  qsort(sorted, (size_t)entries->nelts, sizeof(*sorted), by_place);
  apr_int64_t end = 0;
  for (int i = 0; i < entries->nelts; i++) {
    if (sorted[i]->at < end)
      return true;
    apr_int64_t from = data_at(sorted[i], bytes, length);
    end = (from >= 0 ? from : sorted[i]->at + HEAD_BYTES) + sorted[i]->packed;
  }
  return false;
}

gk_error_t *gk_zip_list(apr_array_header_t **out, const unsigned char *bytes, apr_size_t length,
                        const gk_zip_limits_t *limits, apr_pool_t *pool)
{
  const unsigned char *end = find_end(bytes, length);
  if (end == NULL || two(end + 4) != 0 || two(end + 6) != 0 || two(end + 8) != two(end + 10))
    return refuse("zip-broken", pool);
  int count = (int)two(end + 10);
  apr_int64_t size = four(end + 12), from = four(end + 16), whole = 0;
  if (count > limits->max_entries)
    return refuse("zip-many", pool);
  if (from + size != end - bytes)
    return refuse("zip-broken", pool);
  apr_array_header_t *entries = apr_array_make(pool, count > 0 ? count : 1, sizeof(gk_zip_entry_t));
  const unsigned char *row = bytes + from;
  for (int i = 0; i < count; i++) {
    if (end - row < ROW_BYTES || four(row) != 0x02014b50)
      return refuse("zip-broken", pool);
    apr_size_t name_bytes = two(row + 28), more = (apr_size_t)two(row + 30) + two(row + 32);
    if ((apr_size_t)(end - row) < ROW_BYTES + name_bytes + more)
      return refuse("zip-broken", pool);
    unsigned flags = two(row + 8);
    gk_zip_entry_t *entry = apr_array_push(entries);
    *entry = (gk_zip_entry_t){.number = i, .name = name_of(row + ROW_BYTES, name_bytes, (flags & FLAG_UTF8) != 0, pool),
                              .method = (int)two(row + 10), .crc = four(row + 16), .packed = four(row + 20),
                              .size = four(row + 24), .at = four(row + 42)};
    entry->regular = regular(row, entry->name);
    entry->fault = fault_of(flags, entry, limits);
    if (entry->at >= from || entry->packed > from - entry->at)
      return refuse("zip-broken", pool);
    whole += entry->size;
    row += ROW_BYTES + name_bytes + more;
  }
  if (whole > limits->max_whole_bytes || overlapping(entries, bytes, length, pool))
    return refuse("zip-bomb", pool);
  *out = entries;
  return NULL;
}

/* ---- one file ---------------------------------------------------------------------------------------------- */

/* What zlib asks for comes from the pool, and goes with it. */
static voidpf give(voidpf pool, uInt items, uInt size) { return apr_palloc(pool, (apr_size_t)items * size); }

static void take_back(voidpf pool, voidpf memory)
{
  (void)pool;
  (void)memory;
}

/* Exactly `size` bytes, and the packed ones used up to the last. */
static bool inflate_all(unsigned char *to, apr_size_t size, const unsigned char *from, apr_size_t packed, apr_pool_t *pool)
{
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  stream.zalloc = give;
  stream.zfree = take_back;
  stream.opaque = pool;
  stream.next_in = (Bytef *)(apr_uintptr_t)from;
  stream.avail_in = (uInt)packed;
  stream.next_out = to;
  stream.avail_out = (uInt)size + 1; /* one more than it may have: too much is seen as well */
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  int word = inflate(&stream, Z_FINISH);
  bool good = word == Z_STREAM_END && stream.total_out == size && stream.avail_in == 0;
  inflateEnd(&stream);
  return good;
}

gk_error_t *gk_zip_unpack(const unsigned char **out, apr_size_t *out_length, const gk_zip_entry_t *entry,
                          const unsigned char *bytes, apr_size_t length, const gk_zip_limits_t *limits, apr_pool_t *pool)
{
  if (entry->fault != NULL)
    return refuse(entry->fault, pool);
  apr_int64_t from = data_at(entry, bytes, length);
  if (from < 0)
    return refuse("zip-broken", pool);
  apr_int64_t let_off = entry->packed > SMALL_BYTES ? entry->packed : SMALL_BYTES;
  if (entry->size > limits->max_file_bytes || entry->size > let_off * limits->max_ratio)
    return refuse("zip-bomb", pool);
  apr_size_t size = (apr_size_t)entry->size;
  if (entry->method == 0) {
    *out = bytes + from;
  } else { /* never more than was said comes out: what says less than it holds is damaged */
    unsigned char *room = apr_palloc(pool, size + 1);
    if (!inflate_all(room, size, bytes + from, (apr_size_t)entry->packed, pool))
      return refuse("zip-broken", pool);
    *out = room;
  }
  if (crc32(crc32(0, NULL, 0), *out, (uInt)size) != entry->crc)
    return refuse("zip-broken", pool);
  *out_length = size;
  return NULL;
}
