#!/usr/bin/env python3
"""Compares landmark dumps: compare.py REFERENCE OURS (a line `width height` first, then `number x y …` a frame)."""
import sys

import numpy


def load(path):
    with open(path) as lines:
        rows = [line.split() for line in lines]
    width_and_height, rows = (rows[0], rows[1:]) if len(rows[0]) == 2 else (None, rows)
    stride = (len(rows[0]) - 1) // 468
    return {int(r[0]): numpy.array(r[1:], float).reshape(468, stride)[:, :2] for r in rows}


reference, ours = load(sys.argv[1]), load(sys.argv[2])
both = sorted(set(reference) & set(ours))
errors = numpy.array([numpy.linalg.norm(reference[n] - ours[n], axis=1) for n in both])
shift = numpy.array([(ours[n] - reference[n]).mean(axis=0) for n in both]).mean(axis=0)
print(f"frames: {len(reference)} reference, {len(ours)} ours, {len(both)} both; mean {errors.mean():.3f} px, "
      f"median frame {numpy.median(errors.mean(axis=1)):.3f}, worst frame {errors.mean(axis=1).max():.3f} "
      f"(number {both[int(errors.mean(axis=1).argmax())]}), worst point {errors.max():.2f}, mean shift {shift.round(3)}")
