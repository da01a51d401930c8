/* e2vconvspec.h - reads a list of convolutions as configurations write it: "[(512, 10, 5)] + [(512, 3, 2)] * 4".
 *
 * The official code evaluates such a string as Python. Here it is parsed: lists of triples (channels, kernel, stride) in
 * round or square brackets, joined by + and repeated by *; nothing else. MT: any thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_CONV_SPEC_H
#define E2V_CONV_SPEC_H

#include "e2vhparams.h"

G_BEGIN_DECLS

/* @layers: (out): at most E2V_MAX_CONV_LAYERS. FALSE if @text is something else. */
gboolean e2v_conv_spec_parse (const char *text, E2vConvLayer * layers, guint * n_layers);

G_END_DECLS

#endif
