"""blas.py - machines without a BLAS, with one that is wrong, and with one that tells what it was told.

SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import shutil


def without(scratch):
    """The environment of a machine without: files that are no libraries stand in front of the real ones."""
    folder = os.path.join(scratch, 'no-blas')
    os.makedirs(folder, exist_ok=True)
    for name in ('libopenblas.so.0', 'libcblas.so.3', 'libblas.so.3'):
        with open(os.path.join(folder, name), 'wb'):
            pass
    return {'LD_LIBRARY_PATH': folder}


def wrong(scratch):
    """The environment of a machine whose BLAS multiplies wrongly: liarblas.c under the name that is tried first."""
    folder = os.path.join(scratch, 'wrong-blas')
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.environ['EMOTION2VEC_LIAR_BLAS'], os.path.join(folder, 'libopenblas.so.0'))
    return {'LD_LIBRARY_PATH': folder}


def counting(scratch):
    """The environment of a machine whose BLAS writes down what it is told of threads: countblas.c."""
    folder = os.path.join(scratch, 'counting-blas')
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.environ['EMOTION2VEC_COUNT_BLAS'], os.path.join(folder, 'libopenblas.so.0'))
    return {'LD_LIBRARY_PATH': folder}
