#!/usr/bin/env python3
"""Prints what LiteRT's own Python interpreter (pip install ai-edge-litert==2.3.0) gives for the networks on a fixed
pattern: network_outputs.py MODEL_DIRECTORY. The numbers are recorded in NetworkTests.swift.

The input is i -> ((i * 7919) mod 1009) / 1008, for the detector stretched to -1...1; printed are, of each output, its
length, its sum of magnitudes and its values at 0, n/3 and n-1.
"""
import sys

import numpy
from ai_edge_litert.interpreter import Interpreter

for name in ["face_detection_short_range", "face_landmark", "iris_landmark", "selfie_segmentation"]:
    interpreter = Interpreter(model_path=f"{sys.argv[1]}/{name}.tflite", num_threads=1)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    count = int(numpy.prod(entry["shape"]))
    pattern = ((numpy.arange(count, dtype=numpy.int64) * 7919) % 1009).astype(numpy.float32) / numpy.float32(1008)
    if name.startswith("face_detection"):
        pattern = pattern * 2 - 1
    interpreter.set_tensor(entry["index"], pattern.reshape(entry["shape"]))
    interpreter.invoke()
    for output in interpreter.get_output_details():
        values = interpreter.get_tensor(output["index"]).ravel()
        n = len(values)
        print(f'("{name}", {n}, {numpy.abs(values.astype(float)).sum():.6g}, '
              f'[{values[0]:.7g}, {values[n // 3]:.7g}, {values[n - 1]:.7g}]),')
