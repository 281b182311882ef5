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

EXTRA_DIST += %D%/sheet.h
plugin_LTLIBRARIES += %D%/export_csv/export_csv.la
%C%_export_csv_export_csv_la_SOURCES = %D%/export_csv/export_csv.c
%C%_export_csv_export_csv_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(srcdir)/plugins
%C%_export_csv_export_csv_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_export_csv_export_csv_la_LDFLAGS = $(PLUGIN_LINK)

if HAVE_XLSXWRITER
plugin_LTLIBRARIES += %D%/export_xlsx/export_xlsx.la
%C%_export_xlsx_export_xlsx_la_SOURCES = %D%/export_xlsx/export_xlsx.c
%C%_export_xlsx_export_xlsx_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) -I$(srcdir)/plugins $(XLSXWRITER_CFLAGS)
%C%_export_xlsx_export_xlsx_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_export_xlsx_export_xlsx_la_LDFLAGS = $(PLUGIN_LINK)
%C%_export_xlsx_export_xlsx_la_LIBADD = $(XLSXWRITER_LIBS)
else
EXTRA_DIST += %D%/export_xlsx/export_xlsx.c
endif

if HAVE_SHAPELIB
plugin_LTLIBRARIES += %D%/export_dbf/export_dbf.la
%C%_export_dbf_export_dbf_la_SOURCES = %D%/export_dbf/export_dbf.c
%C%_export_dbf_export_dbf_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_export_dbf_export_dbf_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_export_dbf_export_dbf_la_LDFLAGS = $(PLUGIN_LINK)
%C%_export_dbf_export_dbf_la_LIBADD = $(SHAPELIB_LIBS)
else
EXTRA_DIST += %D%/export_dbf/export_dbf.c
endif

plugin_LTLIBRARIES += %D%/policy_xpath/policy_xpath.la
%C%_policy_xpath_policy_xpath_la_SOURCES = \
  %D%/policy_xpath/policy_xpath.c \
  %D%/policy_xpath/rewrite.c \
  %D%/policy_xpath/rewrite.h
%C%_policy_xpath_policy_xpath_la_CPPFLAGS = $(PLUGIN_CPPFLAGS) $(XML2_CFLAGS)
%C%_policy_xpath_policy_xpath_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_policy_xpath_policy_xpath_la_LDFLAGS = $(PLUGIN_LINK)
%C%_policy_xpath_policy_xpath_la_LIBADD = $(XML2_LIBS)

plugin_LTLIBRARIES += %D%/device_camera/device_camera.la
%C%_device_camera_device_camera_la_SOURCES = %D%/device_camera/device_camera.c
%C%_device_camera_device_camera_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_device_camera_device_camera_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_device_camera_device_camera_la_LDFLAGS = $(PLUGIN_LINK)
EXTRA_DIST += %D%/device_camera/README.md

plugin_LTLIBRARIES += %D%/device_exam/device_exam.la
%C%_device_exam_device_exam_la_SOURCES = \
  %D%/device_exam/device_exam.c \
  %D%/device_exam/items.c \
  %D%/device_exam/items.h
%C%_device_exam_device_exam_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
%C%_device_exam_device_exam_la_CFLAGS = $(PLUGIN_CFLAGS)
%C%_device_exam_device_exam_la_LDFLAGS = $(PLUGIN_LINK)
EXTRA_DIST += %D%/device_exam/README.md

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

# Faces: dlib's detector is C++ behind detector.h, compiled alone; the net's weights come by npm into the build. Without
# network the build goes on without them, and the plugin says so.
plugin_LTLIBRARIES += %D%/photo_face/photo_face.la
EXTRA_DIST += %D%/photo_face/weights.awk
EXTRA_DIST += %D%/photo_face/package.json
EXTRA_DIST += %D%/photo_face/package-lock.json
EXTRA_DIST += %D%/photo_face/.npmrc
%C%_photo_face_photo_face_la_SOURCES = \
  %D%/photo_face/detector.h \
  %D%/photo_face/landmarks.c \
  %D%/photo_face/landmarks.h \
  %D%/photo_face/photo_face.c
%C%_photo_face_photo_face_la_CPPFLAGS = $(PHOTO_CPPFLAGS) -I%D%/photo_face
%C%_photo_face_photo_face_la_CFLAGS = $(PLUGIN_CFLAGS) -O3 -ffp-contract=off
%C%_photo_face_photo_face_la_LDFLAGS = $(PLUGIN_LINK)
if HAVE_DLIB
noinst_LTLIBRARIES += %D%/photo_face/libdetector.la
%C%_photo_face_libdetector_la_SOURCES = %D%/photo_face/detector_dlib.cc
%C%_photo_face_libdetector_la_CXXFLAGS = $(GK_CXXFLAGS) -fvisibility=hidden -fvisibility-inlines-hidden
%C%_photo_face_photo_face_la_LIBADD = %D%/photo_face/libdetector.la $(DLIB_LIBS)
EXTRA_DIST += %D%/photo_face/detector_none.c
else
%C%_photo_face_photo_face_la_SOURCES += %D%/photo_face/detector_none.c
EXTRA_DIST += %D%/photo_face/detector_dlib.cc
endif
PHOTO_FACE_DIGEST = 4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b
PHOTO_FACE_MODEL = node_modules/@vladmandic/face-api/model/face_landmark_68_model

BUILT_SOURCES += %D%/photo_face/weights.h
CLEANFILES += %D%/photo_face/weights.h %D%/photo_face/tensors.h %D%/photo_face/landmarks.bin
%D%/photo_face/weights.h: $(srcdir)/%D%/photo_face/package-lock.json $(srcdir)/%D%/photo_face/weights.awk
	$(AM_V_GEN)$(MKDIR_P) %D%/photo_face && rm -f $@ && \
	  if test "$(srcdir)" != .; then \
	    for f in package.json package-lock.json .npmrc; do rm -f %D%/photo_face/$$f && cp $(srcdir)/%D%/photo_face/$$f %D%/photo_face/ || exit 1; done; fi && \
	  if test "$(NPM)" != no && (cd %D%/photo_face && $(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error) && \
	     echo "$(PHOTO_FACE_DIGEST)  %D%/photo_face/$(PHOTO_FACE_MODEL).bin" | sha256sum -c --status - && \
	     $(AWK) -f $(srcdir)/%D%/photo_face/weights.awk %D%/photo_face/$(PHOTO_FACE_MODEL)-weights_manifest.json \
	       >%D%/photo_face/tensors.h; then \
	    cp %D%/photo_face/$(PHOTO_FACE_MODEL).bin %D%/photo_face/landmarks.bin && \
	    echo '#define PHOTO_WEIGHTS "$(abs_builddir)/%D%/photo_face/landmarks.bin"' >$@; \
	  else \
	    echo "photo_face: the landmark net can't be fetched by npm: place and pose of faces will not be checked" >&2; \
	    echo '/* npm could not fetch them. Delete this file and build again. */' >$@; \
	  fi
	$(AM_V_at)rm -rf %D%/photo_face/node_modules
clean-local: clean-photo-face
clean-photo-face:
	test "$(srcdir)" = . || rm -f %D%/photo_face/package.json %D%/photo_face/package-lock.json %D%/photo_face/.npmrc
.PHONY: clean-photo-face

EXTRA_DIST += %D%/photo_colour.h
plugin_LTLIBRARIES += %D%/photo_place/photo_place.la
%C%_photo_place_photo_place_la_SOURCES = %D%/photo_place/photo_place.c
%C%_photo_place_photo_place_la_CPPFLAGS = $(PHOTO_CPPFLAGS)
%C%_photo_place_photo_place_la_CFLAGS = $(PLUGIN_CFLAGS) -ffp-contract=off
%C%_photo_place_photo_place_la_LDFLAGS = $(PLUGIN_LINK)

plugin_LTLIBRARIES += %D%/photo_quality/photo_quality.la
%C%_photo_quality_photo_quality_la_SOURCES = %D%/photo_quality/photo_quality.c
%C%_photo_quality_photo_quality_la_CPPFLAGS = $(PHOTO_CPPFLAGS)
%C%_photo_quality_photo_quality_la_CFLAGS = $(PLUGIN_CFLAGS) -ffp-contract=off
%C%_photo_quality_photo_quality_la_LDFLAGS = $(PLUGIN_LINK)
