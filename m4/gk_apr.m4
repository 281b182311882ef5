# GK_APR(APR-VERSION, APR-UTIL-VERSION): finds APR and apr-util by their config programs.
# Sets APR_CPPFLAGS (both libraries), APR_LIBS (both; programs only: a module takes APR from httpd),
# APR_VERSION, APU_VERSION.
AC_DEFUN([GK_APR], [
  GK_APR_CONFIG([apr], [APR], [apr-1-config], [$1], [libapr1-dev])
  GK_APR_CONFIG([apr-util], [APU], [apu-1-config], [$2], [libaprutil1-dev])
  APR_CPPFLAGS="`$APR_CONFIG --cppflags` `$APR_CONFIG --includes` `$APU_CONFIG --includes`"
  APR_LIBS="`$APU_CONFIG --link-ld` `$APR_CONFIG --link-ld`"
  gk_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $APR_CPPFLAGS"
  AC_CHECK_HEADERS([apr_dbd.h apr_dso.h apr_global_mutex.h], [],
    [AC_MSG_ERROR([this apr-util has no DBD layer or lacks its headers: install libaprutil1-dev])],
    [[#include <apr_pools.h>]])
  CPPFLAGS=$gk_save_CPPFLAGS
  AC_SUBST([APR_CPPFLAGS])
  AC_SUBST([APR_LIBS])
])

# GK_APR_CONFIG(NAME, PREFIX, PROGRAM, VERSION, DEBIAN-PACKAGE): sets PREFIX_CONFIG and PREFIX_VERSION.
AC_DEFUN([GK_APR_CONFIG], [
  AC_ARG_WITH([$1],
    [AS_HELP_STRING([--with-$1=FILE], [the $3 to use [search PATH]])],
    [], [AS_VAR_SET([gk_with_$2], [search])])
  AS_VAR_SET_IF([gk_with_$2], [], [AS_VAR_COPY([gk_with_$2], [with_]m4_translit([$1], [-], [_]))])
  AS_CASE([$gk_with_$2],
    [no], [AC_MSG_ERROR([--without-$1: $1 is required])],
    [yes|search], [AC_PATH_PROG([$2_CONFIG], [$3], [no])],
    [$2_CONFIG=$gk_with_$2])
  AS_IF([test "x$$2_CONFIG" = xno],
    [AC_MSG_ERROR([$3 not found: install $5, or give --with-$1=FILE])])
  AS_IF([test -x "$$2_CONFIG"], [],
    [AC_MSG_ERROR([--with-$1=$$2_CONFIG: no such program])])
  AC_MSG_CHECKING([for $1 >= $4])
  $2_VERSION=`$$2_CONFIG --version`
  AS_VERSION_COMPARE([$$2_VERSION], [$4],
    [AC_MSG_RESULT([$$2_VERSION])
     AC_MSG_ERROR([$1 $$2_VERSION is older than $4])])
  AC_MSG_RESULT([$$2_VERSION])
])
