/* base/time.c: see time.h. Civil date arithmetic follows Howard Hinnant's days_from_civil algorithm. */
#include "base/time.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>

apr_time_t gk_tick(void)
{
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (apr_time_t)now.tv_sec * GK_SECOND + now.tv_nsec / 1000;
}

static apr_int64_t days_from_civil(gk_date_t d)
{
  apr_int64_t y = d.month <= 2 ? d.year - 1 : d.year;
  apr_int64_t era = (y >= 0 ? y : y - 399) / 400;
  apr_int64_t yoe = y - era * 400;
  apr_int64_t doy = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static gk_date_t civil_from_days(apr_int64_t z)
{
  z += 719468;
  apr_int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  apr_int64_t doe = z - era * 146097;
  apr_int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  apr_int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  apr_int64_t mp = (5 * doy + 2) / 153;
  gk_date_t d;
  d.day = (int)(doy - (153 * mp + 2) / 5 + 1);
  d.month = (int)(mp < 10 ? mp + 3 : mp - 9);
  d.year = (int)(yoe + era * 400 + (d.month <= 2));
  return d;
}

/* Splits a moment into whole days and the microseconds within the day, also before 1970. */
static apr_int64_t split(apr_time_t when, apr_int64_t *rest)
{
  apr_int64_t days = when / GK_DAY;
  *rest = when % GK_DAY;
  if (*rest < 0) {
    *rest += GK_DAY;
    days--;
  }
  return days;
}

void gk_time_write(char text[GK_TIME_TEXT_BYTES], apr_time_t when)
{
  apr_int64_t rest;
  gk_date_t d = civil_from_days(split(when, &rest));
  int s = (int)(rest / GK_SECOND), us = (int)(rest % GK_SECOND);
  int n = apr_snprintf(text, GK_TIME_TEXT_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", d.year, d.month, d.day, s / 3600,
                       s / 60 % 60, s % 60);
  apr_snprintf(text + n, (apr_size_t)(GK_TIME_TEXT_BYTES - n), us != 0 ? ".%06dZ" : "Z", us);
}

const char *gk_time_text(apr_pool_t *pool, apr_time_t when)
{
  char text[GK_TIME_TEXT_BYTES];
  gk_time_write(text, when);
  return apr_pstrdup(pool, text);
}

static bool digits(const char **p, int n, int *value)
{
  *value = 0;
  for (int i = 0; i < n; i++, (*p)++) {
    if (**p < '0' || **p > '9')
      return false;
    *value = *value * 10 + (**p - '0');
  }
  return true;
}

bool gk_time_parse(const char *text, apr_time_t *when)
{
  gk_date_t d;
  int hour, minute, second, us = 0, off_hour, off_minute;
  const char *p = text;
  if (!digits(&p, 4, &d.year) || *p++ != '-' || !digits(&p, 2, &d.month) || *p++ != '-' || !digits(&p, 2, &d.day))
    return false;
  if (*p != 'T' && *p != 't' && *p != ' ')
    return false;
  p++;
  if (!digits(&p, 2, &hour) || *p++ != ':' || !digits(&p, 2, &minute) || *p++ != ':' || !digits(&p, 2, &second))
    return false;
  if (*p == '.') {
    int place = 100000;
    for (p++; *p >= '0' && *p <= '9'; p++, place /= 10)
      us += (*p - '0') * place;
  }
  apr_int64_t offset = 0;
  if (*p == 'Z' || *p == 'z') {
    p++;
  } else if (*p == '+' || *p == '-') {
    int sign = *p++ == '-' ? -1 : 1;
    if (!digits(&p, 2, &off_hour) || *p++ != ':' || !digits(&p, 2, &off_minute) || off_hour > 23 || off_minute > 59)
      return false;
    offset = sign * (off_hour * 3600 + off_minute * 60) * GK_SECOND;
  } else {
    return false;
  }
  if (*p != '\0' || !gk_date_valid(d) || hour > 23 || minute > 59 || second > 59)
    return false;
  *when = days_from_civil(d) * GK_DAY + (hour * 3600 + minute * 60 + second) * GK_SECOND + us - offset;
  return true;
}

const char *gk_time_zh(apr_pool_t *pool, apr_time_t when)
{
  apr_int64_t rest;
  gk_date_t d = civil_from_days(split(when + GK_SHANGHAI_US, &rest));
  int s = (int)(rest / GK_SECOND);
  return apr_psprintf(pool, "%d月%d日 %02d:%02d", d.month, d.day, s / 3600, s / 60 % 60);
}

const char *gk_time_en(apr_pool_t *pool, apr_time_t when)
{
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  apr_int64_t rest;
  gk_date_t d = civil_from_days(split(when + GK_SHANGHAI_US, &rest));
  int s = (int)(rest / GK_SECOND);
  return apr_psprintf(pool, "%d %s %02d:%02d", d.day, months[d.month - 1], s / 3600, s / 60 % 60);
}

bool gk_date_valid(gk_date_t d)
{
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (d.year < 1000 || d.year > 9999 || d.month < 1 || d.month > 12 || d.day < 1)
    return false;
  bool leap = (d.year % 4 == 0 && d.year % 100 != 0) || d.year % 400 == 0;
  return d.day <= days[d.month - 1] + (leap && d.month == 2 ? 1 : 0);
}

bool gk_date_parse(const char *text, bool loose, gk_date_t *date)
{
  gk_date_t d;
  const char *p = text;
  if (!digits(&p, 4, &d.year))
    return false;
  if (*p == '-' || (loose && (*p == '.' || *p == '/'))) {
    char separator = *p++;
    int n;
    if (loose) {
      for (n = 0, d.month = 0; n < 2 && *p >= '0' && *p <= '9'; n++)
        d.month = d.month * 10 + (*p++ - '0');
      if (n == 0 || *p++ != separator)
        return false;
      for (n = 0, d.day = 0; n < 2 && *p >= '0' && *p <= '9'; n++)
        d.day = d.day * 10 + (*p++ - '0');
    } else if (!digits(&p, 2, &d.month) || *p++ != separator || !digits(&p, 2, &d.day)) {
      return false;
    }
  } else if (!loose || !digits(&p, 2, &d.month) || !digits(&p, 2, &d.day)) {
    return false;
  }
  if (*p != '\0' || !gk_date_valid(d))
    return false;
  *date = d;
  return true;
}

const char *gk_date_text(apr_pool_t *pool, gk_date_t d)
{
  return apr_psprintf(pool, "%04d-%02d-%02d", d.year, d.month, d.day);
}

gk_date_t gk_date_of(apr_time_t when)
{
  apr_int64_t rest;
  return civil_from_days(split(when + GK_SHANGHAI_US, &rest));
}

apr_time_t gk_date_start(gk_date_t d) { return days_from_civil(d) * GK_DAY - GK_SHANGHAI_US; }

int gk_date_compare(gk_date_t a, gk_date_t b)
{
  if (a.year != b.year)
    return a.year < b.year ? -1 : 1;
  if (a.month != b.month)
    return a.month < b.month ? -1 : 1;
  return (a.day > b.day) - (a.day < b.day);
}
