#!/usr/bin/env python3
"""Dumps the landmarks that MediaPipe's own face mesh pipeline finds in a clip, frame by frame.

Needs: pip install mediapipe==0.10.21, and the ffmpeg program.
Usage: mediapipe_landmarks.py CLIP OUTPUT

Every frame is decoded to planar 4:2:0 and turned into RGB here, by the definition that `YUVImage` has (chroma in the
middle of its block, bilinear, the stream's matrix, limited range), so that both pipelines see the same picture.
OUTPUT is text: a line `width height`, then for each frame with a face: its number and x y z of 468 points, all in pixels.
"""
import json
import subprocess
import sys

import mediapipe
import numpy


def probe(clip):
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json", "-show_entries",
         "stream=width,height,color_space,color_range", clip], check=True, capture_output=True)
    stream = json.loads(answer.stdout)["streams"][0]
    return stream["width"], stream["height"], stream.get("color_space"), stream.get("color_range") == "pc"


def upsample(plane):
    """Bilinear, factor two, samples in the middle of their 2 x 2 block, edges replicated."""
    def rows(p):
        padded = numpy.concatenate([p[:1], p, p[-1:]])
        out = numpy.empty((2 * p.shape[0], p.shape[1]), numpy.float32)
        out[0::2] = 0.25 * padded[:-2] + 0.75 * padded[1:-1]
        out[1::2] = 0.75 * padded[1:-1] + 0.25 * padded[2:]
        return out
    return rows(rows(plane).T).T


def to_rgb(y, cb, cr, space, full):
    # A stream that says nothing is taken as SD or HD by its size, as in the Swift reader.
    kr, kb = {"bt709": (0.2126, 0.0722), "bt2020nc": (0.2627, 0.0593)}.get(space, (0.299, 0.114))
    if space in (None, "unknown") and y.shape[0] >= 720:
        kr, kb = 0.2126, 0.0722
    kg = 1 - kr - kb
    luma = y.astype(numpy.float32) if full else (y.astype(numpy.float32) - 16) * (255 / 219)
    gain = 1 if full else 255 / 224
    b = (upsample(cb.astype(numpy.float32)) - 128) * gain
    r = (upsample(cr.astype(numpy.float32)) - 128) * gain
    rgb = numpy.stack([luma + 2 * (1 - kr) * r,
                       luma - 2 * kb * (1 - kb) / kg * b - 2 * kr * (1 - kr) / kg * r,
                       luma + 2 * (1 - kb) * b], axis=-1)
    return numpy.clip(rgb + 0.5, 0, 255).astype(numpy.uint8)


def main(clip, output):
    width, height, space, full = probe(clip)
    decoder = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-i", clip, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-"],
        stdout=subprocess.PIPE)
    mesh = mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=False, max_num_faces=1, refine_landmarks=False)
    half = (width // 2) * (height // 2)
    with open(output, "w") as out:
        print(width, height, file=out)
        number = 0
        while True:
            data = decoder.stdout.read(width * height + 2 * half)
            if len(data) < width * height + 2 * half:
                break
            planes = numpy.frombuffer(data, numpy.uint8)
            y = planes[:width * height].reshape(height, width)
            cb = planes[width * height:][:half].reshape(height // 2, width // 2)
            cr = planes[width * height + half:].reshape(height // 2, width // 2)
            found = mesh.process(to_rgb(y, cb, cr, space, full)).multi_face_landmarks
            if found:
                points = [f"{p.x * width:.4f} {p.y * height:.4f} {p.z * width:.4f}" for p in found[0].landmark[:468]]
                print(number, *points, file=out)
            number += 1
    if decoder.wait() != 0:
        sys.exit(f"ffmpeg failed on {clip}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
