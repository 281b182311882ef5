# GK_APXS: finds apxs and asks it where httpd's headers, modules and program are. Nothing else is taken
# from it: its CFLAGS and LDFLAGS are those of the distribution's own build.
# Sets APXS, HTTPD_INCLUDEDIR, HTTPD_LIBEXECDIR, HTTPD (the program), HTTPD_VERSION, HTTPD_CPPFLAGS.
AC_DEFUN([GK_APXS], [
  AC_ARG_WITH([apxs],
    [AS_HELP_STRING([--with-apxs=FILE], [the apxs of the httpd to build for [search PATH]])],
    [], [with_apxs=search])
  AS_CASE([$with_apxs],
    [no], [AC_MSG_ERROR([--without-apxs: an httpd module cannot be built without httpd's headers])],
    [yes|search], [AC_PATH_PROGS([APXS], [apxs apxs2], [no], [$PATH:/usr/sbin:/usr/local/apache2/bin])],
    [APXS=$with_apxs])
  AS_IF([test "x$APXS" = xno],
    [AC_MSG_ERROR([apxs not found: install apache2-dev, or give --with-apxs=FILE])])
  AS_IF([test -x "$APXS"], [],
    [AC_MSG_ERROR([--with-apxs=$APXS: no such program])])
  HTTPD_INCLUDEDIR=`$APXS -q INCLUDEDIR`
  HTTPD_LIBEXECDIR=`$APXS -q LIBEXECDIR`
  gk_sbindir=`$APXS -q SBINDIR`
  gk_progname=`$APXS -q PROGNAME`
  AC_MSG_CHECKING([for httpd 2.4 headers])
  gk_save_CPPFLAGS=$CPPFLAGS
  HTTPD_CPPFLAGS="-I$HTTPD_INCLUDEDIR"
  CPPFLAGS="$CPPFLAGS $APR_CPPFLAGS $HTTPD_CPPFLAGS"
  AC_PREPROC_IFELSE([AC_LANG_SOURCE([[
#include <ap_release.h>
#include <ap_mmn.h>
#if AP_SERVER_MAJORVERSION_NUMBER != 2 || AP_SERVER_MINORVERSION_NUMBER != 4
#error "not httpd 2.4"
#endif
    ]])],
    [HTTPD_VERSION=`$APXS -q HTTPD_VERSION 2>/dev/null`
     AC_MSG_RESULT([$HTTPD_INCLUDEDIR ($HTTPD_VERSION)])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([$APXS names $HTTPD_INCLUDEDIR, where no httpd 2.4 headers are])])
  CPPFLAGS=$gk_save_CPPFLAGS
  HTTPD=$gk_sbindir/$gk_progname
  AC_SUBST([APXS])
  AC_SUBST([HTTPD])
  AC_SUBST([HTTPD_VERSION])
  AC_SUBST([HTTPD_LIBEXECDIR])
  AC_SUBST([HTTPD_CPPFLAGS])
])
