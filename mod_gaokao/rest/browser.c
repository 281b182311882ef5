/* rest/browser.c: see browser.h. */
#include "rest/browser.h"

#include <string.h>
#include <apr_strings.h>

/* The first word found counts: browsers name their relatives too. */
static const char *const browsers[][2] = {
    {"MicroMessenger", "WeChat"}, {"DingTalk", "DingTalk"}, {"QQBrowser", "QQ"},   {"QQ/", "QQ"},
    {"UCBrowser", "UC"},          {"HuaweiBrowser", "Huawei"}, {"MiuiBrowser", "Xiaomi"}, {"Edg", "Edge"},
    {"OPR/", "Opera"},            {"Firefox", "Firefox"},   {"FxiOS", "Firefox"},  {"Chrome", "Chrome"},
    {"CriOS", "Chrome"},          {"Safari", "Safari"},     {"Trident", "Internet Explorer"},
};
static const char *const systems[][2] = {
    {"HarmonyOS", "HarmonyOS"}, {"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
    {"Windows", "Windows"},     {"Macintosh", "Mac"},   {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
};

static const char *find(const char *const (*words)[2], size_t count, const char *agent)
{
  for (size_t i = 0; agent != NULL && i < count; i++)
    if (strstr(agent, words[i][0]) != NULL)
      return words[i][1];
  return "?";
}

const char *gk_browser_family(const char *user_agent, apr_pool_t *pool)
{
  return apr_pstrcat(pool, find(browsers, sizeof(browsers) / sizeof(browsers[0]), user_agent), " / ",
                     find(systems, sizeof(systems) / sizeof(systems[0]), user_agent), NULL);
}
