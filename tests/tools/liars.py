"""liars.py - environments in which the Vulkan driver lies, or is there twice (tests/layer).

SPDX-License-Identifier: LGPL-2.1-or-later"""
import glob
import os
import shutil
import tempfile
import unittest

LAYER = os.environ.get('EMOTION2VEC_LIAR')


def lavapipe():
    """The file that tells the loader of Mesa's software device, or None where there is none or a setup hides it."""
    hidden = '/dev/null' in (os.environ.get('VK_DRIVER_FILES'), os.environ.get('VK_ICD_FILENAMES'))
    files = glob.glob('/usr/share/vulkan/icd.d/lvp_icd*.json')
    return files[0] if files and LAYER and not hidden else None


def environment(folder, n_devices=1, **lies):
    """Lavapipe `n_devices` times, with the lies of liarlayer.c and an empty cache for verdicts. Skips the test where that
    cannot be."""
    driver = lavapipe()
    if not driver:
        raise unittest.SkipTest('no lavapipe')
    place = tempfile.mkdtemp(dir=folder)
    drivers = [shutil.copy(driver, os.path.join(place, f'driver-{i}.json')) for i in range(n_devices)]
    return {'VK_DRIVER_FILES': ':'.join(drivers), 'VK_ICD_FILENAMES': ':'.join(drivers), 'VK_LAYER_PATH': LAYER,
            'VK_INSTANCE_LAYERS': 'VK_LAYER_E2V_liar', 'XDG_CACHE_HOME': os.path.join(place, 'cache'), **lies}
