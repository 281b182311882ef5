# GK_DLIB: the face detector of plugin photo_face, --with-dlib. By default taken where the package is there (libdlib-dev,
# g++); asked for and absent is an error. Sets DLIB_LIBS, gk_faces (for the summary) and the conditional HAVE_DLIB.
AC_DEFUN([GK_DLIB], [
  AC_ARG_WITH([dlib],
    [AS_HELP_STRING([--with-dlib], [find faces in photos by dlib [where it is there]])], [], [with_dlib=auto])
  gk_faces=no
  AS_IF([test "x$with_dlib" != xno], [
    AC_LANG_PUSH([C++])
    gk_save_LIBS=$LIBS
    LIBS="-ldlib -llapack -lblas $LIBS"
    AC_MSG_CHECKING([for dlib's face detector])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <dlib/base64.h>]], [[dlib::base64 b; (void)b;]])],
      [gk_faces=yes])
    AC_MSG_RESULT([$gk_faces])
    LIBS=$gk_save_LIBS
    AC_LANG_POP([C++])])
  AS_IF([test "x$gk_faces" = xyes], [DLIB_LIBS="-ldlib -llapack -lblas -lstdc++"],
    [test "x$with_dlib" = xyes], [AC_MSG_ERROR([--with-dlib needs dlib and a C++ compiler: packages libdlib-dev, g++])])
  AC_SUBST([DLIB_LIBS])
  AM_CONDITIONAL([HAVE_DLIB], [test "x$gk_faces" = xyes])
])
