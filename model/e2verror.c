/* e2verror.c - the error domain's quark.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "e2verror.h"

G_DEFINE_QUARK (e2v - error - quark, e2v_error)
