/* e2verror.h - the one error domain of model/.
 *
 * Every fallible function takes a GError ** last, returns FALSE or NULL on failure and leaves its outputs untouched.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef E2V_ERROR_H
#define E2V_ERROR_H

#include <glib.h>

G_BEGIN_DECLS

#define E2V_ERROR (e2v_error_quark ())

typedef enum
{
  E2V_ERROR_NOT_FOUND,          /* a file, a device or a driver that was asked for is not there */
  E2V_ERROR_IO,                 /* reading or writing failed */
  E2V_ERROR_FORMAT,             /* the file is not what its container promises: damaged, truncated or hostile */
  E2V_ERROR_NOT_EMOTION2VEC,    /* a sound file of something else, or of a variant that is refused by name */
  E2V_ERROR_TENSOR,             /* a weight is missing, surplus, misshapen or has a wrong checksum */
  E2V_ERROR_ARGUMENT,           /* the caller asked for something that cannot be */
  E2V_ERROR_TOO_LARGE,          /* a limit of this program or of the device is exceeded */
  E2V_ERROR_NO_DRIVER,          /* no Vulkan loader, no driver, or no device that can compute */
  E2V_ERROR_OUT_OF_MEMORY,      /* of the device or of the host */
  E2V_ERROR_DEVICE_LOST,        /* the device stopped answering, or answered with nonsense */
  E2V_ERROR_DEVICE,             /* any other failure of a device call */
  E2V_ERROR_FORKED,             /* it was opened before fork(), in the parent: open a new one in this process */
} E2vError;

GQuark e2v_error_quark (void);

G_END_DECLS

#endif
