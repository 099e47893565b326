#!/usr/bin/env python3
"""Identity distance: is an avatar its person, to a recognizer that had no part in making it?

    identity.py --bin likenessd --sources DIR --avatars DIR[,DIR…]

For each AVATARS/NAME/avatar.glb and SOURCES/NAME.mp4 or .jpg: the mean distance between dlib's face descriptors of the avatar,
rendered at five yaws (±30°, ±15°, 0°), and the mean descriptor of the source (24 frames spread over a clip). 0.6 is dlib's own
threshold for "the same person". `found` is the share of renders whose nearest source is the right one. Several directories of
avatars are printed below each other, as `likenessd bench likeness` writes them. A judge, never a target: nothing in the product
is fitted, chosen or trained against it.

dlib's descriptor: King, dlib.net, a ResNet of 29 layers, CC0 weights. Set-up: Tests/likeness/set-up.
"""
import argparse
import os
import subprocess
import tempfile
from concurrent.futures import ProcessPoolExecutor

import cv2
import dlib
import face_recognition_models as weights
import numpy as np

YAWS = (-30, -15, 0, 15, 30)  # degrees
FRAMES = 24
RENDER_PIXELS = 512
SEARCH_PIXELS = 640  # longer side at which faces are looked for

detector = dlib.get_frontal_face_detector()
landmarks = dlib.shape_predictor(weights.pose_predictor_five_point_model_location())
network = dlib.face_recognition_model_v1(weights.face_recognition_model_location())


def descriptor(image):
    """128 numbers of the largest face of a BGR picture; None where there is none."""
    scale = min(1.0, SEARCH_PIXELS / max(image.shape[:2]))
    rgb = np.ascontiguousarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:, :, ::-1])
    faces = detector(rgb, 1)
    if not faces:
        return None
    largest = max(faces, key=lambda face: face.area())
    return np.array(network.compute_face_descriptor(rgb, landmarks(rgb, largest), 4))


def pictures(path):
    """Frames spread evenly over a clip, or the one picture."""
    if not path.endswith(".mp4"):
        return [cv2.imread(path)]
    video = cv2.VideoCapture(path)
    found = []
    for number in np.linspace(0, int(video.get(cv2.CAP_PROP_FRAME_COUNT)) - 1, FRAMES).astype(int):
        video.set(cv2.CAP_PROP_POS_FRAMES, int(number))
        read, image = video.read()
        if read:
            found.append(image)
    return found


def of_source(path):
    found = [d for d in map(descriptor, pictures(path)) if d is not None]
    return np.mean(found, 0) if found else None


def of_avatar(binary, avatar):
    found = []
    for yaw in YAWS:
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            command = [binary, "render", avatar, file.name, f"--yaw={yaw}", "--size", str(RENDER_PIXELS)]
            subprocess.run(command, check=True, capture_output=True)
            found.append(descriptor(cv2.imread(file.name)))
    return [d for d in found if d is not None]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="likenessd")
    parser.add_argument("--sources", required=True, help="directory of NAME.mp4 and NAME.jpg")
    parser.add_argument("--avatars", required=True, help="directories of NAME/avatar.glb, separated by commas")
    options = parser.parse_args()
    directories = options.avatars.split(",")
    names = sorted({n for d in directories for n in os.listdir(d) if os.path.exists(f"{d}/{n}/avatar.glb")})
    paths = {n: next(p for e in ("mp4", "jpg", "png") if os.path.exists(p := f"{options.sources}/{n}.{e}")) for n in names}
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        sources = dict(zip(names, pool.map(of_source, paths.values())))
        jobs = [(d, n) for d in directories for n in names if os.path.exists(f"{d}/{n}/avatar.glb")]
        renders = dict(zip(jobs, pool.map(of_avatar, *zip(*[(options.bin, f"{d}/{n}/avatar.glb") for d, n in jobs]))))
    print("".ljust(24), *[n.rjust(6) for n in names], "  mean  worst  found")
    for directory in directories:
        cells, found = [], []
        for name in names:
            own = renders.get((directory, name), [])
            distances = [[np.linalg.norm(d - sources[m]) for m in names] for d in own]
            cells.append(np.mean([row[names.index(name)] for row in distances]) if own else float("nan"))
            found += [names[int(np.argmin(row))] == name for row in distances]
        label = os.path.basename(directory.rstrip("/"))[:24].ljust(24)
        print(label, *[f"{c:6.3f}" for c in cells], f"{np.nanmean(cells):6.3f} {np.nanmax(cells):6.3f}  {np.mean(found):.2f}")


if __name__ == "__main__":
    main()
