#include "config.h"

#include "base/version.h"

const char *gk_version(void)
{
  return PACKAGE_VERSION;
}
