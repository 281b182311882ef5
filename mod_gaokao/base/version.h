/* base/version.h: what this build is. */
#ifndef GK_BASE_VERSION_H
#define GK_BASE_VERSION_H

/* The package's version, "0.1.0". */
const char *gk_version(void);

#endif
