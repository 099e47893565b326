#!/usr/bin/env python3
"""Writes vgg19.json beside itself: what PyTorch (CPU, float64; made with 2.13.0) has of VGG-19 to conv5_1 on weights and a
picture that VGG19Tests.swift draws by the same formula.

Value i of a sequence is SplitMix64's output i of its seed, in -1...1, times a scale, as a 32-bit number. Convolution k has
seed k and k + 100 for its bias. Pooling is by (1 3 3 1)/8 twice, borders repeated. The plane is made three planes of codes,
grey 0.5 around it, and normalised; only then is it convolved, so nothing of Swift's folding is done here.

A gradient jumps where a pre-activation passes zero, so of a hundred pictures the one is taken whose nearest is farthest
from it, in units of the map's deviation.
"""
import json
import pathlib

import numpy
import torch
from torch.nn.functional import conv2d, pad, relu

HEIGHT, WIDTH = 40, 36
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (1, 512)]


def sequence(count, seed, scale):
    with numpy.errstate(over="ignore"):
        z = numpy.uint64(seed << 40) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    unit = (z >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    return torch.from_numpy(((unit * 2 - 1) * scale).astype(numpy.float32).astype(numpy.float64))


def pool(x):
    x = pad(x, (1, 1 + x.shape[3] % 2, 1, 1 + x.shape[2] % 2), mode="replicate")
    line = torch.tensor([1, 3, 3, 1], dtype=torch.float64) / 8
    kernel = torch.outer(line, line)[None, None].expand(x.shape[1], 1, 4, 4)
    return conv2d(x, kernel, stride=2, groups=x.shape[1])


def layers():
    inputs, k = 3, 0
    for count, outputs in BLOCKS:
        for number in range(count):
            scale = (6 / (9 * inputs)) ** 0.5
            weight = sequence(outputs * inputs * 9, k, scale).reshape(outputs, inputs, 3, 3)
            yield number == 0, weight, sequence(outputs, k + 100, 0.1)
            inputs, k = outputs, k + 1


def taps(plane, network):
    codes = pad(0.5 + plane / 2, (1, 1, 1, 1), value=0.5).expand(1, 3, -1, -1)
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).reshape(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).reshape(1, 3, 1, 1)
    x, found, margin = (codes - mean) / deviation, [], 1.0
    for k, (first, weight, bias) in enumerate(network):
        if first and k:
            x = pool(x)
        x = conv2d(x, weight, bias, padding=0 if k == 0 else 1)
        margin = min(margin, (x.detach().abs().min() / x.detach().std()).item())
        x = relu(x)
        if first:
            found.append(x)
    return found, margin


def loss(found):
    """Mean squares of mean correlations of (f, 1), over the taps."""
    total = 0
    for f in found:
        f = torch.cat([f.reshape(f.shape[1], -1), torch.ones(1, f.shape[2] * f.shape[3], dtype=torch.float64)])
        total = total + ((f @ f.T / f.shape[1]) ** 2).mean()
    return total


def plane(seed):
    return sequence(HEIGHT * WIDTH, seed, 0.5).reshape(1, 1, HEIGHT, WIDTH)


def some(values, count):
    flat = values.detach().flatten()
    return [float(f"{v:.8g}") for v in flat[:: len(flat) // count | 1].tolist()]


def main():
    network = list(layers())
    with torch.no_grad():
        seed = max(range(1000, 1100), key=lambda s: taps(plane(s), network)[1])
    picture = plane(seed).requires_grad_()
    found, margin = taps(picture, network)
    value = loss(found)
    (gradient,) = torch.autograd.grad(value, picture)
    print(f"picture {seed}, nearest to zero {margin:.3g}")
    result = {
        "origin": f"PyTorch {torch.__version__}, float64", "height": HEIGHT, "width": WIDTH, "picture": seed,
        "loss": value.item(), "gradient": some(gradient, 120),
        "taps": [{"sum": f.sum().item(), "values": some(f, 60)} for f in found],
    }
    path = pathlib.Path(__file__).with_name("vgg19.json")
    path.write_text(json.dumps(result).replace('"taps"', '\n"taps"').replace('{"sum"', '\n{"sum"') + "\n")


main()
