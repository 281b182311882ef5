# A plugin: three lines here and a folder. Plugins see only gaokao_plugin.h, APR and their own libraries:
#
#   plugin_LTLIBRARIES += %D%/policy_xpath/policy_xpath.la
#   %C%_policy_xpath_policy_xpath_la_SOURCES = %D%/policy_xpath/policy_xpath.c
#   %C%_policy_xpath_policy_xpath_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(XML2_CFLAGS)
#   %C%_policy_xpath_policy_xpath_la_CFLAGS = $(PLUGIN_CFLAGS)
#   %C%_policy_xpath_policy_xpath_la_LDFLAGS = $(PLUGIN_LINK)
#   %C%_policy_xpath_policy_xpath_la_LIBADD = $(XML2_LIBS)
EXTRA_DIST += %D%/README.md

PLUGIN_CPPFLAGS = -I$(srcdir)/mod_gaokao/include $(APR_CPPFLAGS)
PLUGIN_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
PLUGIN_LINK = $(AM_LDFLAGS) -module -avoid-version -export-symbols-regex '^gaokao_plugin_'


plugin_LTLIBRARIES += %D%/example/example.la
%C%_example_example_la_SOURCES = %D%/example/example.c
%C%_example_example_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_example_example_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_example_example_la_LDFLAGS = $(PLUGIN_LINK)

plugin_LTLIBRARIES += %D%/export_xml/export_xml.la
%C%_export_xml_export_xml_la_SOURCES = %D%/export_xml/export_xml.c
%C%_export_xml_export_xml_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_export_xml_export_xml_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_export_xml_export_xml_la_LDFLAGS = $(PLUGIN_LINK)

plugin_LTLIBRARIES += %D%/policy_xpath/policy_xpath.la
%C%_policy_xpath_policy_xpath_la_SOURCES = \
  %D%/policy_xpath/policy_xpath.c \
  %D%/policy_xpath/rewrite.c \
  %D%/policy_xpath/rewrite.h
%C%_policy_xpath_policy_xpath_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(XML2_CFLAGS)
%C%_policy_xpath_policy_xpath_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_policy_xpath_policy_xpath_la_LDFLAGS = $(PLUGIN_LINK)
%C%_policy_xpath_policy_xpath_la_LIBADD = $(XML2_LIBS)

plugin_LTLIBRARIES += %D%/device_idcard/device_idcard.la
%C%_device_idcard_device_idcard_la_SOURCES = \
  %D%/device_idcard/block.c \
  %D%/device_idcard/block.h \
  %D%/device_idcard/device_idcard.c
%C%_device_idcard_device_idcard_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_device_idcard_device_idcard_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_device_idcard_device_idcard_la_LDFLAGS = $(PLUGIN_LINK)
EXTRA_DIST += %D%/device_idcard/README.md
# Photo checks. Numbers must come out alike everywhere: no fast-math.
EXTRA_DIST += %D%/photo.h
PHOTO_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(srcdir)/plugins
plugin_LTLIBRARIES += %D%/photo_file/photo_file.la
%C%_photo_file_photo_file_la_SOURCES = %D%/photo_file/photo_file.c
%C%_photo_file_photo_file_la_CPPFLAGS = $(PHOTO_CPPFLAGS)
%C%_photo_file_photo_file_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_photo_file_photo_file_la_LDFLAGS = $(PLUGIN_LINK)
