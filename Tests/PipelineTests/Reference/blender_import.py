"""Imports a .glb as Blender does and prints what arrived, as one line of JSON after "IMPORTED ".

blender -b --factory-startup -P blender_import.py -- IN.glb
"""
import json
import sys

import bpy
import numpy

# Debian 12's Blender 3.4 uses a name that Debian 12's numpy has dropped.
if not hasattr(numpy, "bool"):
    numpy.bool = bool

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.import_scene.gltf(filepath=sys.argv[sys.argv.index("--") + 1])
report = {"materials": [], "images": {}, "keys": [], "moves": {}, "vertices": 0}
for image in bpy.data.images:
    if image.size[0] > 0:
        report["images"][image.name] = list(image.size)
for item in bpy.data.objects:
    if item.type != "MESH":
        continue
    report["vertices"] += len(item.data.vertices)
    report["materials"] += [m.name for m in item.data.materials]
    keys = item.data.shape_keys
    if keys is None:
        continue
    names = [k.name for k in keys.key_blocks[1:]]
    report["keys"] = sorted(set(report["keys"]) | set(names))
    rest = keys.key_blocks[0]
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        if name not in names:
            continue
        farthest, where, by = 0.0, None, None
        for a, b in zip(rest.data, keys.key_blocks[name].data):
            d = b.co - a.co
            if d.length > farthest:
                farthest, where, by = d.length, a.co, d
        if where is not None and farthest > report["moves"].get(name, {"metres": 0})["metres"]:
            # Blender's axes: x to the person's left, y backward, z up.
            report["moves"][name] = {"metres": farthest, "from": list(where), "by": list(by)}
print("IMPORTED " + json.dumps(report))
