/* gstemotion2vecplugin.c - the plugin: registers its elements and its meta.
 *
 * Makes no Vulkan call and reads no file, so that the plugin can be inspected on any machine.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gst/gst.h>

#include "gstemotion2vec.h"
#include "gstemotion2vecjsonlines.h"
#include "gstemotion2vecmeta.h"
#ifdef HAVE_SCOPE
#include "gstemotion2vecscope.h"
#endif
#include "gstemotion2vectext.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  gboolean done;

  gst_emotion2vec_meta_register ();
  done = GST_ELEMENT_REGISTER (emotion2vec, plugin)
      && GST_ELEMENT_REGISTER (emotion2vectext, plugin)
      && GST_ELEMENT_REGISTER (emotion2vecjson, plugin);
#ifdef HAVE_SCOPE
  done = done && GST_ELEMENT_REGISTER (emotion2vecscope, plugin);
#endif
  return done;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, emotion2vec,
    "Tells how people sound: emotion2vec speech emotion recognition",
    plugin_init, VERSION, "LGPL", PACKAGE, "Unknown package origin")
