# GK_XML_PNG: libxml2 (the only XML reader and writer) and libpng (photos), both by pkg-config.
# libxml2 must have what the core uses: XPath, schemas (RELAX NG and XSD), the streaming writer.
AC_DEFUN([GK_XML_PNG], [
  PKG_CHECK_MODULES([XML2], [libxml-2.0 >= 2.9.14])
  gk_save_CPPFLAGS=$CPPFLAGS
  CPPFLAGS="$CPPFLAGS $XML2_CFLAGS"
  AC_MSG_CHECKING([whether libxml2 has XPath, schemas and the writer])
  AC_PREPROC_IFELSE([AC_LANG_SOURCE([[
#include <libxml/xmlversion.h>
#if !defined(LIBXML_XPATH_ENABLED) || !defined(LIBXML_SCHEMAS_ENABLED) || !defined(LIBXML_WRITER_ENABLED)
#error "libxml2 is built without a needed part"
#endif
    ]])],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([libxml2 was built without XPath, schemas or the writer])])
  CPPFLAGS=$gk_save_CPPFLAGS
  PKG_CHECK_MODULES([PNG], [libpng >= 1.6.34])
])
