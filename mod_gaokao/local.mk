# The core: everything but httpd/ and the programs' main files. It links nothing itself, so that the module
# can take APR from httpd while programs link it.
noinst_LTLIBRARIES += libgaokao_core.la
libgaokao_core_la_SOURCES =
nodist_libgaokao_core_la_SOURCES =

include %D%/base/local.mk
include %D%/crypto/local.mk
include %D%/domain/local.mk
include %D%/store/local.mk
include %D%/plugin/local.mk
include %D%/print/local.mk
include %D%/rest/local.mk
include %D%/jobs/local.mk
include %D%/httpd/local.mk
include %D%/ctl/local.mk
include %D%/worker/local.mk
include %D%/gateway/local.mk

# What plugin authors get.
include_HEADERS += %D%/include/gaokao_plugin.h
